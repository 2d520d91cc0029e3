/** What was seen lately of servers, GPUs and answers: the evidence of the topology. Reads samples, `requests` and `requests_1h`. */
import type { GpuSample } from '../../records/gpu-sample.ts'
import type { ServerSample } from '../../records/server-sample.ts'
import type { Db } from '../client.ts'

interface SeenAt {
  /** Epoch ms. */
  first_ms: number
  last_ms: number
}

export type ServerSeen = Pick<ServerSample, 'server' | 'role' | 'instance' | 'model' | 'endpoint'> & SeenAt

const seenAt = (table: string) =>
  `toUnixTimestamp64Milli(min(${table}.timestamp)) as first_ms, toUnixTimestamp64Milli(max(${table}.timestamp)) as last_ms`

/** Servers and their models with samples since `since` (epoch ms). */
export async function serversSeen(db: Db, since: number): Promise<ServerSeen[]> {
  return db.query<ServerSeen>(
    `select s.server as server, s.instance as instance, s.model as model, argMax(s.endpoint, s.timestamp) as endpoint,
      argMax(s.role, s.timestamp) as role, ${seenAt('s')}
    from server_samples as s where s.timestamp >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    group by server, instance, model order by instance, model limit 20000`,
    { since_ms: Math.floor(since) },
  )
}

const gpuColumns = ['mig_profile', 'device', 'pci_bus_id', 'namespace', 'pod', 'container'] as const
const gpuKey = ['target', 'host', 'gpu', 'uuid', 'mig_id'] as const
export type GpuSeen = Pick<GpuSample, (typeof gpuKey)[number] | (typeof gpuColumns)[number]> & SeenAt

/** GPUs with samples since `since` (epoch ms), once for each target that shows them. One without a UUID is named by its place. */
export async function gpusSeen(db: Db, since: number): Promise<GpuSeen[]> {
  return db.query<GpuSeen>(
    `select g.target as target, g.host as host, g.gpu as gpu, ${gpuId('g')} as uuid, g.mig_id as mig_id,
      ${gpuColumns.map((column) => `argMax(g.${column}, g.timestamp) as ${column}`).join(', ')}, ${seenAt('g')}
    from gpu_samples as g where g.timestamp >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    group by target, host, gpu, uuid, mig_id order by host, gpu, mig_id limit 20000`,
    { since_ms: Math.floor(since) },
  )
}

/** What `topology.gpu_uuids` names a GPU of the sample `alias` by. */
export const gpuId = (alias: string) =>
  `if(${alias}.uuid = '', concat(${alias}.host, '/', ${alias}.gpu), toString(${alias}.uuid))`

export interface Answered {
  endpoint: string
  /** Empty over the longer time. */
  instance: string
  model: string
}

/** Which models the calls of endpoints were answered with: over the last day, and with their address since `since` (epoch ms). */
export async function modelsAnswered(db: Db, since: number, now: number): Promise<Answered[]> {
  return db.query<Answered>(
    `select distinct endpoint, instance, model from (
      select r.endpoint as endpoint, r.instance as instance, r.model as model from requests as r
      where r.timestamp >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') and r.endpoint != ''
      union all
      select h.endpoint as endpoint, '' as instance, h.model as model from requests_1h as h
      where h.timestamp >= fromUnixTimestamp64Milli({day_ms:Int64}, 'UTC') and h.endpoint != '' and h.requests > 0
    ) where model != '' order by endpoint, instance, model limit 20000`,
    { since_ms: Math.floor(since), day_ms: Math.floor(now - 86_400_000) },
  )
}

/** When anything was last scraped before `before`, epoch ms; 0 when nothing ever was. */
export async function lastScrape(db: Db, before: number): Promise<number> {
  const newest = (table: string) =>
    `(select timestamp from ${table} where timestamp < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC') order by timestamp desc limit 1)`
  const rows = await db.query<{ last_ms: number }>(
    `select toUnixTimestamp64Milli(timestamp) as last_ms from (
      select * from ${newest('server_samples')} union all select * from ${newest('gpu_samples')}
    ) order by last_ms desc limit 1`,
    { before_ms: Math.floor(before) },
  )
  return rows[0]?.last_ms ?? 0
}
