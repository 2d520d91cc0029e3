/**
 * What a rule would have been answered at every moment of a range. Kinds that scan requests are asked of many moments at once, other
 * rules of one at a time; the answers are the same.
 */
import type { Db } from '../../storage/client.ts'
import { StorageError } from '../../storage/client.ts'
import { gridQuestion, type Grid } from '../../storage/queries/alert-grid.ts'
import { alertScan } from '../../storage/queries/alert-scan.ts'
import { ask, hasData, questionAt, rangeAt, toSamples } from '../ask.ts'
import { EvaluationError, type Sample } from '../instance.ts'
import type { Rule } from '../rule.ts'

type Row = Record<string, unknown>

export interface Answer {
  /** Of the evaluation, epoch milliseconds. */
  at: number
  /** Null when the evaluation failed: the state of its alerts is kept. */
  samples: Sample[] | null
  error: string
  /** There was nothing to measure. Asked only where the rule makes something of it. */
  no_data: boolean
}

/** Moments of evaluation: `count` of them, `step_ms` apart from `first` on. */
export type Moments = Grid

export interface AnswerOptions {
  reader: Db
  /** How far evaluations look into the past. */
  queryOffsetMs: number
  signal: AbortSignal
}

/** Moments that are asked of at once to begin with; then as many as take about half a second. */
const firstChunk = 60
const largestChunk = 2_000
const longestQueryS = 30
/** Questions under way at once when each moment is asked of by itself: the database has other work. */
const atOnce = 2

/** Chunk by chunk, in order. Throws StorageError when the database cannot answer, or won't. */
export async function* answersOf(rule: Rule, moments: Moments, options: AnswerOptions): AsyncGenerator<Answer[]> {
  let size = firstChunk
  for (let done = 0; done < moments.count;) {
    options.signal.throwIfAborted()
    const count = Math.min(size, moments.count - done)
    const chunk = { ...moments, first: moments.first + done * moments.step_ms, count }
    const started = performance.now()
    const answers = await answerChunk(rule, chunk, options)
    if (answers === 'too much') {
      size = Math.max(1, Math.floor(count / 4))
      continue
    }
    yield answers
    done += count
    size = nextSize(count, performance.now() - started)
  }
}

function nextSize(count: number, tookMs: number): number {
  if (tookMs > 1_000) return Math.max(1, Math.floor(count / 2))
  return tookMs < 250 ? Math.min(largestChunk, count * 2) : count
}

async function answerChunk(rule: Rule, moments: Moments, options: AnswerOptions): Promise<Answer[] | 'too much'> {
  const { reader, queryOffsetMs, signal } = options
  const times = Array.from({ length: moments.count }, (_, index) => moments.first + index * moments.step_ms)
  const questions = times.map((at) => questionAt(rule, at, queryOffsetMs))
  const whole = gridQuestion(questions, { ...moments, first: moments.first - queryOffsetMs })
  if (!whole || moments.count === 1) {
    const answers = await answerSingly(rule, times, options)
    return withPresence(rule, answers, (empty) => presentSingly(rule, empty, options))
  }
  try {
    const settings = { signal, max_execution_s: longestQueryS }
    const rows = await reader.query<Row & { evaluation: number }>(whole.sql, whole.params, settings)
    const answers = spread(rule, times, rows)
    return await withPresence(rule, answers, () => presentTogether(rule, times, moments, options))
  } catch (error) {
    if (error instanceof StorageError && tooMuch.has(error.code)) return 'too much'
    throw error
  }
}

/** `presentAt` says at which of the moments without a result there was something to measure. */
async function withPresence(
  rule: Rule,
  answers: Answer[],
  presentAt: (empty: number[]) => Promise<ReadonlySet<number>>,
): Promise<Answer[]> {
  const empty = answers.flatMap(({ at, samples }) => (samples?.length === 0 ? [at] : []))
  if (rule.no_data.action === 'ok' || empty.length === 0) return answers
  const present = await presentAt(empty)
  return answers.map((answer) => ({ ...answer, no_data: answer.samples?.length === 0 && !present.has(answer.at) }))
}

async function presentSingly(rule: Rule, times: readonly number[], options: AnswerOptions): Promise<Set<number>> {
  const present = new Set<number>()
  for (const at of times)
    if (await hasData(options.reader, rule.presence(rangeAt(rule, at, options.queryOffsetMs)), options.signal))
      present.add(at)
  return present
}

/** Of rules that scan requests: whether there was any request. */
async function presentTogether(
  rule: Rule,
  times: readonly number[],
  moments: Moments,
  options: AnswerOptions,
): Promise<Set<number>> {
  const { reader, queryOffsetMs, signal } = options
  const questions = times.flatMap((at) => {
    const { part } = questionAt(rule, at, queryOffsetMs)
    return part ? alertScan(anyRequest, { ...part.scan, by: [], min_requests: 1, threshold: null }) : []
  })
  const whole = gridQuestion(questions, { ...moments, first: moments.first - queryOffsetMs })
  if (!whole) return presentSingly(rule, times, options)
  const settings = { signal, max_execution_s: longestQueryS }
  const rows = await reader.query<{ evaluation: number }>(whole.sql, whole.params, settings)
  return new Set(rows.map(({ evaluation }) => times[evaluation] ?? NaN))
}

const anyRequest = { value: 'count()', requests: 'count()' }

/** Time, memory, size of the result: fewer moments at once may do. */
const tooMuch: ReadonlySet<string> = new Set(['159', '160', '241', '396'])

function spread(rule: Rule, times: readonly number[], rows: readonly (Row & { evaluation: number })[]): Answer[] {
  const byPlace = Map.groupBy(rows, ({ evaluation }) => evaluation)
  return times.map((at, place) => attempt(at, () => toSamples((byPlace.get(place) ?? []).map(withoutPlace), rule)))
}

function withoutPlace(row: Row): Row {
  const { evaluation: _, ...rest } = row
  return rest
}

async function answerSingly(rule: Rule, times: readonly number[], options: AnswerOptions): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let done = 0; done < times.length; done += atOnce)
    answers.push(...(await Promise.all(times.slice(done, done + atOnce).map((at) => answerOne(rule, at, options)))))
  return answers
}

async function answerOne(rule: Rule, at: number, { reader, queryOffsetMs, signal }: AnswerOptions): Promise<Answer> {
  try {
    const samples = await ask(reader, rule, questionAt(rule, at, queryOffsetMs), signal)
    return { at, samples, error: '', no_data: false }
  } catch (error) {
    return failed(at, error)
  }
}

function attempt(at: number, read: () => Sample[]): Answer {
  try {
    return { at, samples: read(), error: '', no_data: false }
  } catch (error) {
    return failed(at, error)
  }
}

/** An answer that can't be used is the rule's; anything else would be the same at every moment. */
function failed(at: number, error: unknown): Answer {
  if (error instanceof EvaluationError) return { at, samples: null, error: error.message, no_data: false }
  throw error
}
