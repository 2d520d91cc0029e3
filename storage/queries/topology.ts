/** Which endpoint ran on which servers and GPUs, and when. Reads `topology`, and `requests` for what a call ran on. */
import type { TimeRange } from '../../records/time-range.ts'
import type { TopologyPeriod } from '../../records/topology.ts'
import type { Db } from '../client.ts'

const columns = `toUnixTimestamp64Milli(t.valid_from) as valid_from_ms, toUnixTimestamp64Milli(t.valid_to) as valid_to_ms,
      t.endpoint as endpoint, t.server as server, t.instance as instance, t.model as model, t.host as host,
      t.gpu_uuids as gpu_uuids, t.mig_ids as mig_ids, t.gpu_hour_usd as gpu_hour_usd, t.endpoint_source as endpoint_source,
      t.gpu_source as gpu_source, t.ambiguous as ambiguous, t.why as why`
/** One that was taken back ends where it began. */
const real = '(t.valid_to is null or t.valid_to > t.valid_from)'
const overlaps = `t.valid_from < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      and (t.valid_to is null or t.valid_to > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))`

/** Everything that held at some time of the range, doubtful links too. */
export async function topologyOver(db: Db, range: TimeRange): Promise<TopologyPeriod[]> {
  return db.query<TopologyPeriod>(
    `select ${columns} from topology as t where ${real} and ${overlaps}
    order by endpoint, instance, model, host, valid_from_ms limit 10000`,
    { from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to) },
  )
}

/** What held at one moment, epoch ms. */
export async function topologyAt(db: Db, at: number): Promise<TopologyPeriod[]> {
  return topologyOver(db, { from: at, to: at + 1 })
}

/** What holds still, and what ended since (epoch ms). */
export async function topologySince(db: Db, since: number): Promise<TopologyPeriod[]> {
  return db.query<TopologyPeriod>(
    `select ${columns} from topology as t
    where t.valid_to is null or (${real} and t.valid_to >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC'))
    order by valid_from_ms`,
    { since_ms: Math.floor(since) },
  )
}

export interface InstanceOfEndpoint {
  server: string
  instance: string
  model: string
  /** When it served the endpoint within the range, epoch ms. */
  from_ms: number
  to_ms: number
  gpu_uuids: string[]
}

/** Servers that surely served the endpoint at some time of the range, and the GPUs that they surely ran on then. */
export async function instancesOfEndpoint(db: Db, endpoint: string, range: TimeRange): Promise<InstanceOfEndpoint[]> {
  return db.query<InstanceOfEndpoint>(
    `select argMax(t.server, t.valid_from) as server, t.instance as instance, t.model as model,
      greatest(toUnixTimestamp64Milli(min(t.valid_from)), {from_ms:Int64}) as from_ms,
      least(max(ifNull(toUnixTimestamp64Milli(t.valid_to), {to_ms:Int64})), {to_ms:Int64}) as to_ms,
      arraySort(groupUniqArrayArray(t.gpu_uuids)) as gpu_uuids
    from topology as t
    where t.endpoint = {endpoint:String} and t.instance != '' and not t.ambiguous and ${real} and ${overlaps}
    group by t.instance, t.model order by instance, model limit 1000`,
    { endpoint, from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to) },
  )
}

export interface GpusUnderRequest {
  /**
   * How it is known which ones: by the server that the call names, by the servers of its endpoint with its model, or by its
   * endpoint alone. Only the first is about one server for sure.
   */
  by: 'instance' | 'model' | 'endpoint' | 'nothing'
  links: TopologyPeriod[]
}

/** The servers and GPUs that a call ran on when it began. */
export async function gpusUnderRequest(db: Db, trace_id: string, span_id: string): Promise<GpusUnderRequest> {
  const rows = await db.query<TopologyPeriod & { call_instance: string; call_model: string }>(
    `select ${columns}, c.instance as call_instance, c.model as call_model
    from topology as t cross join (
      select endpoint, instance, model, timestamp from requests
      where trace_id = {trace_id:String} and span_id = {span_id:String} limit 1
    ) as c
    where not t.ambiguous and ((c.endpoint != '' and t.endpoint = c.endpoint) or (c.instance != '' and t.instance = c.instance))
      and t.valid_from <= c.timestamp and (t.valid_to is null or t.valid_to > c.timestamp)
    order by endpoint, instance, model, host limit 1000`,
    { trace_id, span_id },
  )
  const links = rows.map(({ call_instance: _instance, call_model: _model, ...link }) => link)
  const [call] = rows
  if (!call) return { by: 'nothing', links: [] }
  const sameInstance = links.filter(({ instance }) => instance !== '' && instance === call.call_instance)
  if (sameInstance.length > 0) {
    const sameModel = sameInstance.filter(({ model }) => model === call.call_model)
    return { by: 'instance', links: sameModel.length > 0 ? sameModel : sameInstance }
  }
  const sameModel = links.filter(({ model }) => model === call.call_model)
  return sameModel.length > 0 ? { by: 'model', links: sameModel } : { by: 'endpoint', links }
}
