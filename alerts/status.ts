/** What the dashboard shows of alerts: rules, instances and channels as they are now. Times are epoch milliseconds. */
import type { Budget } from './budget.ts'
import type { Channel, ChannelHealth } from './channel.ts'
import type { Waiting } from './courier.ts'
import type { Dispatcher } from './dispatch.ts'
import type { Engine } from './engine.ts'
import type { EvaluationRecord } from './evaluation-record.ts'
import type { AlertReason } from '../records/alert-event.ts'
import type { Instance } from './instance.ts'
import type { Labels } from './labels.ts'
import type { Rule, Threshold, Unit } from './rule.ts'
import type { Slo } from './slo/slo.ts'

export interface ActiveAlert {
  rule: string
  group: string
  fingerprint: string
  state: 'pending' | 'firing'
  labels: Labels
  annotations: Record<string, string>
  /** In `unit`. */
  value: number | null
  unit: Unit
  threshold: Threshold | null
  /** no_data or error when that is why it is active; empty when its values are. */
  reason: AlertReason
  /** When its condition began to hold. */
  active_at: number
  /** When it began to fire; null while pending. */
  firing_since: number | null
  /** Since when only keep_firing_for keeps it firing. */
  keep_firing_since: number | null
  evaluated_at: number
}

export interface RuleStatus {
  /** Unique in its group. */
  id: string
  name: string
  group: string
  kind: string
  file: string
  /** As its file has it. */
  yaml: string
  unit: Unit
  threshold: Threshold | null
  state: 'inactive' | 'pending' | 'firing'
  /** unknown: not evaluated yet · err: the last evaluation failed, its alerts are as they were. */
  health: 'unknown' | 'ok' | 'err'
  last_error: string
  last_evaluation_at: number | null
  duration_ms: number | null
  interval_ms: number
  window_ms: number
  for_ms: number
  keep_firing_for_ms: number
  limit: number
  no_data: Rule['no_data']
  on_error: Rule['on_error']
  /** Evaluations of its group since the start that were not made in time, and those of them that were made later. */
  missed_ticks: number
  caught_up: number
  /** The last ones, newest last. */
  evaluations: EvaluationRecord[]
  labels: Labels
  annotations: Record<string, string>
  /** Of rules that watch an objective. */
  slo?: Slo
  /** Of rules that watch a budget. */
  budget?: Budget
  /** The question of the last evaluation, to be asked again by hand; null before it. */
  sql: string | null
  params: Record<string, unknown> | null
  pending: number
  firing: number
}

export interface ChannelStatus extends Omit<ChannelHealth, 'blocked_until'> {
  receiver: string
  /** The type, numbered from the second of a type on. */
  channel: string
  type: string
  /** Notifications that wait to be delivered. */
  queued: number
  /** When the one that has waited longest was decided on; null when none waits. */
  waiting_since: number | null
  /** When the next attempt may be made; null when nothing is in the way. */
  retry_at: number | null
}

/** Of rules over storage, or about ourselves. */
type Evaluator = Pick<Engine, 'rules'>

export function activeAlerts(evaluator: Evaluator): ActiveAlert[] {
  return evaluator.rules().flatMap(({ rule, active }) => active.flatMap((instance) => activeAlert(rule, instance)))
}

function activeAlert(rule: Rule, instance: Instance): ActiveAlert[] {
  const { rule_id: _, resolved_at: __, reason_since: ___, state, ...rest } = instance
  if (state === 'inactive') return []
  return [{ ...rest, state, rule: rule.name, unit: rule.unit, threshold: rule.threshold }]
}

export function ruleStatuses(evaluator: Evaluator): RuleStatus[] {
  return evaluator.rules().map(ruleStatus)
}

function ruleStatus({ rule, group, active, status, progress }: ReturnType<Engine['rules']>[number]): RuleStatus {
  const {
    question: _,
    own: __,
    latched: ___,
    told_once: _________,
    presence: ____,
    place: _____,
    bounds: ______,
    measure: _______,
    filter: ________,
    ...settings
  } = rule
  const { question, ...health } = status
  const firing = active.filter(({ state }) => state === 'firing').length
  const pending = active.length - firing
  return {
    ...settings,
    ...health,
    missed_ticks: progress.missed_ticks,
    caught_up: progress.caught_up,
    state: firing > 0 ? 'firing' : pending > 0 ? 'pending' : 'inactive',
    interval_ms: group?.interval_ms ?? 0,
    sql: question?.sql ?? null,
    params: question?.params ?? null,
    pending,
    firing,
  }
}

export function channelStatuses(dispatcher: Dispatcher, now: number): ChannelStatus[] {
  return dispatcher.courier.channels().map((channel) => channelStatus(channel, dispatcher.waiting(channel), now))
}

function channelStatus(
  { receiver, id, type, health }: Channel,
  waiting: readonly Waiting[],
  now: number,
): ChannelStatus {
  const { blocked_until, ...rest } = health
  const decided = waiting.flatMap(({ outbox: { decided_at = [] } }) => decided_at)
  const waiting_since = decided.length > 0 ? decided.reduce((a, b) => Math.min(a, b)) : null
  const retry_at = blocked_until > now ? blocked_until : null
  return { ...rest, receiver, channel: id, type, queued: waiting.length, waiting_since, retry_at }
}
