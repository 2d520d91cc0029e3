/** Alert groups as people read them. */
import type { AlertGroup, GroupChannel, MuteReason } from '../../data/alert-groups.ts'
import { formatAgo, formatUntil, unknown } from '../../lib/format.ts'
import type { Level } from '../Status.tsx'

export function groupState({ state, acknowledged }: Pick<AlertGroup, 'state' | 'acknowledged'>): {
  level: Level
  word: string
} {
  if (state === 'resolved') return { level: 'ok', word: 'resolved' }
  if (state === 'muted') return { level: 'unknown', word: 'muted' }
  return acknowledged ? { level: 'warning', word: 'acknowledged' } : { level: 'critical', word: 'firing' }
}

/** alertname=Down model=gpt-4o */
export const setText = (labels: Record<string, string>) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || 'everything'

/** Epoch ms; null when no channel knows that it fires. */
export function lastTold({ channels }: Pick<AlertGroup, 'channels'>): number | null {
  const times = channels.flatMap(({ told_at }) => told_at ?? [])
  return times.length === 0 ? null : Math.max(...times)
}

const reasons: Record<NonNullable<GroupChannel['waiting']>['reason'], string> = {
  first: 'that it fires',
  new_alerts: 'of new alerts',
  resolved: 'that it is over',
  repeat: 'again',
  test: 'of a test',
}

/** What a channel is told next: what waits, or that it still fires; a dash when nothing will be. */
export function channelNext({ waiting, repeat_at }: GroupChannel, now: number): string {
  if (waiting) {
    const tries = waiting.attempts > 0 ? `, attempt ${waiting.attempts + 1}` : ''
    return `${reasons[waiting.reason]} ${formatUntil(waiting.next_attempt_at, now)}${tries}`
  }
  return repeat_at === null ? unknown : `again ${formatUntil(repeat_at, now)}`
}

/** The soonest of its channels. */
export function nextWord({ channels }: AlertGroup, now: number): string {
  const at = ({ waiting, repeat_at }: GroupChannel) => waiting?.next_attempt_at ?? repeat_at ?? Infinity
  const soonest = channels.toSorted((a, b) => at(a) - at(b))[0]
  return soonest ? channelNext(soonest, now) : unknown
}

/** Why an alert that fires is not told; silences are linked where this stands. */
export function muteWord(reason: MuteReason, nameOf: (fingerprint: string) => string): string {
  if (reason.kind === 'silenced') return 'silenced'
  if (reason.kind === 'inhibited') return `inhibited by ${nameOf(reason.fingerprint)}`
  if (reason.kind === 'rerouted') return 'routed elsewhere since'
  return `${reason.within ? 'muted during' : 'muted outside of'} ${reason.names.join(', ')}`
}

/** What came of an alert, over all groups that it is in: why nobody is told, or who takes care; null where people are told and nobody does. */
export function careWord(
  fingerprint: string,
  groups: readonly Pick<AlertGroup, 'alerts' | 'acknowledged'>[],
): string | null {
  const its = groups.flatMap(({ alerts, acknowledged }) =>
    alerts.filter((alert) => alert.fingerprint === fingerprint).map(({ muted_by }) => ({ muted_by, acknowledged })),
  )
  const reason = its.every(({ muted_by }) => muted_by.length > 0) ? its[0]?.muted_by[0] : undefined
  if (reason) return reason.kind === 'silenced' ? 'silenced' : 'not told'
  const taken = its.find(({ acknowledged }) => acknowledged)?.acknowledged
  return taken ? `acknowledged by ${taken.by}` : null
}

/** Who said so, and when. */
export const saidBy = ({ by, at }: { by: string; at: number }, now: number) => `${by}, ${formatAgo(at, now)}`
