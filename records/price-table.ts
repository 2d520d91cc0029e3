/** Prices as people see and set them: those in force with where they come from, and what a run over stored requests does. */
import type { Price } from './price.ts'

/** The file fixes it; somebody set it on the page; `prices import` brought it; it came with Inferwatch. */
export type PriceOrigin = 'file' | 'page' | 'imported' | 'shipped'

export interface PriceEntry {
  /** As in `requests.price_id`. */
  id: string
  /** As in `requests.price_version`, without the multiplier of a service tier. */
  version: string
  origin: PriceOrigin
  /** Empty: of any. Several and patterns as the file has them. */
  provider: string
  model: string
  /** What else it asks of a request: `environment: production`; empty for nothing. */
  only: string
  /** Epoch ms; null: from ever, for ever. That end is no longer in it. */
  valid_from: number | null
  valid_to: number | null
  price: Price
  /** `prices.overrides[0]`, where the file has it; null elsewhere. */
  key: string | null
  /** Of one that was set on the page; null elsewhere. */
  set: { id: string; by: string; at: number } | null
}

/** What a model costs now, at the standard service tier. */
export interface PriceStatus {
  /** Null: nothing says what it costs. */
  price: Pick<PriceEntry, 'id' | 'version' | 'origin' | 'key'> | null
  reason: 'unknown_model' | 'unknown_tier' | null
}

/** Dollars per 1M tokens, and per request. What is left out costs what input and output do. */
export interface PriceInput {
  /** Empty: whoever serves the model. */
  provider: string
  model: string
  /** Epoch ms; null: from ever. */
  valid_from: number | null
  input_usd: number
  output_usd: number
  cached_input_usd?: number | undefined
  cache_write_usd?: number | undefined
  reasoning_usd?: number | undefined
  request_usd?: number | undefined
  /** Who says so. */
  by: string
}

export interface RepriceInput {
  /** Half-open, epoch ms. */
  from: number
  to: number
  model?: string | undefined
  provider?: string | undefined
  /** Only counts what would change. */
  dry_run: boolean
  by: string
}

/** The run that is under way, or the last one of this process. */
export interface RepriceState {
  asked: RepriceInput
  state: 'running' | 'done' | 'failed'
  started_at: number
  finished_at: number | null
  /** Requests to look at; null until they are counted. */
  total: number | null
  seen: number
  /** Null until it is done. Dollars as decimal texts. */
  summary: {
    rows: number
    changed: number
    cost_before: string
    cost_after: string
    unpriced_before: number
    unpriced_after: number
  } | null
  error: string
}

export interface PriceControl {
  /** Every price that may hold at that moment, epoch ms, those that are looked at first, first. */
  table(at: number): Promise<PriceEntry[]>
  /** Of models at that moment. */
  statusesAt(at: number): (model: { provider: string; model: string }) => PriceStatus
  /** For requests that come from now on. Throws Refused. */
  set(input: PriceInput): PriceEntry
  /** Takes one back that was set here. Throws Refused. */
  remove(id: string, by: string): void
  /** Resolves once what was set and removed is marked on time lines, or cannot be. */
  marked(): Promise<void>
  /** One run at a time. Throws Refused. */
  reprice(input: RepriceInput): RepriceState
  repricing(): RepriceState | null
}
