/** The route tree: which receivers an alert leads to, with what grouping and timings. Pure. */
import { durationMs } from '../../records/duration.ts'
import type { Timings } from '../group.ts'
import { pickLabels, formatLabels, type Labels } from '../labels.ts'
import { matchersOf, type ChildRouteConfig, type RootRouteConfig } from './config.ts'
import { allHold, formatMatchers, type Matcher } from './matcher.ts'

export interface Route {
  /** Alertmanager's: the matchers from the root down, as `{}/{severity="page"}`. */
  key: string
  receiver: string
  group_by: readonly string[]
  timings: Timings
  matchers: readonly Matcher[]
  continue: boolean
  mute_time_intervals: readonly string[]
  active_time_intervals: readonly string[]
  routes: readonly Route[]
}

/** `receiver` is told unless the tree says who. */
export function compileRoute(root: RootRouteConfig, receiver: string): Route {
  return compile({ ...root, receiver: root.receiver ?? receiver }, null)
}

function compile(config: ChildRouteConfig, parent: Route | null): Route {
  const matchers = matchersOf(config)
  const { receiver = '', group_by = [], timings } = parent ?? {}
  const ms = (text: string | undefined, inherited = 0) => (text === undefined ? inherited : durationMs(text))
  const route = {
    key: `${parent ? `${parent.key}/` : ''}${formatMatchers(matchers)}`,
    receiver: config.receiver ?? receiver,
    group_by: config.group_by ?? group_by,
    timings: {
      group_wait_ms: ms(config.group_wait, timings?.group_wait_ms),
      group_interval_ms: ms(config.group_interval, timings?.group_interval_ms),
      repeat_interval_ms: ms(config.repeat_interval, timings?.repeat_interval_ms),
    },
    matchers,
    continue: config.continue,
    // Time intervals hold for the route that names them alone, as in Alertmanager.
    mute_time_intervals: config.mute_time_intervals,
    active_time_intervals: config.active_time_intervals,
    routes: [],
  }
  return { ...route, routes: config.routes.map((child) => compile(child, route)) }
}

/** The routes that take an alert: the deepest matching ones, more than one only by `continue`. */
export function routesFor(route: Route, labels: Labels): Route[] {
  if (!allHold(route.matchers, labels)) return []
  const taken: Route[] = []
  for (const child of route.routes) {
    const found = routesFor(child, labels)
    taken.push(...found)
    if (found.length > 0 && !child.continue) break
  }
  return taken.length > 0 ? taken : [route]
}

/** Alertmanager's key of the group that an alert joins on a route: `{}/{severity="page"}:{alertname="Down"}`. */
export function groupKeyOn(route: Route, labels: Labels): string {
  return `${route.key}:${formatLabels(pickLabels(labels, route.group_by))}`
}

/** Every route of the tree, the root first. */
export function allRoutes(route: Route): Route[] {
  return [route, ...route.routes.flatMap(allRoutes)]
}
