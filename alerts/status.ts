/** What the dashboard shows of alerts: rules, instances and channels as they are now. Times are epoch milliseconds. */
import type { Channel, ChannelHealth } from './channel.ts'
import type { Dispatcher } from './dispatch.ts'
import type { Engine } from './engine.ts'
import type { Instance } from './instance.ts'
import type { Labels } from './labels.ts'
import type { Rule, Threshold, Unit } from './rule.ts'

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
  /** When its condition began to hold. */
  active_at: number
  /** When it began to fire; null while pending. */
  firing_since: number | null
  /** Since when only keep_firing_for keeps it firing. */
  keep_firing_since: number | null
  evaluated_at: number
}

export interface RuleStatus {
  name: string
  group: string
  kind: string
  file: string
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
  labels: Labels
  annotations: Record<string, string>
  /** The question of the last evaluation, to be asked again by hand; null before it. */
  sql: string | null
  params: Record<string, unknown> | null
  pending: number
  firing: number
}

export interface ChannelStatus extends Omit<ChannelHealth, 'blocked_until' | 'failures'> {
  receiver: string
  /** The type, numbered from the second of a type on. */
  channel: string
  type: string
  /** Notifications that wait to be delivered. */
  queued: number
  /** When the next attempt may be made; null when nothing is in the way. */
  retry_at: number | null
}

export function activeAlerts(engine: Engine): ActiveAlert[] {
  return engine.rules().flatMap(({ rule, active }) => active.flatMap((instance) => activeAlert(rule, instance)))
}

function activeAlert(rule: Rule, instance: Instance): ActiveAlert[] {
  const { rule_id: _, resolved_at: __, state, ...rest } = instance
  if (state === 'inactive') return []
  return [{ ...rest, state, rule: rule.name, unit: rule.unit, threshold: rule.threshold }]
}

export function ruleStatuses(engine: Engine): RuleStatus[] {
  return engine.rules().map(ruleStatus)
}

function ruleStatus({ rule, group, active, status }: ReturnType<Engine['rules']>[number]): RuleStatus {
  const { id: _, question: __, measure: ___, filter: ____, ...settings } = rule
  const { question, ...health } = status
  const firing = active.filter(({ state }) => state === 'firing').length
  const pending = active.length - firing
  return {
    ...settings,
    ...health,
    state: firing > 0 ? 'firing' : pending > 0 ? 'pending' : 'inactive',
    interval_ms: group?.interval_ms ?? 0,
    sql: question?.sql ?? null,
    params: question?.params ?? null,
    pending,
    firing,
  }
}

export function channelStatuses(dispatcher: Dispatcher, now: number): ChannelStatus[] {
  return dispatcher.courier.channels().map((channel) => channelStatus(channel, dispatcher.waiting(channel).length, now))
}

function channelStatus({ receiver, id, type, health }: Channel, queued: number, now: number): ChannelStatus {
  const { blocked_until, failures: _, ...rest } = health
  return { ...rest, receiver, channel: id, type, queued, retry_at: blocked_until > now ? blocked_until : null }
}
