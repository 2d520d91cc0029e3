/** Alert instances: what an evaluation makes of its samples. Pure. */
import type { AlertReason } from '../records/alert-event.ts'
import type { GroupedAlert } from './group.ts'
import { formatLabels, fingerprint, type Labels } from './labels.ts'
import type { Rule } from './rule.ts'
import { nextState, type InstanceState } from './state.ts'
import { renderTemplate } from './template.ts'

/** One row of a rule's answer. */
export interface Sample {
  labels: Labels
  /** Become annotations, and what templates call details: they may change while the alert stays the same. */
  details?: Labels | undefined
  value: number
}

/** Times are epoch milliseconds. */
export interface Instance extends InstanceState {
  group: string
  rule_id: string
  fingerprint: string
  labels: Labels
  annotations: Record<string, string>
  value: number | null
  /** Why it is active, when its values are not why. */
  reason: AlertReason
  /** First of the evaluations in a row with that reason; null without one. */
  reason_since: number | null
  evaluated_at: number
}

/** The values of a rule are unknown, and its policy is that this alerts. */
export interface Unknown {
  reason: Exclude<AlertReason, ''>
  /** How long it must last before alerts fire. */
  for_ms: number
  /** The annotation `reason` of its alerts. */
  text: string
}

/** A change of state, `inactive` standing for no alert. */
export interface Transition {
  from: Instance['state']
  to: Instance['state']
  instance: Instance
}

export interface Evaluation {
  /** The pending and firing ones, by fingerprint. */
  active: Map<string, Instance>
  /** Those that resolved at this very evaluation. */
  resolved: Instance[]
  transitions: Transition[]
}

/** The rule's answer can't be used; its state stays as it was. */
export class EvaluationError extends Error {
  override name = 'EvaluationError'
}

/**
 * Takes a rule's instances one evaluation on. Throws EvaluationError when two samples make the same label set; nothing has
 * changed then.
 */
export function applySamples(
  rule: Rule,
  previous: ReadonlyMap<string, Instance>,
  samples: readonly Sample[],
  at: number,
): Evaluation {
  const found = new Map<string, Sample>()
  for (const sample of samples) {
    const labels = alertLabels(rule, sample)
    const print = fingerprint(labels)
    if (found.has(print))
      throw new EvaluationError(
        `two results have the same labels ${formatLabels(labels)}; select or group by what tells them apart`,
      )
    found.set(print, { ...sample, labels })
  }
  for (const print of outranked(rule, previous, found)) found.delete(print)
  const evaluation: Evaluation = { active: new Map(), resolved: [], transitions: [] }
  for (const print of new Set([...previous.keys(), ...found.keys()]))
    step(evaluation, rule, previous.get(print) ?? null, print, found.get(print) ?? null, at)
  return evaluation
}

/** Samples whose alerts would begin now and say less than others do. One that has begun goes on. */
function outranked(
  { outranks }: Rule,
  previous: ReadonlyMap<string, Instance>,
  found: ReadonlyMap<string, Sample>,
): string[] {
  if (!outranks) return []
  const all = [...previous.values(), ...found.values()]
  return [...found].flatMap(([print, sample]) =>
    !previous.has(print) && all.some(({ labels }) => outranks(labels, sample.labels)) ? [print] : [],
  )
}

/**
 * Takes a rule one evaluation on that could not tell its values. Its alerts stay as they were until that has lasted for
 * `for_ms`; then all of them fire, with the labels that they have, so that silences match. A rule without alerts gets one with
 * the rule's own labels.
 */
export function applyUnknown(
  rule: Rule,
  previous: ReadonlyMap<string, Instance>,
  unknown: Unknown,
  at: number,
): Evaluation {
  const evaluation: Evaluation = { active: new Map(), resolved: [], transitions: [] }
  const since = Math.min(at, ...[...previous.values()].flatMap((one) => sinceOf(one, unknown.reason)))
  const instances = previous.size > 0 ? [...previous.values()] : [bareInstance(rule, unknown, at)]
  for (const one of instances) {
    const fires = one.state === 'firing' || at - since >= unknown.for_ms
    const instance: Instance = {
      ...one,
      state: fires ? 'firing' : 'pending',
      firing_since: fires ? (one.firing_since ?? at) : null,
      annotations: { ...one.annotations, reason: unknown.text },
      reason: unknown.reason,
      reason_since: since,
      evaluated_at: at,
    }
    evaluation.active.set(instance.fingerprint, instance)
    const from = previous.get(one.fingerprint)?.state ?? 'inactive'
    if (from !== instance.state) evaluation.transitions.push({ from, to: instance.state, instance })
  }
  return evaluation
}

const sinceOf = ({ reason, reason_since }: Instance, wanted: AlertReason) =>
  reason === wanted && reason_since !== null ? [reason_since] : []

