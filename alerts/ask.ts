/** Puts a rule's question to storage and reads the answer as samples. */
import type { Db } from '../storage/client.ts'
import type { Question } from '../storage/queries/alert-scan.ts'
import { EvaluationError, type Sample } from './instance.ts'
import type { Rule } from './rule.ts'

/** More than this is a mistake in the rule, and would be a storm of notifications. */
const mostInstances = 1_000
const longestQueryS = 30

/** The question as of `at`, in epoch milliseconds. Rules never ask the clock. */
export function questionAt(rule: Rule, at: number, queryOffsetMs: number): Question {
  const to = at - queryOffsetMs
  return rule.question({ from: to - rule.window_ms, to })
}

/** Throws what the database says, or EvaluationError when the answer can't be read. */
export async function ask(
  reader: Db,
  rule: Rule,
  question: Question,
  signal: AbortSignal,
  most = mostInstances,
): Promise<Sample[]> {
  const options = { signal, max_execution_s: longestQueryS }
  const rows = await reader.query<Record<string, unknown>>(question.sql, question.params, options)
  const samples = rows.flatMap((row) => toSample(row, rule))
  if (samples.length > most)
    throw new EvaluationError(`more than ${most} instances; group by fewer labels or raise min_requests`)
  return samples
}

/** A row without a value is no result. `requests` is what the built-in kinds say beside the value, no label. */
function toSample(row: Record<string, unknown>, rule: Rule): Sample[] {
  if (!('value' in row)) throw new EvaluationError('the query has no column `value`')
  const { value: raw, ...columns } = row
  if (rule.kind !== 'sql') delete columns['requests']
  if (raw === null) return []
  const value = Number(raw)
  if (typeof raw === 'object' || Number.isNaN(value))
    throw new EvaluationError(`\`value\` is not a number: ${JSON.stringify(raw)}`)
  // Other kinds compare in SQL.
  if (rule.kind === 'sql' && !isBeyond(value, rule)) return []
  return [{ value, labels: Object.fromEntries(Object.entries(columns).flatMap(toLabel)) }]
}

function isBeyond(value: number, { threshold }: Rule): boolean {
  if (threshold === null) return true
  return threshold.side === 'above' ? value > threshold.value : value < threshold.value
}

function toLabel([name, value]: [string, unknown]): [string, string][] {
  if (value === null) return []
  if (typeof value === 'string') return [[name, value]]
  if (typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]]
  throw new EvaluationError(`column \`${name}\` is no label: expected a text or a number`)
}
