/** Which endpoints fail their probes, or will: exact, over raw rows of `probes`, one instance a probe. */
import { beyond, thresholdParams, whereSamples, type SampleScan } from './alert-samples.ts'
import type { Question } from './alert-scan.ts'

export const probeColumns = ['endpoint', 'probe', 'type', 'model'] as const
export type ProbeColumn = (typeof probeColumns)[number]

export type ProbeMeasure = keyof typeof measures

const dayMs = 86_400_000

/** Over the rows `s` of one probe. */
const measures = {
  /** Failed probes in a row, up to the newest. */
  failures: 'countIf(s.last_good is null or s.timestamp > s.last_good)',
  /** Good probes among all. */
  success_ratio: 'countIf(s.ok) / count()',
  /** Time left until the certificate ends, in ms, as the newest probe that saw one says; negative when it has ended. */
  certificate: `argMaxIf(s.certificate_days, s.timestamp, s.certificate_days is not null) * ${dayMs}
    - ({to_ms:Int64} - maxIf(toUnixTimestamp64Milli(s.timestamp), s.certificate_days is not null))`,
  /** Percentiles of the good ones, in ms. */
  ttft: 'quantileExactOrNullIf({quantile:Float64})(s.ttft_ms, s.ok)',
  duration: 'quantileExactOrNullIf({quantile:Float64})(s.duration_ms, s.ok)',
} as const

export interface ProbeScan extends Omit<SampleScan<ProbeColumn>, 'by'> {
  /** Fewer probes give no row. */
  min_probes: number
  quantile: number
}

export function alertProbe(measure: ProbeMeasure, scan: ProbeScan): Question {
  const condition = whereSamples(scan)
  const sql = `select endpoint, probe, value, map('error', error) as details
from (
  select s.endpoint as endpoint, s.probe as probe, argMax(s.error, s.timestamp) as error,
    toFloat64(${measures[measure]}) as value
  from (
    select *, maxOrNullIf(s.timestamp, s.ok) over (partition by s.endpoint, s.probe) as last_good
    from probes as s where ${condition.sql}
  ) as s
  group by s.endpoint, s.probe having count() >= {min_probes:UInt64}
)
where value is not null${beyond(scan.threshold)}
order by endpoint, probe
limit {row_limit:UInt32}`
  const { min_probes, quantile } = scan
  return { sql, params: { ...condition.params, ...thresholdParams(scan), min_probes, quantile } }
}
