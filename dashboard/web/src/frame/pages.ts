/** The pages that exist, in the order of the rail, and which of the top bar's controls mean something on them. */
import {
  IconActivityHeartbeat,
  IconArrowBarToDown,
  IconBell,
  IconCoin,
  IconBrain,
  IconCpu,
  IconDatabaseSearch,
  IconHeartRateMonitor,
  IconListSearch,
  IconMessages,
  IconPlugConnected,
  IconRadar2,
  IconServer2,
  IconUsers,
} from '@tabler/icons-react'

export const pages = [
  { to: '/', word: 'Overview', icon: IconActivityHeartbeat, filters: true, range: true },
  { to: '/models', word: 'Models', icon: IconBrain, filters: true, range: true },
  { to: '/endpoints', word: 'Endpoints', icon: IconPlugConnected, filters: true, range: true },
  { to: '/servers', word: 'Servers', icon: IconServer2, filters: false, range: true },
  { to: '/gpus', word: 'GPUs', icon: IconCpu, filters: false, range: true },
  { to: '/requests', word: 'Requests', icon: IconListSearch, filters: true, range: true },
  { to: '/cost', word: 'Cost', icon: IconCoin, filters: true, range: true },
  { to: '/sessions', word: 'Sessions', icon: IconMessages, filters: true, range: true },
  { to: '/users', word: 'Users', icon: IconUsers, filters: true, range: true },
  { to: '/uptime', word: 'Uptime', icon: IconHeartRateMonitor, filters: false, range: true },
  { to: '/alerts', word: 'Alerts', icon: IconBell, filters: false, range: true },
  { to: '/sql', word: 'SQL', icon: IconDatabaseSearch, filters: false, range: true },
  { to: '/targets', word: 'Targets', icon: IconRadar2, filters: false, range: true },
  { to: '/ingest', word: 'Ingest', icon: IconArrowBarToDown, filters: false, range: true },
] as const

/** Pages that others lead to. */
export const innerPages = [
  { to: '/traces/$trace_id', word: 'Trace', filters: false, range: false },
  { to: '/sessions/$session_id', word: 'Session', filters: false, range: false },
  { to: '/users/$user_id', word: 'User', filters: true, range: true },
  { to: '/schema', word: 'Tables and views', filters: false, range: false },
  { to: '/alerts/rule', word: 'Rule editor', filters: false, range: true },
] as const

/** The page at a path: itself, or the list that a page of one thing belongs to. */
export function pageAt(path: string) {
  const all = [...pages, ...innerPages]
  return all.find(({ to }) => to === path) ?? all.find(({ to }) => to !== '/' && path.startsWith(`${to}/`))
}
