/**
 * Which queues of batch jobs are behind? Exact, over raw rows of `queue_samples`. Where several targets show one queue, the one with
 * the newest sample counts.
 */
import { alertSamples, gaugeOver, type Over, type SampleMeasure, type SampleScan } from './alert-samples.ts'
import type { Question } from './alert-scan.ts'

export const jobQueueColumns = ['system', 'queue', 'endpoint'] as const
export type JobQueueColumn = (typeof jobQueueColumns)[number]

const gauges = { depth: 's.waiting', running: 's.running', age: 's.oldest_age_ms', consumers: 's.consumers' } as const
export type JobQueueGauge = keyof typeof gauges

const counters = { arrived: 's.arrived', done: 's.done', failed: 's.failed' } as const
export type JobQueueCounter = keyof typeof counters

/** Jobs and consumers add up over queues; of ages, the highest counts. */
export function alertJobQueueGauge(gauge: JobQueueGauge, over: Over, scan: SampleScan<JobQueueColumn>): Question {
  const measure = gaugeOver(gauges[gauge], over, gauge !== 'age')
  return ask(gauge === 'age' ? { ...measure, value: 'max(i.value)' } : measure, scan)
}

/** Per minute, over the time that was counted. */
export function alertJobQueueRate(counter: JobQueueCounter, scan: SampleScan<JobQueueColumn>): Question {
  const column = counters[counter]
  const counted_ms = `nullIf(sumIf(s.interval_ms, ${column} is not null), 0)`
  return ask({ each: { rate: `sum(${column}) * 60000 / ${counted_ms}` }, value: 'sum(i.rate)' }, scan)
}

function ask(measure: SampleMeasure, scan: SampleScan<JobQueueColumn>): Question {
  const within =
    "timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')"
  const rows = `(select * from queue_samples where ${within} and (system, queue, target) in (
    select system, queue, argMax(target, timestamp) from queue_samples where ${within} group by system, queue))`
  return alertSamples({ rows, key: ['s.system', 's.queue'] }, measure, scan)
}
