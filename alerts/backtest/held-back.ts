/** What would have kept alerts of the past from being told: silences that held then, and alerts that fired then and inhibit them. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../../storage/client.ts'
import { firings } from '../../storage/queries/alert-history.ts'
import { silencesEndingAfter } from '../../storage/queries/silences.ts'
import type { Labels } from '../labels.ts'
import type { InhibitRuleConfig } from '../routing/config.ts'
import { Inhibitor } from '../routing/inhibit.ts'
import type { CompiledSilence } from '../routing/silence.ts'
import { compiledSilence } from '../routing/silences.ts'
import type { Holds } from '../routing/time-interval.ts'

/** When an alert with these labels was silenced or inhibited. */
export type HeldBack = (labels: Labels) => Holds

/** Times are epoch milliseconds. */
interface Fired {
  fingerprint: string
  labels: Labels
  start: number
  /** Null while it fires. */
  end: number | null
}

export interface Past {
  silences: readonly CompiledSilence[]
  inhibitRules: readonly InhibitRuleConfig[]
  /** Alerts of all rules but the one that is asked about. */
  fired: readonly Fired[]
}

/** The latest; what was before them inhibits nobody. */
const mostFired = 20_000

/** What is known of a range. Alerts that other programs sent left no history, and inhibit nobody here. */
export async function pastOf(
  reader: Db,
  range: TimeRange,
  inhibitRules: readonly InhibitRuleConfig[],
  rule: string,
): Promise<Past> {
  const [rows, fired] = await Promise.all([
    silencesEndingAfter(reader, range.from),
    inhibitRules.length > 0 ? firings(reader, range, mostFired) : [],
  ])
  return {
    silences: rows.flatMap((row) => compiledSilence(row) ?? []),
    inhibitRules,
    fired: fired
      .filter(({ labels }) => labels['alertname'] !== rule)
      .map(({ fingerprint, labels, from_ms, to_ms }) => ({ fingerprint, labels, start: from_ms, end: to_ms })),
  }
}

/** `own` are the firings of the rule itself: its alerts may inhibit each other. */
export function heldBack({ silences, inhibitRules, fired }: Past, own: readonly Fired[] = []): HeldBack {
  const inhibitor = new Inhibitor(inhibitRules)
  const sources = [...fired, ...own]
  for (const { fingerprint, labels } of sources) inhibitor.note({ fingerprint, labels, ends_at: null })
  const byFingerprint = Map.groupBy(sources, ({ fingerprint }) => fingerprint)
  return (labels) => {
    const silencing = silences.filter((silence) => silence.matches(labels))
    const inhibiting = [...inhibitor.inhibiting(labels)].flatMap((fingerprint) => byFingerprint.get(fingerprint) ?? [])
    return (at) =>
      silencing.some((silence) => silence.state(at) === 'active') ||
      inhibiting.some(({ start, end }) => start <= at && (end === null || at < end))
  }
}
