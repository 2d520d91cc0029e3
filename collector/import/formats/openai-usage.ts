/**
 * OpenAI's usage and costs: pages of /v1/organization/usage/… and /v1/organization/costs, and the same as a table, which the
 * dashboard exports. Sums of many calls: they are reconciled with requests, and never become any.
 */
import { modelName } from '../../../records/model-name.ts'
import { emptyUsage, usageDimensions, type ProviderUsage } from '../../../records/provider-usage.ts'
import { BadRow, checkedTime, shown, type Clock } from '../bad-row.ts'
import { amountOf, BadValue, countOf } from '../columns.ts'
import type { UsageFormat } from './format.ts'
import { at, textOf, type NamedRow } from './named-row.ts'

const startNames = ['start_time', 'start_time_iso']

/** Gives a value of one result by the name that the API has for it. */
type Result = (name: string) => unknown

export const openaiUsage: UsageFormat = {
  name: 'openai-usage',
  kind: 'usage',
  matches: (columns) =>
    columns.has('data')
      ? columns.has('has_more')
      : columns.has('start_time') &&
        columns.has('end_time') &&
        ['results', 'num_model_requests', 'amount_value'].some((name) => columns.has(name)),

  toUsage(row, clock) {
    // A page for each line: what several answers of the API make when they are put in one file.
    const buckets = row.value('data')
    const usage = Array.isArray(buckets)
      ? buckets.flatMap((bucket: unknown) => ofBucket((name) => at(bucket, name), clock))
      : ofBucket((name) => (name === 'results' ? row.value(name) : row.text(name)), clock, row)
    return usage.length > 0 ? usage : { skipped: 'empty_bucket' }
  },
}

function ofBucket(bucket: Result, clock: Clock, table?: NamedRow): ProviderUsage[] {
  const time = (names: readonly string[]) => {
    const name = names.find((known) => textOf(bucket(known)) !== '') ?? names[0] ?? ''
    return checkedTime(textOf(bucket(name)), name, clock)
  }
  const start = time(startNames)
  // The bucket of today ends in the future.
  const end = checkedTime(textOf(bucket('end_time')) || textOf(bucket('end_time_iso')), 'end_time', {
    ...clock,
    latest: Number.POSITIVE_INFINITY,
  })
  if (end <= start)
    throw new BadRow(
      'end_time_not_after_start',
      `end_time ${shown(textOf(bucket('end_time')))} is not after start_time`,
    )
  const results = bucket('results')
  if (Array.isArray(results)) return results.map((result: unknown) => usageOf((name) => at(result, name), start, end))
  if (!table) return []
  const filled = ['num_model_requests', 'input_tokens', 'output_tokens', 'amount_value'].some(
    (name) => table.text(name) !== '',
  )
  return filled ? [usageOf((name) => table.text(...columnsOf(name)), start, end)] : []
}

/** Tables have one column for what is an object in JSON. */
function columnsOf(name: string): string[] {
  return [name, name.replace('.', '_')]
}

function usageOf(result: Result, start: number, end: number): ProviderUsage {
  const usage = { ...emptyUsage(), bucket_start: start, bucket_end: end, provider: 'openai' }
  const amount = textOf(result('amount.value'))
  usage.kind = kindOf(textOf(result('object')), amount !== '')
  for (const field of ['project_id', 'user_id', 'api_key_id', 'batch', 'service_tier', 'line_item'] as const)
    usage[field] = textOf(result(field))
  const { model, version } = modelName(textOf(result('model')) || modelOfItem(usage.line_item))
  usage.model = model
  usage.model_version = version
  usage.input_tokens = checked(result, 'input_tokens', tokens)
  usage.input_cached_tokens = checked(result, 'input_cached_tokens', tokens)
  usage.output_tokens = checked(result, 'output_tokens', tokens)
  usage.input_audio_tokens = checked(result, 'input_audio_tokens', tokens)
  usage.output_audio_tokens = checked(result, 'output_audio_tokens', tokens)
  usage.num_model_requests = checked(result, 'num_model_requests', tokens)
  usage.amount_usd = checked(result, 'amount.value', dollars)
  const currency = textOf(result('amount.currency')).toLowerCase()
  if (amount !== '' && currency !== '' && currency !== 'usd')
    throw new BadRow('currency_not_usd', `amount.currency ${shown(currency)} is not usd`)
  return usage
}

const tokens = countOf(Number.MAX_SAFE_INTEGER)
const dollars = amountOf(900_000_000)

function checked(result: Result, name: string, parse: (text: string) => number): number | null {
  const text = textOf(result(name))
  if (text === '') return null
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof BadValue)) throw error
    throw new BadRow(`${name}_${error.reason}`, `${name} ${shown(text)} ${error.message}`)
  }
}

/** organization.usage.embeddings.result → embeddings. Tables don't say: costs have an amount. */
function kindOf(object: string, hasAmount: boolean): string {
  const named = /^organization\.(?:usage\.)?(\w+)\.result$/.exec(object)?.[1]
  return named ?? (hasAmount ? 'costs' : 'completions')
}

/** Bills name a model and what of it was used: `gpt-4o-2024-08-06, input`. */
function modelOfItem(item: string): string {
  return /^(\S+), .*(?:input|output)/i.exec(item)?.[1] ?? ''
}

/** The fields that at least one of these rows is split by, as `grouped_by` has them. */
export function groupingOf(rows: Iterable<ProviderUsage>): Set<string> {
  const found = new Set<string>()
  for (const row of rows) for (const field of usageDimensions) if (row[field] !== '') found.add(field)
  return found
}
