/** What a new conclusion changes in the history of the topology: only changes are written, so that a restart changes nothing. Pure. */
import type { TopologyLink, TopologyPeriod } from '../../records/topology.ts'

export interface Seen {
  first_ms: number
  last_ms: number
}

export interface Now {
  now_ms: number
  /** When servers were seen, by address: a link of one that is gone ends there, one of a new one begins there. */
  seen: ReadonlyMap<string, Seen>
  /** Addresses that are seen no more. */
  gone: (instance: string) => boolean
}

/** Periods to write. `known` are those that hold still and those that ended lately; `links` is what holds now. */
export function topologyChanges(
  known: readonly TopologyPeriod[],
  links: readonly TopologyLink[],
  now: Now,
): TopologyPeriod[] {
  const open = new Map<string, TopologyPeriod>()
  const changes: TopologyPeriod[] = []
  for (const period of known.toSorted((a, b) => a.valid_from_ms - b.valid_from_ms)) {
    if (period.valid_to_ms !== null) continue
    // Two collectors may begin the same one: the earlier one stands.
    if (open.has(idOf(period))) changes.push({ ...period, valid_to_ms: period.valid_from_ms })
    else open.set(idOf(period), period)
  }
  const instances = new Set([...open.values()].map(({ instance }) => instance))
  const held = new Set<string>()
  for (const link of links) {
    const id = idOf(link)
    const before = open.get(id)
    held.add(id)
    if (!before) {
      const isNew = link.instance !== '' && !instances.has(link.instance)
      const ended = Math.max(
        0,
        ...known.filter((period) => idOf(period) === id).map((period) => period.valid_to_ms ?? 0),
      )
      const since = isNew ? (now.seen.get(link.instance)?.first_ms ?? now.now_ms) : now.now_ms
      changes.push({ ...link, valid_from_ms: Math.max(since, ended), valid_to_ms: null })
    } else if (!sameFacts(before, link)) {
      // Of one that has not begun yet, as after a clock that was set back, nothing is kept.
      const at = Math.max(now.now_ms, before.valid_from_ms)
      if (at > before.valid_from_ms) changes.push({ ...before, valid_to_ms: at })
      changes.push({ ...link, valid_from_ms: at, valid_to_ms: null })
    } else if (before.why !== link.why)
      changes.push({ ...link, valid_from_ms: before.valid_from_ms, valid_to_ms: null })
  }
  for (const [id, period] of open) {
    if (held.has(id)) continue
    const last = now.gone(period.instance) ? now.seen.get(period.instance)?.last_ms : undefined
    const valid_to_ms = Math.max(Math.min(last ?? now.now_ms, now.now_ms), period.valid_from_ms)
    changes.push({ ...period, valid_to_ms })
  }
  return changes
}

const idOf = ({ endpoint, instance, model, host }: TopologyLink) => JSON.stringify([endpoint, instance, model, host])

/** Everything but the words. */
function sameFacts(a: TopologyLink, b: TopologyLink): boolean {
  const facts = (link: TopologyLink) => [
    link.server,
    link.gpu_uuids,
    link.mig_ids,
    link.gpu_hour_usd,
    link.endpoint_source,
    link.gpu_source,
    link.ambiguous,
  ]
  return JSON.stringify(facts(a)) === JSON.stringify(facts(b))
}
