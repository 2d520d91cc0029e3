/** Turns a page of a GPU exporter into rows of `gpu_samples`: one per GPU, and one per part of it. */
import type { GpuSample } from '../../records/gpu-sample.ts'
import type { Deltas } from './delta.ts'
import type { Families, Sample } from './families.ts'
import { emptyGpu, type GpuContext, type GpuExporter, type GpuIdentity, type GpuMeasure } from './gpu.ts'
import { boardsOf } from './gpus/mig.ts'
import { throttleReasons } from './gpus/throttle.ts'
import type { Series } from './sample-line.ts'

export interface GpuPage {
  rows: GpuSample[]
  /** Samples that stand in the rows. The others of the page are stored as plain metrics. */
  used: ReadonlySet<Sample>
}

/** The samples of one GPU or part of one, by metric, without blanks. */
interface Group {
  row: GpuSample
  /** Of the sample before, which mostly says all that this one says. */
  identity: Identity | null
  samples: Map<string, Sample[]>
}

/** One row per GPU and per part of it. `deltas` has begun this scrape; the caller commits it. */
export function readGpus(exporter: GpuExporter, families: Families, deltas: Deltas, context: GpuContext): GpuPage {
  const { groups, used } = groupByGpu(exporter, families, context)
  const rows = boardsOf(
    groups.map((group) => toRow(exporter, group, deltas)),
    context,
  )
  for (const row of rows) {
    if (row.energy_joules !== null)
      row.energy_delta_joules = deltas.increase(keyOf('energy', row.host, row.uuid || row.gpu), row.energy_joules)
    row.interval_ms = deltas.interval_ms
  }
  return { rows, used }
}

function groupByGpu(exporter: GpuExporter, families: Families, context: GpuContext) {
  const groups = new Map<string, Group>()
  const used = new Set<Sample>()
  const prefix = exporter.detect(families) ?? ''
  for (const name of exporter.metrics)
    for (const sample of families.get(prefix + name)?.samples ?? []) {
      const identity = identityOf(exporter, sample.series)
      // Without either there is no telling whose value it is.
      if (identity.uuid === '' && identity.gpu === '') continue
      let group = groups.get(identity.key)
      if (!group)
        groups.set(
          identity.key,
          (group = { row: emptyGpu(context), identity: null, samples: new Map<string, Sample[]>() }),
        )
      const { row, samples } = group
      if (group.identity !== identity) identify(row, (group.identity = identity), context)
      used.add(sample)
      if (isBlank(sample.value)) continue
      const known = samples.get(name)
      if (known) known.push(sample)
      else samples.set(name, [sample])
    }
  return { groups: [...groups.values()], used }
}

function identify(row: GpuSample, identity: Identity, context: GpuContext): void {
  for (const field of identityFields) if (field !== 'host') row[field] ||= identity[field]
  row.host = context.host ?? (identity.host || row.host)
}

function toRow(exporter: GpuExporter, { row, samples }: Group, deltas: Deltas): GpuSample {
  for (const [field, measures] of exporter.readings)
    for (const measure of measures)
      row[field] ??= read(measure, samples, deltas, (...parts) =>
        keyOf(field, row.host, row.uuid || row.gpu, row.mig_id, ...parts),
      )
  const { bitmask = [], flags = {} } = exporter.throttle
  row.throttle_reasons = throttleReasons(firstOf(bitmask, samples)?.[0]?.value ?? 0)
  for (const [name, reason] of Object.entries(flags))
    if ((samples.get(name)?.[0]?.value ?? 0) > 0) row.throttle_reasons.push(reason)
  const { memory_used_bytes: usedBytes, memory_free_bytes: freeBytes, memory_reserved_bytes: reserved } = row
  // DCGM's FB_TOTAL is off by default; before 2025 FB_RESERVED was too, and the reserved part counted as used.
  if (usedBytes !== null && freeBytes !== null) row.memory_total_bytes ??= usedBytes + freeBytes + (reserved ?? 0)
  return row
}

type Samples = ReadonlyMap<string, readonly Sample[]>
type Of<K extends GpuMeasure['kind']> = Extract<GpuMeasure, { kind: K }>
type Key = (...parts: string[]) => string

function read(measure: GpuMeasure, samples: Samples, deltas: Deltas, key: Key): number | null {
  if (measure.kind === 'value') return readValue(measure, samples)
  if (measure.kind === 'sum') return readSum(measure, samples)
  if (measure.kind === 'highest') return readHighest(measure, samples)
  if (measure.kind === 'rate') return readRate(measure, samples, deltas, key)
  return readCode(measure, samples)
}

function readValue({ names, unit, zeroIsBlank }: Of<'value'>, samples: Samples): number | null {
  const found = firstOf(names, samples)?.[0]?.value
  return found === undefined || (found === 0 && zeroIsBlank) ? null : toUnit(found, unit)
}

function readSum({ names, unit }: Of<'sum'>, samples: Samples): number | null {
  const links = names.flatMap((name) => onePerLink(samples.get(name) ?? []))
  return links.length === 0 ? null : toUnit(total(links.map((sample) => sample.value)), unit)
}

