/** Who is told of a rule's alerts, and how they are grouped and repeated, and which alerts inhibit others: what is configured, as backtests go by it. */
import { groupId, type Timings } from '../group.ts'
import { pickLabels, type Labels } from '../labels.ts'
import type { AlertsConfig } from '../config.ts'
import type { InhibitRuleConfig } from '../routing/config.ts'
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

export interface Paging {
  /** Those that an alert with these labels joins, of receivers that tell somebody. */
  groupsOf(labels: Labels): PagedGroup[]
  inhibitRules: readonly InhibitRuleConfig[]
}

export function pagingOf(
  config: Pick<AlertsConfig, 'route' | 'receivers' | 'time_intervals' | 'inhibit_rules'>,
): Paging {
  const { route, receivers, time_intervals, inhibit_rules: inhibitRules } = config
  const first = receivers.find(({ notify }) => notify.length > 0) ?? receivers[0]
  const tree = compileRoute(route, first?.name ?? '')
  const silent = new Set(receivers.filter(({ notify }) => notify.length === 0).map(({ name }) => name))
  const intervals = new Map(time_intervals.map(({ name, time_intervals: all }) => [name, compileIntervals(all)]))
  const groupsOf = (labels: Labels) => {
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
  return { groupsOf, inhibitRules }
}

function muteTimes(route: Route, intervals: ReadonlyMap<string, Holds>): Holds {
  const { mute_time_intervals: mute, active_time_intervals: active } = route
  const holds = (names: readonly string[], at: number) => names.some((name) => intervals.get(name)?.(at))
  return (at) => holds(mute, at) || (active.length > 0 && !holds(active, at))
}
