/** How each kind of change is called and drawn. */
import {
  IconAlertTriangle,
  IconBell,
  IconCoin,
  IconNote,
  IconRefresh,
  IconRocket,
  IconSettings,
  IconVersions,
  type Icon,
} from '@tabler/icons-react'
import type { Change } from '../data/changes.ts'

export const kinds: Record<Change['kind'], { word: string; icon: Icon }> = {
  deploy: { word: 'Deploy', icon: IconRocket },
  config: { word: 'Configuration', icon: IconSettings },
  price: { word: 'Price', icon: IconCoin },
  incident: { word: 'Incident', icon: IconAlertTriangle },
  note: { word: 'Note', icon: IconNote },
  version: { word: 'New version', icon: IconVersions },
  restart: { word: 'Restart', icon: IconRefresh },
  alert: { word: 'Alert', icon: IconBell },
}
