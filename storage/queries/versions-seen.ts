/** Versions of models, services and prompts that were called for the first time. Reads `versions_seen`, exact to the ms. */
import type { Change } from '../../records/change.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

const most = 500
/** Versions that are first seen this soon after a name is were in use side by side, as far as anybody can tell. */
const settlingMs = 15 * 60_000

interface VersionRow {
  kind: 'model' | 'service' | 'prompt'
  environment: string
  endpoint: string
  name: string
  version: string
  before: string
  at: number
}

/** Each with the version that was new before it; the first version of a name is none that changed. */
export async function versionChanges(db: Db, { from, to }: TimeRange): Promise<Change[]> {
  const rows = await db.query<VersionRow>(
    `select kind, environment, endpoint, name, version, before, at from (
      select s.kind as kind, s.environment as environment, s.endpoint as endpoint, s.name as name, s.version as version,
        toFloat64(toUnixTimestamp64Milli(min(s.first_seen))) as at,
        min(at) over w as first_at,
        lagInFrame(version) over (w rows between unbounded preceding and current row) as before
      from versions_seen as s
      group by kind, environment, endpoint, name, version
      window w as (partition by kind, environment, endpoint, name order by at, version)
    )
    where at >= {from_ms:Float64} and at < {to_ms:Float64} and at >= first_at + {settling_ms:Float64}
    order by at desc, kind, name, version limit {most:UInt32}`,
    { from_ms: from, to_ms: to, settling_ms: settlingMs, most },
  )
  return rows.map(changeOf)
}

/** Where more is said of each, and the column of requests that names it. */
const named = {
  model: { scope: (name: string) => ({ model: name }), link: (name: string) => `/models/${encodeURIComponent(name)}` },
  service: {
    scope: (name: string) => ({ service: name }),
    link: (name: string) => `/requests?${new URLSearchParams({ service: name })}`,
  },
  prompt: {
    scope: (name: string) => ({ prompt_name: name }),
    link: (name: string) => `/requests?${new URLSearchParams({ q: `prompt_name:${JSON.stringify(name)}` })}`,
  },
} satisfies Record<VersionRow['kind'], { scope: (name: string) => Change['scope']; link: (name: string) => string }>

function changeOf({ kind, environment, endpoint, name, version, before, at }: VersionRow): Change {
  const what = kind === 'model' ? name : `${kind} ${name}`
  const { scope, link } = named[kind]
  return {
    id: `version ${JSON.stringify([kind, environment, endpoint, name, version])}`,
    kind: 'version',
    at,
    until: null,
    title: `${what}: version ${version}`,
    text: `First seen; before it ${before}`,
    scope: { ...scope(name), ...(environment && { environment }), ...(endpoint && { endpoint }) },
    severity: '',
    link: link(name),
    by: '',
    annotation: null,
  }
}
