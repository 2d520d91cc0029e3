/** Backtests: when a rule would have fired over stored history, how often somebody would have been told, and over what. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../../storage/client.ts'
import { alertRequests, countAlertRequests } from '../../storage/queries/alert-requests.ts'
import type { Question } from '../../storage/queries/alert-scan.ts'
import { pasteable } from '../../storage/queries/pasteable.ts'
import { isBeyond, questionAt } from '../ask.ts'
import type { Labels } from '../labels.ts'
import type { Rule, RuleGroup, Threshold, Unit } from '../rule.ts'
import { isOwn } from '../self/watch.ts'
import { answersOf, type Answer, type Moments } from './answers.ts'
import { FiringRecorder, type Firing } from './firings.ts'
import { chartOf, HistoryRecorder, type ChartSeries } from './history.ts'
import { heldBack, pastOf } from './held-back.ts'
import { pagesOf, type Page, type PagedFiring } from './pages.ts'
import type { Paging } from './paging.ts'
import { suggestThreshold, type Suggestion } from './suggest.ts'

export type { ChartSeries } from './history.ts'
export type { Paging } from './paging.ts'

export interface BacktestOptions {
  rule: Rule
  group: Pick<RuleGroup, 'interval_ms' | 'query_offset_ms'>
  /** Evaluations stand on the grid of the step, after `from` and up to `to`. */
  range: TimeRange
  /** Between two evaluations; the group's interval unless said. */
  stepMs?: number | undefined
  reader: Db
  paging: Paging
  /** Asks for every value too, for the chart and a suggested threshold that pages at most this often; null does not. */
  pagesPerWeek: number | null
  signal: AbortSignal
}

/** Times are epoch milliseconds; values in `unit`. */
export interface BacktestResult {
  rule: string
  group: string
  kind: string
  unit: Unit
  threshold: Threshold | null
  from: number
  to: number
  step_ms: number
  evaluations: number
  /** Evaluations whose answer could not be used: alerts stayed as they were. */
  failed_evaluations: number
  last_error: string
  /** How often an alert fired, and for how long all of them together. */
  firings: number
  firing_ms: number
  /** The earliest, at most `mostIntervals`. */
  intervals: FiringInterval[]
  /** Notifications that something fires, repeated ones too: those that silences and inhibition of then would have let through. */
  pages: number
  pages_per_week: number
  /** Had nothing been silenced or inhibited. */
  unmuted_pages: number
  /** By who is told, the most often told first. */
  receivers: { receiver: string; pages: number; pages_per_week: number }[]
  first_pages: Page[]
  suggestion: (Suggestion & { pages_per_week: number }) | null
  /** Null unless every value was asked for. */
  chart: ChartSeries[] | null
}

export interface FiringInterval extends Omit<Firing, 'fingerprint'> {
  /** Until the end of the range for one that still fired. */
  duration_ms: number
  /** What its windows held; null for rules that don't scan requests, and for intervals after the first hundred. */
  requests: { count: number; sql: string } | null
  /** The rule's question at its peak, to be asked again by hand. */
  sql: string
}

export type BacktestEvent =
  { type: 'progress'; done: number; total: number; firings: number } | { type: 'result'; result: BacktestResult }

const mostIntervals = 1_000
const mostPages = 200
/** Intervals whose requests are counted. */
const mostCounted = 100
const weekMs = 7 * 86_400_000

/** The moments of evaluation within a range: grid points after `from`, up to `to`. */
export function momentsIn({ from, to }: TimeRange, stepMs: number): Moments {
  const first = (Math.floor(from / stepMs) + 1) * stepMs
  return { first, step_ms: stepMs, count: Math.max(0, Math.floor((to - first) / stepMs) + 1) }
}

/** Why a rule cannot be backtested; null when it can. */
export function whyNotBacktested(rule: Rule): string | null {
  return isOwn(rule)
    ? 'rules of kind self watch this process: what they measure is not stored, so the past is unknown'
    : null
}

/** A rule that the past cannot be asked about. */
export class BacktestError extends Error {
  override name = 'BacktestError'
}

