/** How alerts are grouped and repeated, as far as backtests go by it: the root route of the configuration. */
import { durationMs } from '../../records/duration.ts'
import type { Route } from '../config.ts'
import type { Paging } from './pages.ts'

export function pagingOf(route: Route): Paging {
  return {
    group_by: route.group_by,
    group_wait_ms: durationMs(route.group_wait),
    group_interval_ms: durationMs(route.group_interval),
    repeat_interval_ms: durationMs(route.repeat_interval),
  }
}
