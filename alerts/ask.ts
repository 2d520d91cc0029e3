/** Puts rules' questions to storage and reads the answers as samples. */
import { infinite } from '../records/infinite.ts'
import type { Db } from '../storage/client.ts'
import type { Question } from '../storage/queries/alert-scan.ts'
import { sharedScans, type ScanRow, type SharedScan } from '../storage/queries/alert-shared-scan.ts'
import { StorageError } from '../storage/storage-error.ts'
import { EvaluationError, type Sample } from './instance.ts'
import { formatLabels, type Labels } from './labels.ts'
import type { Rule, Threshold } from './rule.ts'

const longestQueryS = 30
/** ClickHouse gives up before; an engine that hangs does not. */
const longestWaitS = 35

export interface Asked {
  rule: Rule
  question: Question
}

/**
 * `doubt`: results that hold for no rule, since they are no numbers; empty without. `shared_with`: how many other rules the same scan
 * answered; `duration_ms` is the time of all of it.
 */
export type Answer = ({ samples: Sample[]; doubt?: string } | { error: unknown }) & {
  duration_ms: number
  shared_with: number
}

/** The question as of `at`, in epoch milliseconds. Rules never ask the clock. */
export function questionAt(rule: Rule, at: number, queryOffsetMs: number): Question {
  return rule.question(rangeAt(rule, at, queryOffsetMs))
}

export function rangeAt(rule: Rule, at: number, queryOffsetMs: number): { from: number; to: number } {
  const to = at - queryOffsetMs
  return { from: to - rule.window_ms, to }
}

/** One rule by itself. Throws what the database says, or EvaluationError when the answer can't be read. */
export async function ask(
  reader: Db,
  rule: Rule,
  question: Question,
  signal: AbortSignal,
  most = rule.limit,
): Promise<Sample[]> {
  return toSamples(await rowsOf(reader, question, signal, settingsOf(rule)), rule, most)
}

/** Whether there is anything to measure. Throws what the database says. */
export async function hasData(reader: Db, presence: Question, signal: AbortSignal): Promise<boolean> {
  return (await rowsOf(reader, presence, signal)).length > 0
}

/**
 * One answer for each, in their order. Rules that a shared scan can answer share one; when that fails they are asked one by one, so
 * that a rule that can't be answered fails alone. Never rejects.
 */
export async function askAll(reader: Db, asked: readonly Asked[], signal: AbortSignal): Promise<Answer[]> {
  const answers = new Map<number, Answer>()
  for (const scan of sharedScans(asked.map(({ question }) => question.part)))
    for (const [index, answer] of await askShared(reader, scan, asked, signal)) answers.set(index, answer)
  const inOrder: Answer[] = []
  for (const [index, one] of asked.entries()) inOrder.push(answers.get(index) ?? (await askAlone(reader, one, signal)))
  return inOrder
}

async function askShared(
  reader: Db,
  scan: SharedScan,
  asked: readonly Asked[],
  signal: AbortSignal,
): Promise<Map<number, Answer>> {
  const started = performance.now()
  const shared = { shared_with: scan.members.length - 1 }
  try {
    const rows = scan.distribute(await rowsOf(reader, scan.question, signal))
    const duration_ms = performance.now() - started
    return new Map(
      scan.members.flatMap((index, member) => {
        const one = asked[index]
        const own = rows?.[member]
        return one && own ? [[index, { ...settle(() => toSamples(own, one.rule)), duration_ms, ...shared }]] : []
      }),
    )
  } catch (error) {
    // Nobody is there to be asked one by one either.
    if (error instanceof StorageError && !/^\d+$/.test(error.code)) {
      const duration_ms = performance.now() - started
      return new Map(scan.members.map((index) => [index, { error, duration_ms, ...shared }]))
    }
    return new Map()
  }
}

async function askAlone(reader: Db, { rule, question }: Asked, signal: AbortSignal): Promise<Answer> {
  const started = performance.now()
  const answer = await rowsOf(reader, question, signal, settingsOf(rule))
    .then((rows) => ({ samples: toSamples(rows, rule), doubt: doubtOf(rows) }))
    .catch((error: unknown) => ({ error }))
  return { ...answer, duration_ms: performance.now() - started, shared_with: 0 }
}

