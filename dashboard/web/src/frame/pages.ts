/**
 * The pages that exist, in the order of the rail, and which of the top bar's controls mean something on them. `g` and then `key` goes
 * there; those with `phone` have a place in the bar of a phone, which has room for five.
 */
import {
  IconActivityHeartbeat,
  IconArrowBarToDown,
  IconBell,
  IconCpu,
  IconDatabaseSearch,
  IconHeartRateMonitor,
  IconListSearch,
  IconRadar2,
  IconServer2,
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
  /** Its charts draw the period before too. */
  compare?: boolean
  phone?: boolean
}

export const pages: readonly PageEntry[] = [
  {
    to: '/',
    word: 'Overview',
    icon: IconActivityHeartbeat,
    key: 'o',
    group: 'health',
    filters: true,
    range: true,
    compare: true,
    phone: true,
  },
  { to: '/servers', word: 'Servers', icon: IconServer2, key: 's', group: 'health', filters: false, range: true },
  { to: '/gpus', word: 'GPUs', icon: IconCpu, key: 'p', group: 'health', filters: false, range: true, phone: true },
  { to: '/uptime', word: 'Uptime', icon: IconHeartRateMonitor, key: 'u', group: 'health', filters: false, range: true },
  {
    to: '/requests',
    word: 'Requests',
    icon: IconListSearch,
    key: 'r',
    group: 'traffic',
    filters: true,
    range: true,
    phone: true,
  },
  {
    to: '/alerts',
    word: 'Alerts',
    icon: IconBell,
    key: 'a',
    group: 'answers',
    filters: false,
    range: true,
    phone: true,
  },
  {
    to: '/sql',
    word: 'SQL',
    icon: IconDatabaseSearch,
    key: 'q',
    group: 'answers',
    filters: false,
    range: true,
    phone: true,
  },
  { to: '/targets', word: 'Targets', icon: IconRadar2, key: 't', group: 'intake', filters: false, range: true },
  { to: '/ingest', word: 'Ingest', icon: IconArrowBarToDown, key: 'i', group: 'intake', filters: false, range: true },
]

type InnerPage = Pick<PageEntry, 'to' | 'word' | 'filters' | 'range' | 'compare'>

/** Pages that others lead to. */
export const innerPages: readonly InnerPage[] = [
  { to: '/schema', word: 'Tables and views', filters: false, range: false },
  { to: '/alerts/rule', word: 'Rule editor', filters: false, range: true },
]

/** The page of a path; a page of one thing, such as `/gpus/host/0`, is that of its list. */
export function pageAt(path: string): InnerPage | undefined {
  const exact = [...pages, ...innerPages].find(({ to }) => to === path)
  return exact ?? pages.find(({ to }) => to !== '/' && path.startsWith(`${to}/`))
}
