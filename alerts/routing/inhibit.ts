/** Inhibition: alerts that need not be told while others fire, as when a host is down and everything on it with it. */
import type { Labels } from '../labels.ts'
import { sourceMatchers, targetMatchers, type InhibitRuleConfig } from './config.ts'
import { allHold, type Matcher } from './matcher.ts'

interface InhibitRule {
  source: readonly Matcher[]
  target: readonly Matcher[]
  equal: readonly string[]
  /** Firing sources by the values of their `equal` labels, then by fingerprint. */
  firing: Map<string, Map<string, Source>>
}

interface Source {
  fingerprint: string
  /** It is a target as well: it inhibits no alert that is both, or two could keep each other quiet. */
  isTarget: boolean
}

/** Sources are indexed, so that an alert costs the same however many fire. */
export class Inhibitor {
  readonly #rules: readonly InhibitRule[]

  constructor(rules: readonly InhibitRuleConfig[]) {
    this.#rules = rules.map((rule) => ({
      source: sourceMatchers(rule),
      target: targetMatchers(rule),
      equal: rule.equal,
      firing: new Map(),
    }))
  }

  /** An alert fires, or ceased to. */
  note(alert: { fingerprint: string; labels: Labels; ends_at: number | null }): void {
    const { fingerprint, labels } = alert
    for (const rule of this.#rules) {
      if (!allHold(rule.source, labels)) continue
      const key = equalKey(rule, labels)
      const firing = rule.firing.get(key) ?? new Map<string, Source>()
      if (alert.ends_at === null) firing.set(fingerprint, { fingerprint, isTarget: allHold(rule.target, labels) })
      else firing.delete(fingerprint)
      if (firing.size > 0) rule.firing.set(key, firing)
      else rule.firing.delete(key)
    }
  }

  /** Fingerprint of an alert whose firing keeps this one from being told; null when there is none. */
  inhibitedBy(labels: Labels): string | null {
    for (const fingerprint of this.inhibiting(labels)) return fingerprint
    return null
  }

  /** Fingerprints of all such alerts; one may come more than once. */
  *inhibiting(labels: Labels): Generator<string> {
    for (const rule of this.#rules) {
      if (rule.firing.size === 0 || !allHold(rule.target, labels)) continue
      const sources = rule.firing.get(equalKey(rule, labels))
      if (!sources) continue
      const isSource = allHold(rule.source, labels)
      for (const source of sources.values()) if (!(isSource && source.isTarget)) yield source.fingerprint
    }
  }
}

/** A label that is missing equals one that is empty. */
const equalKey = ({ equal }: InhibitRule, labels: Labels) => JSON.stringify(equal.map((name) => labels[name] ?? ''))
