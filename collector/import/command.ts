/** What `inferwatch import` does: composes the import with prices, redaction and a progress bar. */
import type { PriceRecord } from '../../records/price.ts'
import type { Db } from '../../storage/client.ts'
import { storePrices } from '../../storage/queries/prices.ts'
import type { ContentMode, PricesConfig } from '../config.ts'
import { loadCatalogues } from '../price-list.ts'
import { createPricer } from '../pricing.ts'
import { createRedactor } from '../redact.ts'
import { ImportError } from './error.ts'
import { parsePairs } from './mapping.ts'
import { runImport, type ImportOptions } from './index.ts'
import { barProgress } from './progress.ts'
import { fileFormats } from './source.ts'
import { summaryLines } from './summary.ts'

export interface ImportFlags {
  /** `field=column` pairs, comma-separated, each time that the option was given. */
  map?: string[]
  /** `field=value` pairs, likewise. */
  set?: string[]
  format?: string
  shiftTo?: string
  rejects?: string
  timezone?: string
}

/** Imports a file and returns the summary to print. Throws ImportError with one line that says what to do. */
export async function importCommand(
  file: string,
  flags: ImportFlags,
  config: { prices: PricesConfig; content: ContentMode; data_dir: string },
  db: Db,
): Promise<string> {
  const used = new Map<string, PriceRecord>()
  const pricer = createPricer(config.prices, {
    catalogues: loadCatalogues(config.data_dir, (message) => {
      throw new ImportError(message)
    }),
    onPrice: (record) => used.set(`${record.id}\n${record.version}`, record),
  })
  const context = { db, pricer, redactor: createRedactor(config.content) }
  try {
    const summary = await runImport(importOptions(file, flags), { ...context, progress: barProgress() })
    return summaryLines(summary).join('\n')
  } finally {
    // Rows that were imported before an error stay, and their prices with them.
    await storePrices(db, [...used.values()])
  }
}

function importOptions(
  file: string,
  { shiftTo, format: name, map, set, rejects, timezone }: ImportFlags,
): ImportOptions {
  if (shiftTo !== undefined && shiftTo !== 'now') throw new ImportError(`--shift-to: "${shiftTo}" is not "now"`)
  const format = fileFormats.find((known) => known === name)
  if (name !== undefined && !format) throw new ImportError(`--format: "${name}" is none of ${fileFormats.join(', ')}`)
  return {
    file,
    ...(format && { format }),
    ...(map && { map: parsePairs(map, '--map') }),
    ...(set && { set: parsePairs(set, '--set') }),
    ...(rejects !== undefined && { rejects }),
    ...(timezone !== undefined && { timezone }),
    ...(shiftTo === 'now' && { shift_to: 'now' as const }),
  }
}
