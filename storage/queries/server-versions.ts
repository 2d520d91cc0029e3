/** Versions of inference servers and GPU drivers. Reads `server_versions`, exact to a scrape: to 5 minutes where no restart was seen. */
import type { Change } from '../../records/change.ts'
import type { ServerVersion } from '../../records/server-version.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

type Told = Omit<ServerVersion, 'timestamp'> & { at: number }
interface Turned extends Told {
  /** Of the same instance; empty when this is its first. */
  before: string
}

const most = 5000
/** What was not told for longer is no version to come from. */
const rememberedMs = 40 * 86_400_000
/** Versions that an endpoint's servers first tell this soon after each other were in use side by side, as far as anybody can tell. */
const settlingMs = 15 * 60_000

/** Keyed by server and instance: what each of them last told before a time, epoch ms. */
export async function versionsAt(db: Db, to: number): Promise<ReadonlyMap<string, string>> {
  const rows = await db.query<Pick<Told, 'server' | 'instance' | 'version'>>(
    `select v.server as server, v.instance as instance, argMax(v.version, v.timestamp) as version
    from server_versions as v
    where v.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      and v.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    group by server, instance limit {most:UInt32}`,
    { from_ms: Math.floor(to - rememberedMs), to_ms: Math.ceil(to), most },
  )
  return new Map(rows.map((row) => [keyOf(row), row.version]))
}

export const keyOf = ({ server, instance }: Pick<Told, 'server' | 'instance'>) => JSON.stringify([server, instance])

export async function serverVersionChanges(db: Db, { from, to }: TimeRange): Promise<Change[]> {
  const rows = await db.query<Turned>(
    `select server, instance, endpoint, version, before, at from (
      select v.server as server, v.instance as instance, v.endpoint as endpoint, v.version as version,
        toFloat64(toUnixTimestamp64Milli(v.timestamp)) as at,
        lagInFrame(version) over (partition by server, instance order by at
          rows between unbounded preceding and current row) as before
      from server_versions as v
      where v.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        and v.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    )
    where version != before
    order by at desc, server desc, instance desc limit {most:UInt32}`,
    { from_ms: Math.floor(from - rememberedMs), to_ms: Math.ceil(to), most },
  )
  return turns(rows.toReversed())
    .filter(({ at }) => at >= from)
    .map(changeOf)
}

/**
 * An instance that tells another version than before; and, since pods get a new address with a new version, a new instance of an
 * endpoint that tells another one than the newest before it. The earliest first, as `told` has to be.
 */
export function turns(told: readonly Turned[]): Turned[] {
  const newest = new Map<string, { version: string; since: number }>()
  return told.flatMap((one) => {
    const { server, endpoint, version, before, at } = one
    const key = JSON.stringify([server, endpoint])
    const known = endpoint === '' ? undefined : newest.get(key)
    newest.set(key, { version, since: known?.since ?? at })
    if (before !== '') return [one]
    const settled = known !== undefined && at >= known.since + settlingMs
    return settled && known.version !== version ? [{ ...one, before: known.version }] : []
  })
}

const words: Record<string, string> = {
  vllm: 'vLLM',
  sglang: 'SGLang',
  tgi: 'TGI',
  tei: 'TEI',
  nim: 'NIM',
  litellm: 'LiteLLM',
  ollama: 'Ollama',
  'llama-cpp': 'llama.cpp',
  'gpu-driver': 'GPU driver',
}

function changeOf({ server, instance, endpoint, version, before, at }: Turned): Change {
  const driver = server === 'gpu-driver'
  return {
    id: `server version ${JSON.stringify([server, instance, version, at])}`,
    kind: 'version',
    at,
    until: null,
    title: `${words[server] ?? server} ${before} → ${version} on ${instance}`,
    text: driver ? '' : 'As the server tells it',
    scope: driver ? { host: instance } : { instance, ...(endpoint && { endpoint }) },
    severity: '',
    link: driver ? '/gpus' : `/servers/${encodeURIComponent(instance)}`,
    by: '',
    annotation: null,
  }
}
