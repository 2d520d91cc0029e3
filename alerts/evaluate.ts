/** One evaluation of a group's rules: asks storage, and says what becomes of their alerts. Changes nothing. */
import type { Db } from '../storage/client.ts'
import type { Question } from '../storage/queries/alert-scan.ts'
import { askAll, hasData, questionAt, rangeAt, type Answer, type Asked } from './ask.ts'
import { furthest, type EvaluationRecord } from './evaluation-record.ts'
import { applySamples, applyUnknown, type Evaluation, type Instance, type Sample } from './instance.ts'
import type { Rule, RuleGroup } from './rule.ts'

export interface RuleOutcome {
  rule: Rule
  /** Null when it could not even be asked. */
  question: Question | null
  record: EvaluationRecord
  /** Null: the rule's alerts stay as they were. */
  evaluation: Evaluation | null
}

export interface EvaluateOptions {
  reader: Db
  signal: AbortSignal
  /** When the moment was missed and is made up for: the last one that was not, in epoch ms; else null. */
  missed_since: number | null
  /** The rule's pending and firing instances before it. */
  previous: (rule: Rule) => ReadonlyMap<string, Instance>
}

/** One outcome for each rule, as of `at` in epoch milliseconds. Never rejects. */
export async function evaluateGroup(group: RuleGroup, at: number, options: EvaluateOptions): Promise<RuleOutcome[]> {
  const questions = new Map<Rule, Question>()
  const answers = new Map<Rule, Answer>()
  for (const rule of group.rules)
    try {
      questions.set(rule, questionAt(rule, at, group.query_offset_ms))
    } catch (error) {
      answers.set(rule, { error, duration_ms: 0, shared_with: 0 })
    }
  const asked = [...questions].map(([rule, question]): Asked => ({ rule, question }))
  for (const [index, answer] of (await askAll(options.reader, asked, options.signal)).entries())
    answers.set((asked[index] as Asked).rule, answer)
  const present = presences(group, at, options)
  const outcomes: RuleOutcome[] = []
  for (const [rule, answer] of answers)
    outcomes.push(await outcomeOf(rule, questions.get(rule) ?? null, answer, at, options, present))
  return outcomes
}

/** Rules with one window and filter ask once. */
function presences({ query_offset_ms }: RuleGroup, at: number, { reader, signal }: EvaluateOptions) {
  const known = new Map<string, Promise<boolean>>()
  return (rule: Rule): Promise<boolean> => {
    const question = rule.presence(rangeAt(rule, at, query_offset_ms))
    const key = JSON.stringify([question.sql, question.params])
    const answer = known.get(key) ?? hasData(reader, question, signal)
    known.set(key, answer)
    return answer
  }
}

async function outcomeOf(
  rule: Rule,
  question: Question | null,
  answer: Answer,
  at: number,
  { missed_since, previous }: EvaluateOptions,
  present: (rule: Rule) => Promise<boolean>,
): Promise<RuleOutcome> {
  const { duration_ms, shared_with } = answer
  const caught_up = missed_since !== null
  const record = { at, error: '', instances: 0, value: null, duration_ms, shared_with, caught_up } as const
  const before = previous(rule)
  const doubtful = caught_up && [...before.values()].some(({ active_at }) => active_at <= missed_since)
  try {
    if ('error' in answer) throw answer.error
    const { samples, doubt = '' } = answer
    if (await isWithoutData(rule, samples, doubtful, present)) {
      const evaluation = caught_up ? null : withoutData(rule, before, at)
      return { rule, question, record: { ...record, outcome: 'no_data' }, evaluation }
    }
    const evaluation = applySamples(rule, before, samples, at)
    const judged = { instances: samples.length, value: furthest(samples, rule.threshold) }
    const seen = doubt === '' ? judged : { ...judged, doubt }
    return { rule, question, record: { ...record, ...seen, outcome: 'ok' }, evaluation }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const evaluation = withError(rule, before, message, at)
    return { rule, question, record: { ...record, outcome: 'error', error: message }, evaluation }
  }
}

/**
 * Whether an empty answer is one for want of data. Asked only where it makes a difference: by the rule's policy, or for a moment
 * that was missed. Nothing was stored then if nobody was there to store it: that does not end an alert from before.
 */
async function isWithoutData(
  rule: Rule,
  samples: readonly Sample[],
  doubtful: boolean,
  present: (rule: Rule) => Promise<boolean>,
): Promise<boolean> {
  if (samples.length > 0 || (rule.no_data.action === 'ok' && !doubtful)) return false
  return !(await present(rule))
}

/** What becomes of a rule's alerts where there is nothing to measure; null: they stay as they were. */
export function withoutData(rule: Rule, previous: ReadonlyMap<string, Instance>, at: number): Evaluation | null {
  const { action, for_ms } = rule.no_data
  if (action === 'keep') return null
  if (action === 'ok') return applySamples(rule, previous, [], at)
  const text = `no data in the last ${rule.window_ms / 1000} s`
  return applyUnknown(rule, previous, { reason: 'no_data', for_ms, text }, at)
}

const longestReason = 300

/** What becomes of a rule's alerts where it cannot be evaluated; null: they stay as they were. */
export function withError(
  rule: Rule,
  previous: ReadonlyMap<string, Instance>,
  message: string,
  at: number,
): Evaluation | null {
  if (rule.on_error.action !== 'alert') return null
  const text = `cannot be evaluated: ${message.slice(0, longestReason)}`
  return applyUnknown(rule, previous, { reason: 'error', for_ms: rule.on_error.for_ms, text }, at)
}
