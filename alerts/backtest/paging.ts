/** Who is told of a rule's alerts, and how they are grouped and repeated, as far as backtests go by it: the configured route tree. */
import { groupId, type Timings } from '../group.ts'
import { pickLabels, type Labels } from '../labels.ts'
import type { AlertsConfig } from '../config.ts'
import { compileRoute, groupKeyOn, routesFor, type Route } from '../routing/route.ts'
import { compileIntervals, type Holds } from '../routing/time-interval.ts'

/** A group that an alert joins. */
export interface PagedGroup {
  id: string
  receiver: string
  labels: Labels
  timings: Timings
  /** Whether its route is mute at a moment, in epoch milliseconds. */
  isMute: Holds
}

/** The groups that an alert with these labels joins, of receivers that tell somebody. */
export type Paging = (labels: Labels) => PagedGroup[]

export function pagingOf(config: Pick<AlertsConfig, 'route' | 'receivers' | 'time_intervals'>): Paging {
  const { route, receivers, time_intervals } = config
  const first = receivers.find(({ notify }) => notify.length > 0) ?? receivers[0]
  const tree = compileRoute(route, first?.name ?? '')
  const silent = new Set(receivers.filter(({ notify }) => notify.length === 0).map(({ name }) => name))
  const intervals = new Map(time_intervals.map(({ name, time_intervals: all }) => [name, compileIntervals(all)]))
  return (labels) => {
    const groups = routesFor(tree, labels)
      .filter(({ receiver }) => !silent.has(receiver))
      .map((leaf) => ({
        id: groupId({ receiver: leaf.receiver, key: groupKeyOn(leaf, labels) }),
        receiver: leaf.receiver,
        labels: pickLabels(labels, leaf.group_by),
        timings: leaf.timings,
        isMute: muteTimes(leaf, intervals),
      }))
    return [...new Map(groups.map((group) => [group.id, group])).values()]
  }
}

function muteTimes(route: Route, intervals: ReadonlyMap<string, Holds>): Holds {
  const { mute_time_intervals: mute, active_time_intervals: active } = route
  const holds = (names: readonly string[], at: number) => names.some((name) => intervals.get(name)?.(at))
  return (at) => holds(mute, at) || (active.length > 0 && !holds(active, at))
}