/** Progress, then the result. Begins without any alert. Throws StorageError when the rule's query cannot run, BacktestError on a rule that has no past. */
export async function* backtest(options: BacktestOptions): AsyncGenerator<BacktestEvent> {
  const { rule, group, range, stepMs = group.interval_ms, reader, signal } = options
  const reason = whyNotBacktested(rule)
  if (reason !== null) throw new BacktestError(reason)
  const moments = momentsIn(range, stepMs)
  const asksAll = options.pagesPerWeek !== null
  const asked = asksAll ? { ...rule, threshold: null, question: rule.measure } : rule
  const recorder = new FiringRecorder(rule)
  const history = new HistoryRecorder(rule, moments)
  const settings = { reader, queryOffsetMs: group.query_offset_ms, signal }
  let done = 0
  yield { type: 'progress', done, total: moments.count, firings: 0 }
  for await (const answers of answersOf(asked, moments, settings)) {
    for (const answer of answers) {
      if (asksAll) history.add(answer)
      recorder.add(asksAll ? beyond(answer, rule) : answer)
    }
    done += answers.length
    yield { type: 'progress', done, total: moments.count, firings: recorder.firings.length }
  }
  yield { type: 'result', result: await resultOf(options, moments, recorder, asksAll ? history : null) }
}

function beyond(answer: Answer, rule: Rule): Answer {
  const samples = answer.samples?.filter(({ value }) => isBeyond(value, rule.threshold)) ?? null
  return { ...answer, samples }
}

async function resultOf(
  { rule, range, paging, pagesPerWeek, reader, signal, group }: BacktestOptions,
  moments: Moments,
  { firings, failed, lastError }: FiringRecorder,
  recorded: HistoryRecorder | null,
): Promise<BacktestResult> {
  const weeks = (range.to - range.from) / weekMs
  const past = await pastOf(reader, range, paging.inhibitRules, rule.name)
  const told = (fired: PagedFiring[]) => pagesOf(fired, paging, range.to, heldBack(past, fired))
  const paged = firings.map((firing) => Object.assign({ once: rule.told_once }, firing))
  const pages = told(paged)
  const history = recorded?.history() ?? null
  const wished = Math.floor((pagesPerWeek ?? 0) * weeks)
  const suggestion = history && suggestThreshold(rule, history, (fired) => told(fired).length, wished)
  const intervals: FiringInterval[] = []
  for (const [index, firing] of firings.slice(0, mostIntervals).entries()) {
    const question = questionAt(rule, firing.peak_at, group.query_offset_ms)
    const seen = {
      from: firing.active_at - group.query_offset_ms - rule.window_ms,
      to: (firing.end ?? range.to) - group.query_offset_ms,
    }
    const requests = index < mostCounted ? await requestsOf(rule, question, firing.labels, seen, reader, signal) : null
    const { fingerprint: _, ...shown } = firing
    intervals.push({ ...shown, duration_ms: durationOf(firing, range.to), requests, sql: pasteable(question) })
  }
  return {
    rule: rule.name,
    group: rule.group,
    kind: rule.kind,
    unit: rule.unit,
    threshold: rule.threshold,
    from: range.from,
    to: range.to,
    step_ms: moments.step_ms,
    evaluations: moments.count,
    failed_evaluations: failed,
    last_error: lastError,
    firings: firings.length,
    firing_ms: firings.reduce((sum, firing) => sum + durationOf(firing, range.to), 0),
    intervals,
    pages: pages.length,
    pages_per_week: pages.length / weeks,
    unmuted_pages: pagesOf(paged, paging, range.to).length,
    receivers: byReceiver(pages, weeks),
    first_pages: pages.slice(0, mostPages),
    suggestion: suggestion && { ...suggestion, pages_per_week: suggestion.pages / weeks },
    chart: history && chartOf(history, rule.threshold?.side ?? 'above'),
  }
}

function byReceiver(pages: readonly Page[], weeks: number): BacktestResult['receivers'] {
  return [...Map.groupBy(pages, ({ receiver }) => receiver)]
    .map(([receiver, { length }]) => ({ receiver, pages: length, pages_per_week: length / weeks }))
    .toSorted((a, b) => b.pages - a.pages)
}

const durationOf = ({ start, end }: Firing, to: number) => (end ?? to) - start

async function requestsOf(
  rule: Rule,
  { part }: Question,
  labels: Labels,
  range: TimeRange,
  reader: Db,
  signal: AbortSignal,
): Promise<FiringInterval['requests']> {
  // A label of the rule's own in a column's place hides what the column said.
  if (!part || part.scan.by.some((column) => column in rule.labels)) return null
  const count = await countAlertRequests(reader, part.scan, labels, range, signal)
  return { count, sql: pasteable(alertRequests(part.scan, labels, range)) }
}
