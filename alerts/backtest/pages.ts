/** How often somebody would have been told, as Alertmanager groups and repeats. Pure. */
import { decide, groupKey, toldOf, type GroupedAlert, type Timings } from '../group.ts'
import { pickLabels, type Labels } from '../labels.ts'
import type { NotificationReason } from '../notify/notification.ts'
import type { Firing } from './firings.ts'

/** How alerts are grouped on their way to a receiver. */
export interface Paging extends Timings {
  group_by: readonly string[]
}

/** A notification of something that fires. */
export interface Page {
  /** Epoch milliseconds. */
  at: number
  group: Labels
  reason: Exclude<NotificationReason, 'resolved'>
}

type PagedFiring = Pick<Firing, 'fingerprint' | 'labels' | 'start' | 'end'>

/** Until `to`; what waits for its group then is not counted. In order of time. */
export function pagesOf(firings: readonly PagedFiring[], paging: Paging, to: number): Page[] {
  const groups = Map.groupBy(firings, ({ labels }) => groupKey(pickLabels(labels, paging.group_by)))
  return [...groups.values()].flatMap((group) => pagesOfGroup(group, paging, to)).sort((a, b) => a.at - b.at)
}

function pagesOfGroup(firings: readonly PagedFiring[], paging: Paging, to: number): Page[] {
  const waiting = [...firings].sort((a, b) => a.start - b.start)
  const group = pickLabels(waiting[0]?.labels ?? {}, paging.group_by)
  const pages: Page[] = []
  for (let first = waiting[0]; first; first = waiting[0])
    for (const { at, reason } of incident(waiting, first.start, paging, to))
      if (reason !== 'resolved') pages.push({ at, group, reason })
  return pages
}

/** From the first alert of a group until none is left; takes the firings that belong to it off `waiting`. */
function incident(waiting: PagedFiring[], start: number, paging: Paging, to: number) {
  const told: { at: number; reason: NotificationReason }[] = []
  const alerts = new Map<string, GroupedAlert>()
  let log: ReturnType<typeof toldOf> = null
  let at = start + paging.group_wait_ms
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
    const all = [...alerts.values()]
    const reason = at <= to ? decide(log, all, paging, at) : null
    if (reason !== null) {
      told.push({ at, reason })
      log = toldOf(all, at)
    }
    for (const { fingerprint, ends_at } of all)
      if (ends_at !== null) for (const known of [alerts, ends]) known.delete(fingerprint)
    at += paging.group_interval_ms
  } while (alerts.size > 0 && at <= to)
  // What begins after the end can't be told of any more.
  if (at > to) waiting.length = 0
  return told
}

function groupedAlert({ fingerprint, labels, start }: PagedFiring): GroupedAlert {
  return { fingerprint, labels, annotations: {}, value: null, starts_at: start, ends_at: null }
}
