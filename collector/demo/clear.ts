/** Removes what demo traffic left: it carries environment = 'demo', or hosts, endpoints and pages of the demo. */
import type { Db } from '../../storage/client.ts'
import { demoEnvironment, demoModels, demoPath, demoPrefix, gpuHost } from './scenario.ts'

/** Rows of a table with such a column are the demo's when the condition holds. */
const marks: Record<string, string> = {
  environment: `environment = '${demoEnvironment}'`,
  host: `startsWith(host, '${demoPrefix}')`,
  endpoint: `startsWith(endpoint, '${demoPrefix}')`,
  // Of a GPU driver the host.
  instance: `instance = '${gpuHost}'`,
  target: `target LIKE 'http://127.0.0.1:%${demoPath}%'`,
  url: `url LIKE 'http://127.0.0.1:%${demoPath}%'`,
  labels: [
    `labels['environment'] = '${demoEnvironment}'`,
    `startsWith(labels['host'], '${demoPrefix}')`,
    `startsWith(labels['endpoint'], '${demoPrefix}')`,
    // An alert on a model says nothing of an environment: it is the demo's when nothing else asks that model.
    `(labels['model'] IN ({models:Array(String)}) AND labels['model'] NOT IN (SELECT DISTINCT model FROM requests))`,
  ].join(' OR '),
}

interface Column {
  table: string
  name: string
  type: string
}

/** Notifications have no labels: they go when all the alerts in them do. */
async function clearNotifications(db: Db): Promise<void> {
  const sources = ['alert_events', 'alert_state'].map(
    (table) => `SELECT fingerprint FROM ${table} WHERE ${marks['labels']}`,
  )
  const alerts = await db.query<{ fingerprint: string }>(sources.join(' UNION DISTINCT '), { models: demoModels })
  await db.command(
    `ALTER TABLE notifications DELETE WHERE notEmpty(alerts) AND hasAll({demo:Array(String)}, alerts)
     SETTINGS mutations_sync = 1`,
    { demo: alerts.map(({ fingerprint }) => fingerprint) },
  )
}

/** Resolves once every mark of the demo is gone from every table. Stop a running demo first. */
export async function clearDemo(db: Db): Promise<void> {
  const columns = await db.query<Column>(
    `SELECT table, name, type FROM system.columns
     WHERE database = currentDatabase() AND name IN ({names:Array(String)})
       AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')`,
    { names: Object.keys(marks) },
  )
  const tables = Map.groupBy(columns.filter(isMark), ({ table }) => table)
  // Raw rows go before what is computed from them, and requests before alerts: whether a model is in use elsewhere shows then.
  const order = ['requests', 'spans', 'gpu_samples', 'server_samples', 'alert_events']
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  const names = [...tables.keys()].sort((a, b) => rank(a) - rank(b))
  for (const name of names) {
    if (name === 'alert_events') await clearNotifications(db)
    const condition = (tables.get(name) ?? []).map((column) => `(${marks[column.name]})`).join(' OR ')
    await db.command(`ALTER TABLE ${name} DELETE WHERE ${condition} SETTINGS mutations_sync = 1`, {
      models: demoModels,
    })
  }
}

/** `labels` of a map type, the others of a text type. */
function isMark({ name, type }: Column): boolean {
  return name === 'labels' ? type.startsWith('Map(') : type.includes('String')
}
