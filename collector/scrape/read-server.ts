/** Turns a page of an inference server into one ServerSample per model. */
import { emptyServerSample, type HistogramDelta, type ServerSample } from '../../records/server-sample.ts'
import { modelName } from '../../records/model-name.ts'
import type { Deltas } from './delta.ts'
import { familyNamed, type Families, type Sample } from './families.ts'
import { parseNumber } from './sample-line.ts'
import type {
  Counter,
  CounterBy,
  Gauge,
  Histogram,
  HistogramField,
  InferenceServer,
  Measure,
  NumberField,
} from './server.ts'

/** What every row of one scrape of one target says. */
export type ServerContext = Pick<ServerSample, 'timestamp' | 'instance' | 'endpoint'>

/** The samples of one model, by family; one index a page, since every measure asks. */
type ByModel = Map<string, Map<string, Sample[]>>

/** Names of the families that `server` reads on this page: the first alias that has samples counts. */
export function mappedFamilies(server: InferenceServer, families: Families): Set<string> {
  const found = Object.values(server.measures).flatMap((measure: Measure) =>
    measure.names.map((name) => familyNamed(families, name)?.name ?? name),
  )
  return new Set(found)
}

/** One row per model on the page. `deltas` has begun this scrape; the caller commits it. */
export function readServer(
  server: InferenceServer,
  families: Families,
  deltas: Deltas,
  context: ServerContext,
): ServerSample[] {
  const index = indexByModel(server, families)
  return [...index.keys()].map((model) => readModel(server, model, families, index, deltas, context))
}

function indexByModel(server: InferenceServer, families: Families): ByModel {
  const index: ByModel = new Map()
  for (const name of mappedFamilies(server, families))
    for (const sample of families.get(name)?.samples ?? []) {
      const model = server.modelLabel === null ? '' : (sample.series.labels.get(server.modelLabel) ?? '')
      let ofModel = index.get(model)
      if (!ofModel) index.set(model, (ofModel = new Map<string, Sample[]>()))
      const samples = ofModel.get(name)
      if (samples) samples.push(sample)
      else ofModel.set(name, [sample])
    }
  return index
}

function readModel(
  server: InferenceServer,
  model: string,
  families: Families,
  index: ByModel,
  deltas: Deltas,
  context: ServerContext,
): ServerSample {
  const resets = deltas.resets
  const increases = new Map<Sample, number | null>()
  const samplesOf = ({ names }: Measure) => {
    const declared = names.map((name) => familyNamed(families, name)).filter((family) => family !== undefined)
    for (const family of declared) {
      const samples = index.get(model)?.get(family.name)
      if (samples) return samples
    }
    return declared.length > 0 ? [] : null
  }
  // Several measures may read one counter; its increase is asked for once.
  const increase = (sample: Sample) => {
    const known = increases.get(sample)
    if (known !== undefined) return known
    const value = deltas.increase(sample.series.key, sample.value)
    increases.set(sample, value)
    return value
  }
  const reader = { samplesOf, increase, deltas }
  const number = (field: NumberField) => readNumber(field, server.measures[field], reader)
  const histogram = (field: HistogramField) => readHistogram(server.measures[field], reader)
  const row: ServerSample = {
    ...emptyServerSample(),
    role: 'engine',
    ...context,
    interval_ms: deltas.interval_ms,
    server: server.name,
    model: modelName(model).model,
    running: number('running'),
    waiting: number('waiting'),
    kv_cache_ratio: number('kv_cache_ratio'),
    input_tokens: number('input_tokens'),
    output_tokens: number('output_tokens'),
    requests_ok: number('requests_ok'),
    requests_failed: number('requests_failed'),
    preemptions: number('preemptions'),
    prefix_hits: number('prefix_hits'),
    prefix_queries: number('prefix_queries'),
    finished: readCounterBy(server.measures.finished, reader),
    ttft_ms: histogram('ttft_ms'),
    itl_ms: histogram('itl_ms'),
    tpot_ms: histogram('tpot_ms'),
    e2e_ms: histogram('e2e_ms'),
    queue_ms: histogram('queue_ms'),
    prefill_ms: histogram('prefill_ms'),
    decode_ms: histogram('decode_ms'),
    restarted: false,
  }
  return { ...row, restarted: deltas.resets > resets }
}