function readHighest({ names, unit, where }: Of<'highest'>, samples: Samples): number | null {
  const values = (firstOf(names, samples) ?? [])
    .filter(({ series }) => !where || lowerCaseKeys(series.labels).get(where.label) === where.value)
    .map((sample) => sample.value)
  return values.length === 0 ? null : toUnit(Math.max(...values), unit)
}

function readRate({ names, unit }: Of<'rate'>, samples: Samples, deltas: Deltas, key: Key): number | null {
  const grown = names
    .flatMap((name) => samples.get(name) ?? [])
    .map(({ series, value }) => deltas.increase(key(series.name, JSON.stringify([...series.labels])), value))
    .filter((increase) => increase !== null)
  return grown.length === 0 || !deltas.interval_ms ? null : toUnit(total(grown), unit) / (deltas.interval_ms / 1000)
}

function readCode({ names, label }: Of<'code'>, samples: Samples): number | null {
  const raised = (firstOf(names, samples) ?? []).filter((sample) => sample.value > 0)
  const [last] = raised.toSorted((a, b) => b.value - a.value)
  const text = last ? (lowerCaseKeys(last.series.labels).get(label) ?? '') : ''
  return /^\d+$/.test(text) ? Number(text) : null
}

function firstOf(names: readonly string[], samples: Samples): readonly Sample[] | undefined {
  for (const name of names) {
    const found = samples.get(name)
    if (found) return found
  }
  return undefined
}

/** A metric of every NVLink apart has the same labels but one; pods that share a GPU repeat it. */
function onePerLink(samples: readonly Sample[]): Sample[] {
  const links = new Map<string, Sample>()
  for (const sample of samples) {
    const link = lowerCaseKeys(sample.series.labels).get('nvlink') ?? ''
    if (!links.has(link)) links.set(link, sample)
  }
  return [...links.values()]
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

const identityFields = [
  'host',
  'gpu',
  'uuid',
  'device',
  'pci_bus_id',
  'mig_profile',
  'mig_id',
  'namespace',
  'pod',
  'container',
  'vgpu',
  'driver_version',
] as const satisfies readonly (keyof GpuIdentity)[]

/** `key` is the same for all samples of one GPU or part of one. */
type Identity = Pick<GpuSample, (typeof identityFields)[number]> & { key: string }

/** By series, which the parser keeps from scrape to scrape; those that say the same share one. */
interface Identities {
  bySeries: WeakMap<Series, Identity>
  byText: Map<string, Identity>
}
const identities = new WeakMap<GpuExporter, Identities>()
const maxIdentities = 10_000

function identityOf(exporter: GpuExporter, series: Series): Identity {
  let known = identities.get(exporter)
  if (!known) identities.set(exporter, (known = { bySeries: new WeakMap<Series, Identity>(), byText: new Map() }))
  const { bySeries, byText } = known
  let identity = bySeries.get(series)
  if (!identity) {
    const read = readIdentity(exporter, lowerCaseKeys(series.labels))
    const text = JSON.stringify(read)
    identity = byText.get(text) ?? read
    if (byText.size >= maxIdentities) byText.clear()
    byText.set(text, identity)
    bySeries.set(series, identity)
  }
  return identity
}

function readIdentity({ identity, part }: GpuExporter, labels: ReadonlyMap<string, string>): Identity {
  const label = (name: string) => {
    const text = labels.get(name) ?? ''
    return notSaid.has(text) ? '' : text
  }
  const found = Object.fromEntries(
    identityFields.map((field) => [field, identity[field]?.map(label).find((text) => text !== '') ?? '']),
  ) as unknown as Omit<Identity, 'key'>
  const whole = { ...found, ...part?.(label) }
  const uuid = withPrefix(whole.uuid)
  return { ...whole, uuid, key: keyOf(whole.host, uuid || whole.gpu, whole.mig_id) }
}

/** What exporters write where they know nothing. */
const notSaid = new Set(['[N/A]', 'N/A', 'NA', '[Not Supported]'])

const keyOf = (...parts: string[]) => parts.join('\u0002')

/** Multiplying by 0.01 or 0.001 would leave 0.9100000000000001. */
const toUnit = (value: number, unit: number) => (unit < 1 ? value / Math.round(1 / unit) : value * unit)

/**
 * DCGM's "blank" values (not found, not supported, no permission, …) of its 64-bit, 32-bit and float fields, as the
 * exporter prints them when it does not drop them; AMD's, all bits of 32 or 64 set; also what no field of a GPU can be.
 * https://github.com/NVIDIA/DCGM/blob/master/dcgmlib/dcgm_structs.h
 */
function isBlank(value: number): boolean {
  return (
    !Number.isFinite(value) ||
    value < 0 ||
    value >= 2 ** 63 - 16 ||
    value === 2 ** 32 - 1 ||
    (value >= 0x7ffffff0 && value <= 0x7fffffff) ||
    (value >= 2 ** 47 && value <= 2 ** 47 + 15)
  )
}

function lowerCaseKeys(labels: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...labels].map(([key, value]) => [key.toLowerCase(), value]))
}

/** DCGM writes `GPU-…`, other exporters the bare UUID: one spelling, so that they join. */
function withPrefix(uuid: string): string {
  return uuid === '' || /^(GPU|MIG)-/.test(uuid) ? uuid : `GPU-${uuid}`
}