/** Without values there is nothing to fill templates with: fixed texts alone. */
function bareInstance(rule: Rule, { text }: Unknown, at: number): Instance {
  const labels = { ...fixed(rule.labels), alertname: rule.name }
  return {
    state: 'pending',
    active_at: at,
    firing_since: null,
    keep_firing_since: null,
    resolved_at: null,
    group: rule.group,
    rule_id: rule.id,
    fingerprint: fingerprint(labels),
    labels,
    annotations: { summary: `${rule.name}: ${text}`, ...fixed(rule.annotations) },
    value: null,
    reason: '',
    reason_since: null,
    evaluated_at: at,
  }
}

const fixed = (texts: Record<string, string>) =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '' && !text.includes('{{')))

function step(
  evaluation: Evaluation,
  rule: Rule,
  previous: Instance | null,
  print: string,
  sample: Sample | null,
  at: number,
): void {
  const latched = previous?.state === 'firing' && rule.latched?.(previous.labels, at) === true
  const state = nextState(rule, previous, sample !== null || latched, at)
  if (state === null) {
    if (previous) evaluation.transitions.push({ from: previous.state, to: 'inactive', instance: ended(previous, at) })
    return
  }
  const instance: Instance = {
    ...state,
    group: rule.group,
    rule_id: rule.id,
    fingerprint: print,
    ...(sample ? describe(rule, sample) : described(previous)),
    // Values are known again. One that resolves by that says why it fired.
    reason: state.state === 'inactive' ? (previous?.reason ?? '') : '',
    reason_since: null,
    evaluated_at: at,
  }
  if (instance.state === 'inactive') evaluation.resolved.push(instance)
  else evaluation.active.set(print, instance)
  const from = previous?.state ?? 'inactive'
  if (from !== instance.state) evaluation.transitions.push({ from, to: instance.state, instance })
}

/** An instance that is over: a pending one that missed, or one whose rule is gone. */
export function ended(instance: Instance, at: number): Instance {
  const resolvedAt = instance.state === 'firing' ? at : null
  return { ...instance, state: 'inactive', keep_firing_since: null, resolved_at: resolvedAt, evaluated_at: at }
}

type Times = 'active_at' | 'firing_since' | 'keep_firing_since' | 'reason_since' | 'evaluated_at'

/** An alert as it is by a clock that was set: what has lasted so long has lasted as long. */
export function shiftTimes<T extends Pick<Instance, Times>>(alert: T, byMs: number): T {
  const shifted = (at: number | null) => (at === null ? null : at + byMs)
  return {
    ...alert,
    active_at: alert.active_at + byMs,
    firing_since: shifted(alert.firing_since),
    keep_firing_since: shifted(alert.keep_firing_since),
    reason_since: shifted(alert.reason_since),
    evaluated_at: alert.evaluated_at + byMs,
  }
}

/** By fingerprint, as an evaluation has them. */
export function shiftAll(active: ReadonlyMap<string, Instance>, byMs: number): Map<string, Instance> {
  return new Map([...active].map(([print, instance]) => [print, shiftTimes(instance, byMs)]))
}

/** Of the alert that the sample makes. */
export const alertFingerprint = (rule: Rule, sample: Sample) => fingerprint(alertLabels(rule, sample))

/** The labels of the alert that a sample makes. */
export function alertLabels(rule: Rule, { labels, value }: Sample): Labels {
  const data = { labels, value, threshold: rule.threshold?.value ?? null }
  const own = Object.fromEntries(Object.entries(rule.labels).map(([name, text]) => [name, renderTemplate(text, data)]))
  // An empty label is no label, as in Prometheus.
  const all = Object.entries({ ...labels, ...own }).filter(([, text]) => text !== '')
  return { ...Object.fromEntries(all), alertname: rule.name }
}

function describe(rule: Rule, { labels, details, value }: Sample): Pick<Instance, 'labels' | 'annotations' | 'value'> {
  const data = { labels, details, value, threshold: rule.threshold?.value ?? null }
  const annotations = Object.entries(rule.annotations).map(
    ([name, text]) => [name, renderTemplate(text, data)] as const,
  )
  return { labels, annotations: { ...stated(details), ...Object.fromEntries(annotations) }, value }
}

function stated(details: Labels = {}): Labels {
  return Object.fromEntries(Object.entries(details).filter(([, text]) => text !== ''))
}

function described(previous: Instance | null): Pick<Instance, 'labels' | 'annotations' | 'value'> {
  return { labels: previous?.labels ?? {}, annotations: previous?.annotations ?? {}, value: previous?.value ?? null }
}

/** As its groups know it; one that fires no more ended when it resolved. */
export function toGroupedAlert(instance: Instance, once: boolean): GroupedAlert {
  const { fingerprint, labels, annotations, value, state, active_at, firing_since, resolved_at, evaluated_at } =
    instance
  const ends_at = state === 'firing' ? null : (resolved_at ?? evaluated_at)
  return {
    fingerprint,
    labels,
    annotations,
    value,
    starts_at: firing_since ?? active_at,
    ends_at,
    ...(once ? { once } : {}),
  }
}
