/** How inference servers are, as they say themselves: queue, KV cache, preemptions, throughput, latency by their own buckets. */
import { z } from 'zod'
import {
  alertServerGauge,
  alertServerLatency,
  alertServerRate,
  alertServerRestarts,
  alertServerShare,
  serverColumns,
  type ServerScan,
} from '../../storage/queries/alert-server.ts'
import type { Over } from '../../storage/queries/alert-samples.ts'
import type { Question } from '../../storage/queries/alert-scan.ts'
import type { Unit } from '../rule.ts'
import { defineKind } from './kind.ts'
import { coverageShape, dimensionShape, inUnit, measuredShape, overOf, overShape, refuse } from './measured.ts'

type Ask = (scan: ServerScan, rule: { over: Over; quantile: number }) => Question

interface Measure {
  unit: Unit
  /** Keys besides those that every rule may have. */
  takes?: 'over' | 'quantile'
  ask: Ask
}

const gauge = (name: Parameters<typeof alertServerGauge>[0], unit: Unit): Measure => ({
  unit,
  takes: 'over',
  ask: (scan, { over }) => alertServerGauge(name, over, scan),
})
const rate = (name: Parameters<typeof alertServerRate>[0], unit: Unit): Measure => ({
  unit,
  ask: (scan) => alertServerRate(name, scan),
})
const share = (name: Parameters<typeof alertServerShare>[0]): Measure => ({
  unit: 'ratio',
  ask: (scan) => alertServerShare(name, scan),
})
const latency = (name: Parameters<typeof alertServerLatency>[0]): Measure => ({
  unit: 'ms',
  takes: 'quantile',
  ask: (scan, { quantile }) => alertServerLatency(name, quantile, scan),
})

const measures = {
  queue: gauge('queue', 'number'),
  running: gauge('running', 'number'),
  kv_cache_usage: gauge('kv_cache_usage', 'ratio'),
  batch_size: gauge('batch_size', 'number'),
  preemptions: rate('preemptions', 'per_minute'),
  http_5xx: rate('http_5xx', 'per_minute'),
  tokens_per_second: rate('tokens_per_second', 'per_second'),
  input_tokens_per_second: rate('input_tokens_per_second', 'per_second'),
  restarts: { unit: 'number', ask: (scan) => alertServerRestarts(scan) },
  error_ratio: share('error_ratio'),
  prefix_cache_hit_ratio: share('prefix_cache_hit_ratio'),
  draft_acceptance_ratio: share('draft_acceptance_ratio'),
  queue_time: latency('queue_ms'),
  ttft: latency('ttft_ms'),
  tpot: latency('tpot_ms'),
  itl: latency('itl_ms'),
  e2e: latency('e2e_ms'),
  prefill: latency('prefill_ms'),
  decode: latency('decode_ms'),
} as const satisfies Record<string, Measure>

type Name = keyof typeof measures
const measureOf = ({ measure }: { measure: Name }): Measure => measures[measure]
const unitOf = (rule: { measure: Name }): Unit => measureOf(rule).unit

export const server = defineKind({
  name: 'server',
  unit: { of: unitOf },
  schema: z
    .strictObject({
      ...measuredShape('5m'),
      ...dimensionShape(serverColumns, ['endpoint', 'instance', 'model']),
      ...overShape,
      ...coverageShape,
      kind: z.literal('server'),
      measure: z.enum(Object.keys(measures) as [Name, ...Name[]]).describe('What is measured'),
      quantile: z.number().gt(0).lt(1).optional().describe('Of times: 0.95, P95, unless said'),
      min_requests: z
        .number()
        .int()
        .nonnegative()
        .default(1)
        .describe('Ratios and percentiles of fewer requests than this: no result'),
      min_running: z
        .number()
        .nonnegative()
        .default(0)
        .describe('Servers with fewer requests running on average: no result'),
    })
    .superRefine((rule, context) => {
      const { takes } = measureOf(rule)
      if (takes !== 'over') refuse(context, rule, 'over', `${rule.measure} is taken over the whole window`)
      if (takes !== 'quantile') refuse(context, rule, 'quantile', `${rule.measure} is no percentile`)
    })
    .transform(inUnit(unitOf)),
  example: { alert: 'QueueFull', kind: 'server', measure: 'queue', over: 'min', window: '2m', above: 10 },
  question: (rule, threshold, range) =>
    measureOf(rule).ask({ ...rule, threshold, range }, { over: overOf(rule), quantile: rule.quantile ?? 0.95 }),
})
