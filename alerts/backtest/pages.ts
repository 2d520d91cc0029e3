/** How often somebody would have been told, as the route tree leads, groups and repeats. Pure. */
import { decide, toldOf, visibleAlerts, type AlertGroup, type GroupedAlert, type MuteReason } from '../group.ts'
import type { Labels } from '../labels.ts'
import type { NotificationReason } from '../notify/notification.ts'
import type { Holds } from '../routing/time-interval.ts'
import type { Firing } from './firings.ts'
import type { HeldBack } from './held-back.ts'
import type { PagedGroup, Paging } from './paging.ts'

/** A notification of something that fires. */
export interface Page {
  /** Epoch milliseconds. */
  at: number
  receiver: string
  group: Labels
  reason: Exclude<NotificationReason, 'resolved'>
}

export type PagedFiring = Pick<Firing, 'fingerprint' | 'labels' | 'start' | 'end'> & { once?: boolean }

/**
 * Until `to`; what waits for its group then is not counted. In order of time. Alerts are told as if nothing had been silenced or
 * inhibited unless `heldBack` says when they were.
 */
export function pagesOf(
  firings: readonly PagedFiring[],
  { groupsOf }: Pick<Paging, 'groupsOf'>,
  to: number,
  heldBack: HeldBack = () => () => false,
): Page[] {
  const groups = new Map<string, { group: PagedGroup; firings: PagedFiring[] }>()
  const known = new Map<string, PagedGroup[]>()
  const held = new Map<string, Holds>()
  for (const firing of firings) {
    const joined = known.get(firing.fingerprint) ?? groupsOf(firing.labels)
    known.set(firing.fingerprint, joined)
    if (!held.has(firing.fingerprint)) held.set(firing.fingerprint, heldBack(firing.labels))
    for (const group of joined) {
      const members = groups.get(group.id)
      if (members) members.firings.push(firing)
      else groups.set(group.id, { group, firings: [firing] })
    }
  }
  const isHeld = (fingerprint: string, at: number) => held.get(fingerprint)?.(at) ?? false
  return [...groups.values()]
    .flatMap((all) => pagesOfGroup(all.firings, all.group, to, isHeld))
    .sort((a, b) => a.at - b.at)
}

type IsHeld = (fingerprint: string, at: number) => boolean

function pagesOfGroup(firings: readonly PagedFiring[], group: PagedGroup, to: number, isHeld: IsHeld): Page[] {
  const waiting = [...firings].sort((a, b) => a.start - b.start)
  const { receiver, labels } = group
  const pages: Page[] = []
  for (let first = waiting[0]; first; first = waiting[0])
    for (const { at, reason } of incident(waiting, first.start, group, to, isHeld))
      if (reason !== 'resolved') pages.push({ at, receiver, group: labels, reason })
  return pages
}

/** From the first alert of a group until none is left; takes the firings that belong to it off `waiting`. */
function incident(waiting: PagedFiring[], start: number, { timings, isMute }: PagedGroup, to: number, isHeld: IsHeld) {
  const told: { at: number; reason: NotificationReason }[] = []
  const alerts = new Map<string, GroupedAlert>()
  let log: ReturnType<typeof toldOf> = null
  let at = start + timings.group_wait_ms
  const ends = new Map<string, number | null>()
  do {
    for (let next = waiting[0]; next && next.start <= at; next = waiting[0]) {
      waiting.shift()
      ends.set(next.fingerprint, next.end)
      alerts.set(next.fingerprint, groupedAlert(next))
    }
    for (const [fingerprint, end] of ends) {
      const alert = alerts.get(fingerprint)
      if (alert && end !== null && end <= at) alert.ends_at = end
    }
    const isMuted = isMute(at) ? () => true : (fingerprint: string) => isHeld(fingerprint, at)
    const visible = visibleAlerts(groupAt(alerts, isMuted))
    const reason = at <= to ? decide(log, visible, timings, at) : null
    if (reason !== null) {
      told.push({ at, reason })
      log = toldOf(visible, at)
    }
    for (const { fingerprint, ends_at } of alerts.values())
      if (ends_at !== null) for (const known of [alerts, ends]) known.delete(fingerprint)
    at += timings.group_interval_ms
  } while (alerts.size > 0 && at <= to)
  // What begins after the end can't be told of any more.
  if (at > to) waiting.length = 0
  return told
}

/** Which reason keeps an alert from being told makes no difference. */
function groupAt(
  alerts: ReadonlyMap<string, GroupedAlert>,
  isMuted: (fingerprint: string) => boolean,
): Pick<AlertGroup, 'alerts' | 'muted'> {
  const why = { kind: 'time_interval', names: [], within: true } as const
  const muted = [...alerts.keys()].filter(isMuted).map((fingerprint): [string, MuteReason[]] => [fingerprint, [why]])
  return { alerts: Object.fromEntries(alerts), muted: Object.fromEntries(muted) }
}

function groupedAlert({ fingerprint, labels, start, once = false }: PagedFiring): GroupedAlert {
  return { fingerprint, labels, annotations: {}, value: null, starts_at: start, ends_at: null, once }
}
