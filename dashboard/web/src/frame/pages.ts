/** The pages that exist, in the order of the rail, and which of the top bar's controls mean something on them. */
import {
  IconActivityHeartbeat,
  IconArrowBarToDown,
  IconBell,
  IconBrain,
  IconCpu,
  IconDatabaseSearch,
  IconHeartRateMonitor,
  IconListSearch,
  IconPlugConnected,
  IconRadar2,
  IconServer2,
} from '@tabler/icons-react'

export const pages = [
  { to: '/', word: 'Overview', icon: IconActivityHeartbeat, filters: true, range: true },
  { to: '/models', word: 'Models', icon: IconBrain, filters: true, range: true },
  { to: '/endpoints', word: 'Endpoints', icon: IconPlugConnected, filters: true, range: true },
  { to: '/servers', word: 'Servers', icon: IconServer2, filters: false, range: true },
  { to: '/gpus', word: 'GPUs', icon: IconCpu, filters: false, range: true },
  { to: '/requests', word: 'Requests', icon: IconListSearch, filters: true, range: true },
  { to: '/uptime', word: 'Uptime', icon: IconHeartRateMonitor, filters: false, range: true },
  { to: '/alerts', word: 'Alerts', icon: IconBell, filters: false, range: true },
  { to: '/sql', word: 'SQL', icon: IconDatabaseSearch, filters: false, range: true },
  { to: '/targets', word: 'Targets', icon: IconRadar2, filters: false, range: true },
  { to: '/ingest', word: 'Ingest', icon: IconArrowBarToDown, filters: false, range: true },
] as const

/** Pages that others lead to. */
export const innerPages = [
  { to: '/schema', word: 'Tables and views', filters: false, range: false },
  { to: '/alerts/rule', word: 'Rule editor', filters: false, range: true },
] as const

/** The page at a path: itself, or the list that a page of one thing belongs to. */
export function pageAt(path: string) {
  const all = [...pages, ...innerPages]
  return all.find(({ to }) => to === path) ?? all.find(({ to }) => to !== '/' && path.startsWith(`${to}/`))
}
