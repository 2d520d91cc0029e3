/** `scrape.targets[].mapping`: what an exporter calls the fields of `server_samples`, for one that no file in `servers/` knows. */
import { z } from 'zod'
import type { ServerSample } from '../../records/server-sample.ts'
import { servers } from './servers/index.ts'
import {
  hasAny,
  only,
  selectorsOf,
  type HistogramField,
  type InferenceServer,
  type Measure,
  type Measures,
  type NumberField,
  type Selector,
  type TokensField,
  type Where,
} from './server.ts'

const gauges = [
  'running',
  'waiting',
  'kv_cache_ratio',
  'max_concurrency',
  'kv_capacity_tokens',
  'batch_size',
  'prefix_hit_ratio',
  'draft_acceptance_ratio',
  'lora_active',
  'lora_max',
] as const satisfies readonly NumberField[]

const counters = [
  'input_tokens',
  'output_tokens',
  'requests',
  'requests_ok',
  'requests_failed',
  'preemptions',
  'prefix_hits',
  'prefix_queries',
  'steps',
  'step_tokens',
  'draft_tokens',
  'accepted_tokens',
  'http_4xx',
  'http_5xx',
] as const satisfies readonly NumberField[]

const durations = [
  'ttft_ms',
  'itl_ms',
  'tpot_ms',
  'e2e_ms',
  'queue_ms',
  'prefill_ms',
  'decode_ms',
] as const satisfies readonly HistogramField[]

const lengths = ['request_input_tokens', 'request_output_tokens'] as const satisfies readonly TokensField[]

const name = z.string().min(1)
const oneOrMore = z.union([name, z.array(name).min(1)])
const where = z.record(name, oneOrMore).optional()

const series = <Unit extends z.ZodType>(unit: Unit) =>
  z.union([oneOrMore, z.strictObject({ name: oneOrMore, where, unit: unit.optional() })])

const gaugeUnits = { ratio: 1, percent: 0.01 }
const timeUnits = { s: 1000, ms: 1, us: 0.001, ns: 0.000001 }

const fields = <F extends string, T extends z.ZodType>(names: readonly F[], type: T, text: string) =>
  Object.fromEntries(names.map((field) => [field, type.optional().describe(text)])) as unknown as Record<
    F,
    z.ZodOptional<T>
  >

export const metricMapping = z
  .strictObject({
    model_label: oneOrMore
      .optional()
      .describe('Labels that name the model; the label `model` of the target where there is none'),
    role: z.enum(['engine', 'gateway']).optional().describe('gateway: it forwards to engines that are scraped too'),
    finished: z
      .strictObject({ name: oneOrMore, where, label: name })
      .optional()
      .describe('A counter of ended requests, and its label that says how they ended'),
    ...fields(
      gauges,
      series(z.enum(['ratio', 'percent'])),
      'A gauge; over several series ratios take the highest, others are summed',
    ),
    ...fields(counters, series(z.never()), 'A counter, or the _sum or _count of a histogram; series are summed'),
    ...fields(durations, series(z.enum(['s', 'ms', 'us', 'ns'])), 'A histogram of durations, in seconds unless said'),
    ...fields(lengths, series(z.never()), 'A histogram of tokens per request'),
  })
  .describe('What the page calls the fields of server_samples; x_sum and x_count are parts of a histogram')

export type MetricMapping = z.infer<typeof metricMapping>

interface Series {
  names: readonly Selector[]
  unit: string | undefined
}

/**
 * The server of a target's mapping. `kind` names a server whose other measures stay as they are, or is a name for one that
 * is not known here.
 */
export function mappedServer(kind: string | undefined, mapping: MetricMapping): InferenceServer {
  const base = servers.find((server) => server.name === kind)
  const measures: Measures = { ...base?.measures }
  const given = <F extends keyof MetricMapping>(names: readonly F[], take: (field: F, read: Series) => void) => {
    for (const field of names) {
      const value = mapping[field]
      if (value !== undefined) take(field, seriesOf(value))
    }
  }
  given(gauges, (field, { names, unit = 'ratio' }) => {
    measures[field] = { kind: 'gauge', names, factor: gaugeUnits[unit as keyof typeof gaugeUnits] }
  })
  given(counters, (field, { names }) => {
    measures[field] = { kind: 'counter', names }
  })
  given(durations, (field, { names, unit = 's' }) => {
    measures[field] = { kind: 'histogram', names, unit: timeUnits[unit as keyof typeof timeUnits] }
  })
  given(lengths, (field, { names }) => {
    measures[field] = { kind: 'histogram', names, unit: 1 }
  })
  if (mapping.finished)
    measures.finished = { kind: 'counter_by', names: seriesOf(mapping.finished).names, label: mapping.finished.label }
  const all = Object.values(measures as Record<keyof ServerSample, Measure>).flatMap((measure) => selectorsOf(measure))
  return {
    role: 'engine',
    modelLabels: [],
    ...base,
    name: kind ?? 'custom',
    ...(mapping.role && { role: mapping.role }),
    ...(mapping.model_label && { modelLabels: [mapping.model_label].flat() }),
    measures,
    detect: (families) =>
      all.some((selector) => hasAny(selector.name.replace(/_(sum|count)$/, ''), selector.name)(families)),
  }
}

type SeriesConfig =
  string | string[] | { name: string | string[]; where?: z.infer<typeof where>; unit?: string | undefined }

function seriesOf(config: SeriesConfig): Series {
  const { name, where, unit } = typeof config === 'string' || Array.isArray(config) ? { name: config } : config
  const wanted = where && Object.fromEntries(Object.entries(where).map(([label, value]) => [label, oneOf(value)]))
  return { names: [name].flat().map((one) => (wanted ? only(one, wanted) : { name: one })), unit }
}

const oneOf = (value: string | string[]): Where[string] =>
  typeof value === 'string' ? value : new RegExp(`^(${value.map((one) => RegExp.escape(one)).join('|')})$`)