interface Reader {
  /** Samples of the first alias that has some; empty when one is only declared, null when the page knows none. */
  samplesOf: (measure: Measure) => Sample[] | null
  increase: (sample: Sample) => number | null
  deltas: Deltas
}

function readNumber(field: NumberField, measure: Gauge | Counter | undefined, reader: Reader): number | null {
  const samples = measure && reader.samplesOf(measure)
  if (!measure || !samples) return null
  if (measure.kind === 'gauge') {
    // vLLM's V0 engine writes -1 for "not available"; none of these can be negative.
    const values = samples.map(({ value }) => value).filter((value) => Number.isFinite(value) && value >= 0)
    if (values.length === 0) return null
    return field.endsWith('_ratio') ? Math.max(...values) : total(values)
  }
  const { where } = measure
  if (!where) return total(known(samples.map(reader.increase)))
  const matching = samples.filter(({ series }) => where.is(series.labels.get(where.label) ?? ''))
  // Older servers create a reason's series when it first happens: declared but absent is none so far, once we can tell.
  if (matching.length === 0) return reader.deltas.interval_ms === null ? null : 0
  return total(known(matching.map(reader.increase)))
}

function readCounterBy(measure: CounterBy | undefined, reader: Reader): Map<string, number> {
  const result = new Map<string, number>()
  for (const sample of (measure && reader.samplesOf(measure)) ?? []) {
    const value = reader.increase(sample)
    const reason = sample.series.labels.get(measure?.label ?? '') ?? ''
    if (value !== null && value > 0) result.set(reason, (result.get(reason) ?? 0) + value)
  }
  return result
}

interface Points {
  buckets: Map<number, number>
  sum: number
  count: number | null
}

function readHistogram(measure: Histogram | undefined, reader: Reader): HistogramDelta | null {
  const samples = measure && reader.samplesOf(measure)
  if (!measure || !samples) return null
  let result: HistogramDelta | null = null
  for (const [key, { buckets, sum, count }] of pointsByEngine(samples)) {
    const bounds = [...buckets.keys()].filter((bound) => bound !== Infinity).sort((a, b) => a - b)
    const all = buckets.get(Infinity) ?? count
    if (all === null || bounds.length === 0) continue
    const cumulative = [...bounds.map((bound) => buckets.get(bound) ?? 0), all]
    const grown = reader.deltas.histogram(key, bounds, cumulative, sum)
    if (!grown) continue
    const bounds_ms = bounds.map((bound) => toMs(bound, measure.unit_ms))
    result ??= { bounds_ms, counts: bounds_ms.map(() => 0).concat(0), sum_ms: 0 }
    // Buckets add up only where bounds match; an engine with others is of another version.
    if (String(result.bounds_ms) !== String(bounds_ms)) continue
    result.counts = result.counts.map((value, index) => value + (grown.counts[index] ?? 0))
    result.sum_ms += grown.sum * measure.unit_ms
  }
  return result
}

function pointsByEngine(samples: Sample[]): Map<string, Points> {
  const result = new Map<string, Points>()
  for (const { series, value } of samples) {
    const name = /^(.*)_(bucket|sum|count)$/.exec(series.name)
    if (!name) continue
    const key = `${name[1]}\u0002${series.group}`
    let points = result.get(key)
    if (!points) result.set(key, (points = { buckets: new Map<number, number>(), sum: 0, count: null }))
    if (name[2] === 'sum') points.sum = value
    else if (name[2] === 'count') points.count = value
    else {
      const bound = boundOf(series.labels.get('le'))
      if (bound !== null && !points.buckets.has(bound)) points.buckets.set(bound, value)
    }
  }
  return result
}

function boundOf(text: string | undefined): number | null {
  try {
    return parseNumber(text ?? '')
  } catch {
    return null
  }
}

/** Bounds such as 0.3 s come out as 300, not 300.00000000000006. */
const toMs = (bound: number, unit: number) => Number((bound * unit).toPrecision(12))

/** Null when none is known. */
function total(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
}

const known = (values: (number | null)[]) => values.filter((value) => value !== null)
