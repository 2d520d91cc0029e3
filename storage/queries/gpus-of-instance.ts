/** The GPUs that servers ran on, while they ran on them. Reads `topology` and `gpu_samples`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { frameOf, linesOf, maxLines, type SeriesFrame } from './series.ts'
import { gpuId } from './topology-facts.ts'

const measures = ['utilization_ratio', 'memory_ratio', 'power_watts'] as const

export interface GpuPlace {
  host: string
  gpu: string
  mig_id: string
  /** As in `topology.gpu_uuids`. */
  uuid: string
}

export type InstanceGpuLine = GpuPlace & Record<(typeof measures)[number], (number | null)[]>

export interface InstanceGpus extends SeriesFrame {
  lines: InstanceGpuLine[]
}

/** Means per bucket, null where the GPU was none of theirs. A GPU that two exporters show is one line. */
export async function gpusOfInstances(
  db: Db,
  instances: readonly string[],
  range: TimeRange,
  scrapeMs = 10_000,
): Promise<InstanceGpus> {
  const frame = frameOf(range, 'gpu_samples', scrapeMs)
  const within = (column: string) =>
    `${column} >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and ${column} < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`
  const rows = await db.query<GpuPlace & { at: number } & Record<(typeof measures)[number], number | null>>(
    `with used as (
      select distinct uuid, mig_id, t.valid_from as valid_from, t.valid_to as valid_to
      from topology as t array join t.gpu_uuids as uuid, t.mig_ids as mig_id
      where t.instance in {instances:Array(String)} and not t.ambiguous
    )
    select any(g.host) as host, any(g.gpu) as gpu, u.mig_id as mig_id, u.uuid as uuid,
      intDiv(toUnixTimestamp64Milli(g.timestamp), {step_ms:Int64}) * {step_ms:Int64} as at,
      avg(g.utilization_ratio) as utilization_ratio,
      avg(g.memory_used_bytes / g.memory_total_bytes) as memory_ratio,
      avg(g.power_watts) as power_watts
    from gpu_samples as g inner join used as u on ${gpuId('g')} = u.uuid and toString(g.mig_id) = u.mig_id
    where ${within('g.timestamp')} and g.timestamp >= u.valid_from and (u.valid_to is null or g.timestamp < u.valid_to)
    group by uuid, mig_id, at order by uuid, mig_id, at limit {rows:UInt32}`,
    {
      instances,
      from_ms: Math.floor(range.from),
      to_ms: Math.ceil(range.to),
      step_ms: frame.step_ms,
      rows: frame.times.length * maxLines,
    },
  )
  const places = new Map(rows.map(({ host, gpu, mig_id, uuid }) => [`${uuid} ${mig_id}`, { host, gpu, mig_id, uuid }]))
  const lines = linesOf(frame, rows, measures, ({ uuid, mig_id }) => ({
    ...(places.get(`${uuid} ${mig_id}`) as GpuPlace),
  }))
  return { ...frame, lines }
}
