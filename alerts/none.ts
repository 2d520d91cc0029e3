/** What the dashboard is given where rules are evaluated by another process, or by none. */
import type { Alerts } from './index.ts'

export const noAlerts: Omit<Alerts, 'reload' | 'stop'> = {
  active: () => [],
  rules: () => [],
  channels: () => [],
  lease: () => ({ identity: '', role: 'follower', leader: null, fence: 0 }),
  routing: null,
  chart: () => Promise.resolve(null),
  testNotification: (receiver) => Promise.reject(new RangeError(`no receiver "${receiver}"`)),
}
