/**
 * Which GPUs are in trouble, or idle? Exact, over raw rows of `gpu_samples`; what an idle one costs is in `topology`. A GPU is known
 * by its UUID where there is one; MIG instances and partitions are things of their own.
 */
import { calmReasons } from '../../records/gpu-sample.ts'
import { alertSamples, covered, gaugeOver, type Over, type SampleMeasure, type SampleScan } from './alert-samples.ts'
import type { Question } from './alert-scan.ts'
import { gpuId } from './topology-facts.ts'

export const gpuColumns = [
  'host',
  'gpu',
  'mig_id',
  'device',
  'uuid',
  'mig_profile',
  'namespace',
  'pod',
  'container',
  'target',
] as const
export type GpuColumn = (typeof gpuColumns)[number]

export interface GpuScan extends SampleScan<GpuColumn> {
  /** Share of the window that samples have to cover, 0–1. */
  min_coverage: number
}

const key = [gpuId('s'), 's.mig_id']

const gauges = {
  sm_active: 's.sm_active_ratio',
  tensor_active: 's.tensor_active_ratio',
  vram_used: 's.memory_used_bytes / nullIf(s.memory_total_bytes, 0)',
  temperature: 's.temperature_celsius',
  memory_temperature: 's.memory_temperature_celsius',
  power: 's.power_watts',
  power_usage: 's.power_watts / nullIf(s.power_limit_watts, 0)',
} as const
export type GpuGauge = keyof typeof gauges

export function alertGpuGauge(gauge: GpuGauge, over: Over, scan: GpuScan): Question {
  return ask(gaugeOver(gauges[gauge], over, gauge === 'power'), scan, 'gpu_samples')
}

/** `details` say what an hour costs, where that is known; `pricedOnly` leaves out all else. */
export function alertGpuUtilization(over: Over, pricedOnly: boolean, scan: GpuScan): Question {
  const { value, ...measure } = priced(gaugeOver('s.utilization_ratio', over, false))
  const asked = pricedOnly ? `if(sum(i.usd) > 0, ${value}, null)` : value
  return ask({ ...measure, value: asked }, scan, 'gpu_samples')
}

/** Dollars an hour, as configured for the endpoints that run on it at the end of the window. */
function priced(measure: SampleMeasure): SampleMeasure {
  const hours = `(
    select mapFromArrays(groupArray(p.uuid), groupArray(p.usd)) from (
      select uuid, max(t.gpu_hour_usd) as usd from topology as t array join t.gpu_uuids as uuid
      where not t.ambiguous and t.gpu_hour_usd is not null and t.valid_from < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        and (t.valid_to is null or t.valid_to >= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))
      group by uuid
    ) as p
  )`
  return {
    ...measure,
    each: { ...measure.each, usd: `${hours}[any(${gpuId('s')})]` },
    details: { usd_per_hour: "if(sum(i.usd) > 0, concat('$', toString(round(sum(i.usd), 2))), '')" },
  }
}

/** Share of the samples while clocks were held down for one of these reasons; of no reasons, for any that is trouble. */
export function alertGpuThrottled(reasons: readonly string[], scan: GpuScan): Question {
  const counts = reasons.length > 0 ? 'reason in {reasons:Array(String)}' : 'reason not in {calm:Array(String)}'
  const held = `arrayFilter(reason -> ${counts}, s.throttle_reasons)`
  const measure = {
    each: { share: `countIf(notEmpty(${held})) / count()`, reasons: `groupUniqArrayArray(${held})` },
    value: 'max(i.share)',
    details: { reasons: "arrayStringConcat(arraySort(groupUniqArrayArray(i.reasons)), ', ')" },
    params: reasons.length > 0 ? { reasons } : { calm: [...calmReasons, ...fullPower] },
  }
  return ask(measure, scan, 'gpu_samples')
}

/** A busy GPU runs at its power limit: that is what it is for. */
const fullPower = ['sw_power_cap', 'package_power']

/** Samples from so long before the window say what was so at its start. */
const lookBackMs = 3_600_000

/** Samples with what the one before of the same GPU said in `column`; `s.preceded` where there was one. */
const withBefore = (column: string) => `(
    select timestamp, interval_ms, ${gpuColumns.join(', ')}, ${column} as present, toString(${column}) as code,
      lagInFrame(toNullable(${column}), 1, null) over before as earlier, row_number() over before > 1 as preceded
    from gpu_samples where timestamp >= fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
      and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    window before as (partition by ${gpuId('gpu_samples')}, mig_id order by timestamp rows between unbounded preceding and current row)
  )`

/**
 * XID errors that appeared in the window, one instance a code, as label `code`. Exporters tell the last code only, for as long as they
 * run: one that a GPU had before is not new, nor is the first that is seen of a GPU, and the same code again right after is not seen.
 */
export function alertGpuXid(codes: readonly number[], ignore: readonly number[], scan: GpuScan): Question {
  const measure = {
    each: { times: 'count()' },
    value: 'sum(i.times)',
    params: { codes, ignore },
  }
  const fresh = `(select * from ${withBefore('xid')} as w
    where w.preceded and w.present > 0 and ifNull(w.earlier, 0) != w.present
      and (empty({codes:Array(UInt32)}) or w.present in {codes:Array(UInt32)}) and w.present not in {ignore:Array(UInt32)})`
  return ask(measure, { ...scan, by: [...scan.by, 'code' as GpuColumn] }, fresh, ['s.code'])
}

const increases = {
  ecc_uncorrected: 'ecc_uncorrected',
  ecc_corrected: 'ecc_corrected',
  remapped_rows: 'remapped_rows',
  row_remap_failures: 'row_remap_failures',
  pcie_replays: 'pcie_replays',
} as const
export type GpuIncrease = keyof typeof increases

/** How much a count grew in the window. One that fell began again at zero. Null where no two samples tell it. */
export function alertGpuIncrease(count: GpuIncrease, scan: GpuScan): Question {
  const grown = 'if(s.earlier is null, null, toInt64(s.present) - if(s.present >= s.earlier, toInt64(s.earlier), 0))'
  return ask({ each: { grown: `sum(${grown})` }, value: 'sum(i.grown)' }, scan, withBefore(increases[count]))
}

function ask(measure: SampleMeasure, scan: GpuScan, rows: string, more: string[] = []): Question {
  const { having, params } = covered(scan.min_coverage, scan.range)
  const before_ms = Math.floor(scan.range.from - lookBackMs)
  const guarded = { ...measure, having, params: { before_ms, ...measure.params, ...params } }
  return alertSamples({ rows, key: [...key, ...more] }, guarded, scan)
}
