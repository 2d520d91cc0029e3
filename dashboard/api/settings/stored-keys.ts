/** Keys that only the configuration names, told by their place: nothing of their values is known here. */
import type { Setting } from '../../../records/setting.ts'

export interface FileKey {
  /** `dashboard.api_keys[0]`. */
  key: string
  kind: 'dashboard' | 'ingest' | 'proxy' | 'sql' | 'upstream'
  /** Of a user of SQL, or of the endpoint that it is sent to; empty where the file gives none. */
  name: string
  /** What it lets its holder do. */
  role: string
  origin: Setting['origin']
  variables: string[]
}

const roles = {
  dashboard: 'everything on this dashboard and its API',
  ingest: 'sends OTLP',
  proxy: 'calls through the proxy',
  upstream: 'calls the endpoint; sent in place of a virtual key',
}

export function fileKeys(settings: readonly Setting[]): FileKey[] {
  const valueOf = new Map(settings.map(({ path, value }) => [path, value]))
  return settings.flatMap(({ path, value, origin, variables }): FileKey[] => {
    const [, kind] = /^(dashboard|ingest|proxy)\.api_keys\[\d+\]$/.exec(path) ?? []
    if (kind === 'dashboard' || kind === 'ingest' || kind === 'proxy')
      return [{ key: path, kind, name: '', role: roles[kind], origin, variables }]
    const [, user] = /^(clickhouse\.users\[\d+\])\.name$/.exec(path) ?? []
    if (user !== undefined)
      return [{ key: user, kind: 'sql', name: value, role: valueOf.get(`${user}.role`) ?? '', origin, variables }]
    const [, endpoint] = /^(endpoints\[\d+\])\.(?:api_key|aws\.secret_access_key)$/.exec(path) ?? []
    if (endpoint === undefined) return []
    const name = valueOf.get(`${endpoint}.name`) ?? ''
    return [{ key: path, kind: 'upstream', name, role: roles.upstream, origin, variables }]
  })
}
