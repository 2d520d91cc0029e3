/** What `inferwatch import` does: composes the import with prices, redaction and a progress bar. */
import type { PriceRecord } from '../../records/price.ts'
import type { Db } from '../../storage/client.ts'
import { storePrices } from '../../storage/queries/prices.ts'
import type { ContentConfig, EndpointConfig, PricesConfig } from '../config.ts'
import { joined, readPagePrices } from '../page-prices.ts'
import { loadCatalogues } from '../price-list.ts'
import { createPricer } from '../pricing.ts'
import { createRedactor } from '../redact.ts'
import { ImportError } from './error.ts'
import { exportFormats } from './formats/index.ts'
import { parsePairs } from './mapping.ts'
import { runImport, type ImportOptions } from './index.ts'
import { barProgress } from '../../storage/progress.ts'
import { fileFormats } from './source.ts'
import { isFailure, summaryLines } from './summary.ts'

export interface ImportConfig {
  prices: PricesConfig
  content: ContentConfig
  endpoints: EndpointConfig[]
  data_dir: string
}

export interface ImportFlags {
  /** `field=column` pairs, comma-separated, each time that the option was given. */
  map?: string[]
  /** `field=value` pairs, likewise. */
  set?: string[]
  /** Of a file format and whose export it is one or both, comma-separated. */
  format?: string
  shiftTo?: string
  rejects?: string
  timezone?: string
}

/** Imports a file and returns the summary to print, and whether nothing of the file could be used. Throws ImportError with one line that says what to do. */
export async function importCommand(
  file: string,
  flags: ImportFlags,
  config: ImportConfig,
  db: Db,
): Promise<{ text: string; failed: boolean }> {
  const used = new Map<string, PriceRecord>()
  const pricer = createPricer(joined(config.prices, readPagePrices(config.data_dir)), {
    catalogues: loadCatalogues(config.data_dir, (message) => {
      throw new ImportError(message)
    }),
    onPrice: (record) => used.set(`${record.id}\n${record.version}`, record),
  })
  const context = { db, pricer, redactor: createRedactor(config.content, config.endpoints) }
  try {
    const summary = await runImport(importOptions(file, flags), { ...context, progress: barProgress() })
    return { text: summaryLines(summary).join('\n'), failed: isFailure(summary) }
  } finally {
    // Rows that were imported before an error stay, and their prices with them.
    await storePrices(db, [...used.values()])
  }
}

function importOptions(
  file: string,
  { shiftTo, format = '', map, set, rejects, timezone }: ImportFlags,
): ImportOptions {
  if (shiftTo !== undefined && shiftTo !== 'now') throw new ImportError(`--shift-to: "${shiftTo}" is not "now"`)
  return {
    file,
    ...formatOptions(format),
    ...(map && { map: parsePairs(map, '--map') }),
    ...(set && { set: parsePairs(set, '--set') }),
    ...(rejects !== undefined && { rejects }),
    ...(timezone !== undefined && { timezone }),
    ...(shiftTo === 'now' && { shift_to: 'now' as const }),
  }
}

function formatOptions(text: string): Pick<ImportOptions, 'format' | 'export'> {
  const options: Pick<ImportOptions, 'format' | 'export'> = {}
  for (const name of text.split(',').map((word) => word.trim())) {
    const file = fileFormats.find((known) => known === name)
    const whose = exportFormats.find((known) => known.name === name)
    if (file) options.format = file
    else if (whose) options.export = whose
    else if (name !== '') throw new ImportError(`--format: "${name}" is none of ${formatNames.join(', ')}`)
  }
  return options
}

const formatNames = [...fileFormats, ...exportFormats.map(({ name }) => name)]
