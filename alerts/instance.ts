/** Alert instances: what an evaluation makes of its samples. Pure. */
import { formatLabels, fingerprint, type Labels } from './labels.ts'
import type { Rule } from './rule.ts'
import { nextState, type InstanceState } from './state.ts'
import { renderTemplate } from './template.ts'

/** One row of a rule's answer. */
export interface Sample {
  labels: Labels
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
  evaluated_at: number
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
    found.set(print, { labels, value: sample.value })
  }
  const evaluation: Evaluation = { active: new Map(), resolved: [], transitions: [] }
  for (const print of new Set([...previous.keys(), ...found.keys()]))
    step(evaluation, rule, previous.get(print) ?? null, print, found.get(print) ?? null, at)
  return evaluation
}

function step(
  evaluation: Evaluation,
  rule: Rule,
  previous: Instance | null,
  print: string,
  sample: Sample | null,
  at: number,
): void {
  const state = nextState(rule, previous, sample !== null, at)
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

/** Of the alert that the sample makes. */
export const alertFingerprint = (rule: Rule, sample: Sample) => fingerprint(alertLabels(rule, sample))

function alertLabels(rule: Rule, { labels, value }: Sample): Labels {
  const data = { labels, value, threshold: rule.threshold?.value ?? null }
  const own = Object.fromEntries(Object.entries(rule.labels).map(([name, text]) => [name, renderTemplate(text, data)]))
  // An empty label is no label, as in Prometheus.
  const all = Object.entries({ ...labels, ...own }).filter(([, text]) => text !== '')
  return { ...Object.fromEntries(all), alertname: rule.name }
}

function describe(rule: Rule, { labels, value }: Sample): Pick<Instance, 'labels' | 'annotations' | 'value'> {
  const data = { labels, value, threshold: rule.threshold?.value ?? null }
  const annotations = Object.entries(rule.annotations).map(
    ([name, text]) => [name, renderTemplate(text, data)] as const,
  )
  return { labels, annotations: Object.fromEntries(annotations), value }
}

function described(previous: Instance | null): Pick<Instance, 'labels' | 'annotations' | 'value'> {
  return { labels: previous?.labels ?? {}, annotations: previous?.annotations ?? {}, value: previous?.value ?? null }
}
