/** Which scrape targets give nothing, or not what they should? Reads `targets`: a row per change of health, and one a minute. */
import { beyond, thresholdParams, whereSamples, type SampleScan } from './alert-samples.ts'
import type { Question } from './alert-scan.ts'

export const targetColumns = ['url', 'kind', 'endpoint', 'source'] as const
export type TargetColumn = (typeof targetColumns)[number]

export type TargetMeasure = keyof typeof measures

/** Rows further apart than this are no late ones: health is written once a minute. */
const staleMs = 180_000

const at = 'toUnixTimestamp64Milli(t.timestamp)'
const newest = 'toUnixTimestamp64Milli(max(t.timestamp))'
/** Also of targets that are scraped more rarely than once a minute. */
const overdueMs = `greatest(${staleMs}, 3 * (${newest} - toUnixTimestamp64Milli(min(t.timestamp))) / greatest(count() - 1, 1))`

/** Over the rows `t` of one target. */
const measures = {
  /** How long it has been down, or nothing has been heard of it, in ms. Null of one that is up and heard of. */
  down: `multiIf(state = 'down', {to_ms:Int64} - first_down, count() > 1 and {to_ms:Int64} - newest > overdue, {to_ms:Int64} - newest, null)`,
  /** 1 of a target whose page nobody can read: none of the known kinds. */
  unrecognised: "if(state = 'up' and newest_kind = '', 1, null)",
  /** Measures that a page of its kind should have and does not. */
  missing: "if(state = 'up', toFloat64(argMax(length(t.missing), t.timestamp)), null)",
  /** Of the newest scrape, in ms. */
  duration: 'argMax(tuple(t.duration_ms), t.timestamp).1',
} as const

/** The newest row of a url says how it is; one that is no longer configured or discovered is no instance. */
export function alertTarget(measure: TargetMeasure, scan: Omit<SampleScan<TargetColumn>, 'by'>): Question {
  const condition = whereSamples(scan)
  const sql = `select url, newest_kind as kind, newest_endpoint as endpoint, value,
  map('error', error, 'missing', missing_measures,
    'last_success', if(last_up is null, '', formatDateTime(fromUnixTimestamp64Milli(assumeNotNull(last_up), 'UTC'), '%Y-%m-%dT%H:%i:%SZ'))) as details
from (
  select t.url as url, argMax(t.kind, t.timestamp) as newest_kind, argMax(t.endpoint, t.timestamp) as newest_endpoint,
    argMax(t.state, t.timestamp) as state, ${newest} as newest, ${overdueMs} as overdue,
    any(t.success) as last_up, minIf(${at}, t.state = 'down' and ${at} > ifNull(t.success, 0)) as first_down,
    if(state = 'up' and {to_ms:Int64} - newest > overdue, 'not heard of any more: is the collector running?', argMax(t.error, t.timestamp)) as error,
    arrayStringConcat(arrayMap(each -> each.1, argMax(t.missing, t.timestamp)), ', ') as missing_measures,
    toFloat64(${measures[measure]}) as value
  from (
    select *, maxOrNullIf(toUnixTimestamp64Milli(s.timestamp), s.state = 'up') over (partition by s.url) as success
    from targets as s where ${condition.sql}
  ) as t
  group by t.url
)
where state != 'unknown' and value is not null${beyond(scan.threshold)}
order by url
limit {row_limit:UInt32}`
  return { sql, params: { ...condition.params, ...thresholdParams(scan) } }
}
