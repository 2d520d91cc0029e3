/** The pages that exist, in the order of the rail. */
import {
  IconActivityHeartbeat,
  IconArrowBarToDown,
  IconBell,
  IconCpu,
  IconListSearch,
  IconServer2,
} from '@tabler/icons-react'

export const pages = [
  { to: '/', word: 'Overview', icon: IconActivityHeartbeat },
  { to: '/servers', word: 'Servers', icon: IconServer2 },
  { to: '/gpus', word: 'GPUs', icon: IconCpu },
  { to: '/requests', word: 'Requests', icon: IconListSearch },
  { to: '/alerts', word: 'Alerts', icon: IconBell },
  { to: '/ingest', word: 'Ingest', icon: IconArrowBarToDown },
] as const
