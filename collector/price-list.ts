/** The price list that `prices import` brought: one file in the data directory, replaced as a whole. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../records/error-code.ts'
import { litellmCatalogue, parseLitellm, type ListedModel, type LitellmSummary } from './litellm-prices.ts'
import { createCatalogue, type Catalogue } from './price-catalogue.ts'
import { replaceFile } from './replace-file.ts'

/** A price list that cannot be used; the message is one line that says what to do. The list in use stays. */
export class PriceListError extends Error {
  override name = 'PriceListError'
}

/** The list has some 2 MB: what is much larger is another file. */
const maxBytes = 64 * 2 ** 20

interface StoredList {
  /** `litellm@` and the first digits of the hash. */
  version: string
  sha256: string
  imported_at: string
  models: ListedModel[]
}

const fileOf = (dataDir: string) => join(dataDir, 'prices', 'litellm.json')

export interface ImportedList extends LitellmSummary {
  version: string
  /** How many have a price. */
  models: number
  path: string
}

/** Reads LiteLLM's `model_prices_and_context_window.json` and keeps what it says about tokens. Throws PriceListError. */
export function importPriceList(file: string, dataDir: string, now = new Date()): ImportedList {
  const bytes = readList(file)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { models, ...summary } = parseText(bytes.toString('utf8'), file)
  const list: StoredList = {
    version: `litellm@${sha256.slice(0, 8)}`,
    sha256,
    imported_at: now.toISOString(),
    models,
  }
  const path = fileOf(dataDir)
  replaceFile(path, JSON.stringify(list))
  return { ...summary, version: list.version, models: models.length, path }
}

/** The lists that prices are looked for in; `onProblem` hears when the imported one cannot be read: it is then left out. */
export function loadCatalogues(dataDir: string, onProblem: (message: string) => void): Catalogue[] {
  const bundled = createCatalogue()
  const path = fileOf(dataDir)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') onProblem(problemOf(path, error))
    return [bundled]
  }
  try {
    const { version, models } = JSON.parse(text) as StoredList
    return [bundled, litellmCatalogue(version, models)]
  } catch (error) {
    onProblem(problemOf(path, error))
    return [bundled]
  }
}

const problemOf = (path: string, error: unknown) =>
  `${path} cannot be read (${error instanceof Error ? error.message : String(error)}): run prices import again`

function readList(file: string): Buffer {
  try {
    const { size } = statSync(file)
    if (size > maxBytes)
      throw new PriceListError(
        `${file} has ${size} bytes, and at most ${maxBytes} are read: is it LiteLLM's price list?`,
      )
    return readFileSync(file)
  } catch (error) {
    if (error instanceof PriceListError) throw error
    throw new PriceListError(`${file} cannot be read (${errorCode(error)})`, { cause: error })
  }
}

function parseText(text: string, file: string) {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new PriceListError(`${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new PriceListError(`${file}: expected an object of models, as in LiteLLM's price list`)
  const parsed = parseLitellm(value as Record<string, unknown>)
  if (parsed.models.length > 0) return parsed
  throw new PriceListError(
    `${file}: no model with input_cost_per_token or output_cost_per_token in it; expected LiteLLM's price list`,
  )
}
