/** What a file of another product holds, and how its rows become ours: a format is one file here and one line in index.ts. */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { ProviderUsage } from '../../../records/provider-usage.ts'
import type { Clock } from '../bad-row.ts'
import type { NamedRow } from './named-row.ts'

/** A row that is no call of a model, such as a span around one; `skipped` is a stable word to count by. */
export interface Skipped {
  skipped: string
}

interface Format {
  /** As given with --format. */
  name: string
  /** Whether these columns are unmistakably this format's. */
  matches(columns: ReadonlySet<string>): boolean
}

/** One row is one call. */
export interface RequestFormat extends Format {
  kind: 'requests'
  /** Columns that hold a row's time, the first that is filled; empty where it stands deeper, or nowhere. */
  time: readonly string[]
  /** Rows say no time: what --set timestamp has to be, in words. */
  timeless?: string
  /**
   * Fields that are unknown stay empty; ids are the source's own, so that a call that comes again is the same one. The caller
   * normalises names. Pure. Throws BadRow.
   */
  toRequest(row: NamedRow, clock: Clock): LlmRequest | Skipped
}

/** One row is the sum of many calls. */
export interface UsageFormat extends Format {
  kind: 'usage'
  /** Pure. Throws BadRow. */
  toUsage(row: NamedRow, clock: Clock): ProviderUsage[] | Skipped
}

export type ExportFormat = RequestFormat | UsageFormat