function settle(read: () => Sample[]): { samples: Sample[] } | { error: unknown } {
  try {
    return { samples: read() }
  } catch (error) {
    return { error }
  }
}

/** As people's SQL means it: `inf` is no null. In the answers of the other kinds both are a value that there is none of. */
const settingsOf = ({ kind }: Rule) => ({ output_format_json_quote_denormals: kind === 'sql' ? 1 : 0 })

async function rowsOf(
  reader: Db,
  { sql, params }: Question,
  signal: AbortSignal,
  settings: Record<string, number> = {},
): Promise<ScanRow[]> {
  const late = AbortSignal.timeout(longestWaitS * 1000)
  const options = { signal: AbortSignal.any([signal, late]), max_execution_s: longestQueryS, settings }
  return reader.query<ScanRow>(sql, params, options).catch((cause: unknown) => {
    if (!late.aborted || signal.aborted) throw cause
    throw new StorageError(`ClickHouse does not answer within ${longestWaitS} s`, 'ETIMEDOUT', true, { cause })
  })
}

/** The rows of one evaluation. Throws EvaluationError when they can't be read. */
export function toSamples(rows: readonly ScanRow[], rule: Rule, most = rule.limit): Sample[] {
  const samples = rows.flatMap((row) => toSample(row, rule))
  if (samples.length > most)
    throw new EvaluationError(`more than ${most} instances; group by fewer labels, raise min_requests, or raise limit`)
  return samples
}

/** A row without a value is no result. `requests` is what the built-in kinds say beside the value, no label. */
function toSample(row: ScanRow, rule: Rule): Sample[] {
  if (!('value' in row)) throw new EvaluationError('the query has no column `value`')
  const { value: raw, details, ...columns } = row
  if (rule.kind !== 'sql') delete columns['requests']
  if (raw === null || isNan(raw)) return []
  const value = numberOf(raw)
  if (typeof raw === 'object' || Number.isNaN(value))
    throw new EvaluationError(`\`value\` is not a number: ${JSON.stringify(raw)}`)
  // Other kinds compare in SQL.
  if (rule.kind === 'sql' && !isBeyond(value, rule.threshold)) return []
  return [{ value, labels: labelsOf(columns), ...(details === undefined ? {} : { details: detailsOf(details) }) }]
}

/** As such a value compares to nothing, in Prometheus too. */
const isNan = (raw: unknown) => raw === 'nan' || raw === '-nan'

/** Which results are no numbers. */
function doubtOf(rows: readonly ScanRow[]): string {
  const doubtful = rows.filter((row) => 'value' in row && isNan(row['value']))
  const [first] = doubtful
  if (!first) return ''
  const { value: _, details: __, ...columns } = first
  const more = doubtful.length > 1 ? `, and of ${doubtful.length - 1} more` : ''
  return `\`value\` of ${formatLabels(labelsOf(columns))}${more} is no number (nan): it holds for nothing`
}

/** With `quote_denormals`, what is no finite number comes as a text. */
function numberOf(raw: unknown): number {
  if (raw === 'inf') return infinite
  if (raw === '-inf') return -infinite
  return Number(raw)
}

/** A map: says more of the instance, without telling it from others. */
function detailsOf(details: unknown): Labels {
  if (typeof details === 'object' && details !== null && !Array.isArray(details)) return labelsOf(details)
  throw new EvaluationError('column `details` is no map: expected map(name, text)')
}

const labelsOf = (columns: object): Labels => Object.fromEntries(Object.entries(columns).flatMap(toLabel))

/** Whether the rule holds for a value; without a threshold it holds for every one. */
export function isBeyond(value: number, threshold: Threshold | null): boolean {
  if (threshold === null) return true
  return threshold.side === 'above' ? value > threshold.value : value < threshold.value
}

function toLabel([name, value]: [string, unknown]): [string, string][] {
  if (value === null) return []
  if (typeof value === 'string') return [[name, value]]
  if (typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]]
  throw new EvaluationError(`column \`${name}\` is no label: expected a text or a number`)
}
