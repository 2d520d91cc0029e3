/**
 * The pages that exist, in the order of the rail, and which of the top bar's controls mean something on them. `g` and then `key` goes
 * there; those with `phone` have a place in the bar of a phone, which has room for five.
 */
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
  IconSettings,
  IconUsers,
  type Icon,
} from '@tabler/icons-react'

export type Group = 'health' | 'traffic' | 'answers' | 'intake'

export interface PageEntry {
  to: string
  word: string
  icon: Icon
  key: string
  group: Group
  filters: boolean
  range: boolean
  /** Its charts draw the period before too, or its lists tell it. */
  compare?: boolean
  phone?: boolean
}

const narrowed = { filters: true, range: true }
const whole = { filters: false, range: true }

export const pages: readonly PageEntry[] = [
  {
    to: '/',
    word: 'Overview',
    icon: IconActivityHeartbeat,
    key: 'o',
    group: 'health',
    ...narrowed,
    compare: true,
    phone: true,
  },
  { to: '/models', word: 'Models', icon: IconBrain, key: 'm', group: 'health', ...narrowed },
  { to: '/endpoints', word: 'Endpoints', icon: IconPlugConnected, key: 'e', group: 'health', ...narrowed },
  { to: '/servers', word: 'Servers', icon: IconServer2, key: 's', group: 'health', ...whole, compare: true },
  { to: '/gpus', word: 'GPUs', icon: IconCpu, key: 'p', group: 'health', ...whole, compare: true, phone: true },
  { to: '/uptime', word: 'Uptime', icon: IconHeartRateMonitor, key: 'h', group: 'health', ...whole },
  { to: '/requests', word: 'Requests', icon: IconListSearch, key: 'r', group: 'traffic', ...narrowed, phone: true },
  { to: '/cost', word: 'Cost', icon: IconCoin, key: 'c', group: 'traffic', ...narrowed, compare: true, phone: true },
  { to: '/sessions', word: 'Sessions', icon: IconMessages, key: 'n', group: 'traffic', ...narrowed, compare: true },
  { to: '/users', word: 'Users', icon: IconUsers, key: 'u', group: 'traffic', ...narrowed, compare: true },
  { to: '/alerts', word: 'Alerts', icon: IconBell, key: 'a', group: 'answers', ...whole, phone: true },
  { to: '/sql', word: 'SQL', icon: IconDatabaseSearch, key: 'q', group: 'answers', ...whole },
  { to: '/targets', word: 'Targets', icon: IconRadar2, key: 't', group: 'intake', ...whole },
  { to: '/ingest', word: 'Ingest', icon: IconArrowBarToDown, key: 'i', group: 'intake', ...whole },
  { to: '/settings', word: 'Settings', icon: IconSettings, key: 'x', group: 'intake', ...whole },
]

type InnerPage = Pick<PageEntry, 'to' | 'word' | 'filters' | 'range' | 'compare'>

/** Pages that others lead to. */
export const innerPages: readonly InnerPage[] = [
  { to: '/models/$model', word: 'Models', ...narrowed, compare: true },
  { to: '/endpoints/$endpoint', word: 'Endpoints', ...narrowed, compare: true },
  { to: '/traces/$trace_id', word: 'Trace', filters: false, range: false },
  { to: '/sessions/$session_id', word: 'Session', filters: false, range: false },
  { to: '/users/$user_id', word: 'User', ...narrowed, compare: true },
  { to: '/schema', word: 'Tables and views', filters: false, range: false },
  { to: '/alerts/rule', word: 'Rule editor', filters: false, range: true },
]

/** The page of a path; a page of one thing, such as `/gpus/$host/$gpu`, is that of its list. */
export function pageAt(path: string): InnerPage | undefined {
  const exact = [...pages, ...innerPages].find(({ to }) => to === path)
  return exact ?? pages.find(({ to }) => to !== '/' && path.startsWith(`${to}/`))
}
