/** Targets of several sources as one list: each address once, and no more than are wanted. */
import type { SourcedTarget } from './found-target.ts'

export interface Merged {
  targets: SourcedTarget[]
  /** By source: targets that were one too many. */
  refused: ReadonlyMap<string, number>
}

/**
 * Earlier ones win an address. Of more than `limit`, those in `running` go before others. Those in `taken` are no additional
 * targets and count for nothing, yet stay in the list: what takes them may go.
 */
export function mergeTargets(
  found: readonly SourcedTarget[],
  { limit, taken, running }: { limit: number; taken: ReadonlySet<string>; running: ReadonlySet<string> },
): Merged {
  const byAddress = new Map<string, SourcedTarget>()
  for (const target of found) {
    const address = addressOf(target.url)
    if (!byAddress.has(address)) byAddress.set(address, target)
  }
  const all = [...byAddress.values()]
  const additional = all.filter(({ url }) => !taken.has(addressOf(url)))
  if (additional.length <= limit) return { targets: all, refused: new Map() }
  const order = additional.toSorted((a, b) => Number(running.has(b.url)) - Number(running.has(a.url)))
  const excess = new Set(order.slice(limit))
  const refused = new Map<string, number>()
  for (const { source } of excess) refused.set(source, (refused.get(source) ?? 0) + 1)
  return { targets: all.filter((target) => !excess.has(target)), refused }
}

/** Two ways of writing one address are the same: user and password, and the usual port, do not count. */
export function addressOf(url: string): string {
  const parsed = new URL(url)
  parsed.username = ''
  parsed.password = ''
  parsed.hash = ''
  return parsed.href
}
