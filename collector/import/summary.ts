import { counted } from '../../records/counted.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { ProviderUsage } from '../../records/provider-usage.ts'
import type { EpochMicros } from '../../records/span.ts'

export interface ImportSummary {
  file: string
  /** Whose export it was; null for columns of our own and mapped ones. */
  format: string | null
  table: 'requests' | 'provider_usage'
  rows_read: number
  imported: number
  /** Imported before, or repeated with the same ids. */
  existing: number
  /** Rows that are no calls of a model, by reason. */
  skipped: number
  skips: Map<string, number>
  rejected: number
  /** Reason → rows. */
  reasons: Map<string, number>
  rejects_file: string | null
  /** Of the accepted rows, as stored; null when there are none. */
  from: EpochMicros | null
  to: EpochMicros | null
  /** How far `--shift-to now` moved the rows. */
  shift_us: EpochMicros
  /** Of the accepted rows that have a price. */
  cost_usd: number
  unpriced: number
  input_tokens: number
  output_tokens: number
  elapsed_ms: number
}

/** For people: one fact a line. */
export function summaryLines(summary: ImportSummary): string[] {
  const { rows_read: read, imported, existing, skipped, rejected, from, to, elapsed_ms: elapsed } = summary
  const isUsage = summary.table === 'provider_usage'
  const whose = summary.format === null ? '' : `, as ${summary.format}`
  const rate = elapsed > 0 ? Math.round((read / elapsed) * 1000) : read
  const lines = [
    `${summary.file}: ${counted(read, 'row')} read in ${(elapsed / 1000).toFixed(1)} s (${counted(rate, 'row')}/s)${whose}`,
    ...(isUsage ? ['  sums that the provider made, not requests: table provider_usage'] : []),
    `  imported       ${imported.toLocaleString('en-US')}`,
    `  already there  ${existing.toLocaleString('en-US')}`,
    ...(skipped > 0 ? [`  skipped        ${skipped.toLocaleString('en-US')}`, ...byCount(summary.skips)] : []),
    `  rejected       ${rejected.toLocaleString('en-US')}`,
    ...byCount(summary.reasons),
  ]
  if (summary.rejects_file !== null) lines.push(`  rejected rows, with reasons: ${summary.rejects_file}`)
  if (from !== null && to !== null) lines.push(`  from ${iso(from)} to ${iso(to)}`)
  if (summary.shift_us !== 0) lines.push(`  moved in time by ${(summary.shift_us / 86_400_000_000).toFixed(3)} days`)
  const unpriced = summary.unpriced > 0 ? `; ${counted(summary.unpriced, 'row')} without a known price` : ''
  lines.push(
    `  tokens         ${summary.input_tokens.toLocaleString('en-US')} in, ${summary.output_tokens.toLocaleString('en-US')} out`,
    `  ${isUsage ? 'charged' : 'cost   '}        ${summary.cost_usd.toFixed(2)} USD${unpriced}`,
  )
  return lines
}

/** Whether a file with rows brought none of them into the database, neither now nor before. */
export function isFailure({ rows_read, imported, existing }: ImportSummary): boolean {
  return rows_read > 0 && imported + existing === 0
}

const byCount = (reasons: ReadonlyMap<string, number>) =>
  [...reasons].sort(([, a], [, b]) => b - a).map(([reason, rows]) => `    ${reason}: ${rows.toLocaleString('en-US')}`)

const iso = (micros: EpochMicros) => new Date(micros / 1000).toISOString()

/** Sums over the accepted rows. */
export class Totals {
  read = 0
  private from = Number.POSITIVE_INFINITY
  private to = Number.NEGATIVE_INFINITY
  private cost = 0
  private unpriced = 0
  private input = 0
  private output = 0

  add({ timestamp, cost_usd, input_tokens, output_tokens }: LlmRequest): void {
    this.from = Math.min(this.from, timestamp)
    this.to = Math.max(this.to, timestamp)
    if (cost_usd === null) this.unpriced++
    else this.cost += cost_usd
    this.input += input_tokens ?? 0
    this.output += output_tokens ?? 0
  }

  addUsage({ bucket_start, bucket_end, input_tokens, output_tokens, amount_usd }: ProviderUsage): void {
    this.from = Math.min(this.from, bucket_start)
    this.to = Math.max(this.to, bucket_end)
    this.cost += amount_usd ?? 0
    this.input += input_tokens ?? 0
    this.output += output_tokens ?? 0
  }

  result() {
    const some = Number.isFinite(this.from)
    return {
      read: this.read,
      from: some ? this.from : null,
      to: some ? this.to : null,
      cost_usd: this.cost,
      unpriced: this.unpriced,
      input_tokens: this.input,
      output_tokens: this.output,
    }
  }
}
