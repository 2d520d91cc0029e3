/** Turns the pages of one target into rows: GPUs, inference servers, and everything else as plain metrics. */
import { hostname as localHost } from 'node:os'
import type { GpuSample } from '../../records/gpu-sample.ts'
import type { QueueSample } from '../../records/queue-sample.ts'
import type { MetricSample, MissingMeasure, ServerSample } from '../../records/server-sample.ts'
import { Deltas } from './delta.ts'
import { ExpositionParser } from './exposition.ts'
import type { Families, Page, Sample } from './families.ts'
import { GpuClaims } from './gpu-claims.ts'
import { absentGpuMeasures, type GpuHint } from './gpu-hints.ts'
import type { GpuExporter } from './gpu.ts'
import { gpuExporters } from './gpus/index.ts'
import { MetricSelection } from './metric-selection.ts'
import { MissingReport } from './missing.ts'
import { PageEnds, type PageEnd } from './page-end.ts'
import { readQueues, type JobQueues } from './queue.ts'
import { jobQueues } from './queues/index.ts'
import { readGpus } from './read-gpus.ts'
import { serverReader, type ServerReader } from './read-server.ts'
import { refusalsOf, type Refusal } from './refusals.ts'
import { quote } from './sample-line.ts'
import { ScrapeError } from './scrape-error.ts'
import type { InferenceServer } from './server.ts'
import type { MetricsConfig } from './target-config.ts'
import { servers } from './servers/index.ts'

export interface PageSettings {
  /** Without credentials: as it is stored and shown. */
  url: string
  /** Undefined finds the kind from the page. */
  kind: string | undefined
  endpoint: string
  /** The server of the target's own mapping. */
  server?: InferenceServer | undefined
  labels: Readonly<Record<string, string>>
  metrics: MetricsConfig
  /** Known queueing systems, and those that the configuration describes. */
  queues: readonly JobQueues[]
}

export interface ReadPage {
  rows: {
    gpu_samples: GpuSample[]
    server_samples: ServerSample[]
    queue_samples: QueueSample[]
    metric_samples: MetricSample[]
  }
  /** What the page was read as: `vllm`, `dcgm`, both joined by +, or `prometheus` for any other. */
  kind: string
  page: Page
  /** Rows left out because a better exporter shows the same GPU. */
  duplicate_gpus: number
  /** What a page of its kind should have and does not. */
  missing: MissingMeasure[]
  /** Samples left out of `metric_samples` as configured. */
  dropped: number
  refusals: Refusal[]
  /** Call once the rows are stored: increases then count from this page. Without it the next page covers this one too. */
  commit: () => void
}

/** Any page; nothing of it is mapped. */
const plain = 'prometheus'

/** What `scrape.targets[].kind` may name. */
export const knownKinds: readonly string[] = [
  ...new Set([
    ...servers.map(({ name }) => name),
    ...gpuExporters.map(({ name }) => name),
    ...jobQueues.map(({ name }) => name),
    plain,
  ]),
]

export interface PageReaderOptions {
  maxSeries: number
  /** Shared by all targets. */
  claims?: GpuClaims
  /** How long a GPU stays this target's without a new page, in ms. */
  holdMs?: number
}

/** What is worked out of the families of a page and the settings of its target: it holds for pages that differ in values alone. */
interface Plan {
  families: Families
  target: PageSettings
  kind: string
  gpus: { exporter: GpuExporter; rank: number; deltas: Deltas }[]
  servers: { reader: ServerReader; deltas: Deltas }[]
  queues: { system: JobQueues; deltas: Deltas }[]
  /** Samples that stand in rows of their own kind, once a page was read. */
  used: Set<Sample>
  /** `host:port`, and without the port. */
  host: string
  hostname: string
  missing: MissingMeasure[]
}

export class PageReader {
  readonly #parser: ExpositionParser
  readonly #maxSeries: number
  readonly #deltas = new Map<string, Deltas>()
  readonly #claims: GpuClaims
  readonly #holdMs: number
  readonly #ends = new PageEnds()
  readonly #missing = new MissingReport()
  #plan: Plan | null = null
  #selection: { of: string; target: PageSettings; metrics: MetricSelection } | null = null

  constructor({ maxSeries, claims = new GpuClaims(), holdMs = 0 }: PageReaderOptions) {
    this.#parser = new ExpositionParser({ maxSeries })
    this.#maxSeries = maxSeries
    this.#claims = claims
    this.#holdMs = holdMs
  }

  /** Reads a page scraped at `now` (epoch ms). Throws ScrapeError when it has no metrics or is not of the kind configured. */
  read(text: string, target: PageSettings, now: number): ReadPage {
    const end = this.#ends.follow(text)
    const page = withCut(this.#parser.parse(end.text), end)
    if (page.samples === 0) throw noSamples(page)
    const { families } = page
    const before = this.#plan
    const isSame = before?.families === families && before.target === target
    const plan = isSame ? before : this.#planFor(families, target)
    this.#plan = plan
    const { gpus, servers, queues, used, host, hostname } = plan
    const context = { timestamp: now * 1000, target: target.url }
    const rows: ReadPage['rows'] = { gpu_samples: [], server_samples: [], queue_samples: [], metric_samples: [] }
    let duplicateGpus = 0
    // Energy counts since the driver was loaded: a restart of the exporter does not reset it.
    for (const { deltas } of gpus) deltas.begin(now, null, end.grown)
    const start = processStart(families)
    for (const { deltas } of [...servers, ...queues]) deltas.begin(now, start, end.grown)
    for (const { exporter, rank, deltas } of gpus) {
      const found = readGpus(exporter, families, deltas, {
        ...context,
        host: target.labels['host'] ?? null,
        // `nvidia-smi:` has none: its GPUs are this machine's.
        fallbackHost: hostname || localHost(),
      })
      const mine = this.#claims.take(found.rows, { target: target.url, rank }, now, this.#holdMs)
      rows.gpu_samples.push(...mine)
      duplicateGpus += found.rows.length - mine.length
      for (const sample of found.used) used.add(sample)
    }
    const place = { timestamp: context.timestamp, instance: host, endpoint: target.endpoint }
    for (const { reader } of servers) rows.server_samples.push(...reader.read(place))
    for (const { system, deltas } of queues) {
      const found = readQueues(system, families, deltas, { ...context, endpoint: target.endpoint })
      rows.queue_samples.push(...found.rows)
      for (const sample of found.used) used.add(sample)
    }
    const selection = this.#selectionFor(target)
    const selected = selection.selectFrom(families, used, context.timestamp)
    rows.metric_samples = selected.rows
    const complete = page.refused === 0 && page.unreadable === 0
    return {
      rows,
      kind: plan.kind,
      page,
      duplicate_gpus: duplicateGpus,
      missing: plan.missing,
      dropped: selected.dropped,
      refusals: refusalsOf(page, selected, selection, {
        maxSeries: this.#maxSeries,
        maxStored: target.metrics.max_series,
      }),
      commit: () => {
        for (const { deltas } of [...gpus, ...servers, ...queues]) deltas.commit(complete)
      },
    }
  }

  /** Throws ScrapeError when the page is not of the kind configured. */
  #planFor(families: Families, target: PageSettings): Plan {
    const known = serversOf(target)
    const kinds = kindsOf(families, target, known)
    const { host, hostname, searchParams } = new URL(target.url)
    const model = target.labels['model'] ?? searchParams.get('model') ?? ''
    const present = known.filter(({ name, detect }) => kinds.has(name) && detect(families))
    const servers: Plan['servers'] = []
    // A model that an engine on the page has a row for has none of the server around it: it would be counted twice.
    for (const server of present.toSorted((one, other) => Number(one.wraps ?? false) - Number(other.wraps ?? false))) {
      const deltas = this.#deltasOf(`server ${definitionOf(server)}`)
      const taken = new Set(server.wraps ? servers.flatMap(({ reader }) => reader.models) : [])
      servers.push({ deltas, reader: serverReader(server, families, deltas, model, taken) })
    }
    return {
      families,
      target,
      kind: [...kinds].join('+'),
      gpus: gpuExporters.flatMap((exporter, rank) =>
        kinds.has(exporter.name) && exporter.detect(families) !== null
          ? [{ exporter, rank, deltas: this.#deltasOf(`gpu ${exporter.name}`) }]
          : [],
      ),
      servers,
      queues: queuesOf(target.queues, families).flatMap((system) =>
        kinds.has(system.name) ? [{ system, deltas: this.#deltasOf(`queue ${definitionOf(system)}`) }] : [],
      ),
      used: servers.reduce((all, { reader }) => all.union(reader.used), new Set<Sample>()),
      host,
      hostname,
      missing: this.#missingOf(target, present, absentGpuMeasures(kinds, families), families),
    }
  }

  #deltasOf(key: string): Deltas {
    let deltas = this.#deltas.get(key)
    if (!deltas) this.#deltas.set(key, (deltas = new Deltas()))
    return deltas
  }

  /** A page of nothing known is looked at where an endpoint says that an inference server answers there. */
  #missingOf(
    target: PageSettings,
    present: readonly InferenceServer[],
    gpus: readonly GpuHint[],
    families: Families,
  ): MissingMeasure[] {
    if (present.length > 0 || gpus.length > 0) return this.#missing.of(present, gpus, families)
    return this.#missing.ofSilent(target.endpoint === '' ? [] : servers, families)
  }

  /** A new one when the configuration changed: other names and labels are other series. */
  #selectionFor(target: PageSettings): MetricSelection {
    const before = this.#selection
    if (before?.target === target) return before.metrics
    const { url, labels, metrics } = target
    const of = JSON.stringify([labels, metrics])
    const same = before?.of === of ? before.metrics : new MetricSelection(metrics, { url, labels })
    this.#selection = { of, target, metrics: same }
    return same
  }
}

const definitions = new WeakMap<object, string>()

/**
 * What is read as which measure: the same for as long as the configuration means the same. Under another one a counter that was
 * there all along would look new, and everything that it ever counted like an increase.
 */
function definitionOf(kind: InferenceServer | JobQueues): string {
  let text = definitions.get(kind)
  if (text === undefined) {
    text = JSON.stringify(kind, (_, value: unknown) => (value instanceof RegExp ? String(value) : value))
    definitions.set(kind, text)
  }
  return text
}

/** A target's own mapping stands for the server of its name. */
function serversOf({ server }: PageSettings): readonly InferenceServer[] {
  return server ? [...servers.filter(({ name }) => name !== server.name), server] : servers
}

/** Those on the page. One that the configuration describes stands for the known one of its name. */
function queuesOf(queues: readonly JobQueues[], families: Families): readonly JobQueues[] {
  const present = queues.filter(({ detect }) => detect(families))
  const described = new Set(present.filter((system) => !jobQueues.includes(system)).map(({ name }) => name))
  return present.filter((system) => !jobQueues.includes(system) || !described.has(system.name))
}

/** The configured kind, or every kind that recognises the page. */
function kindsOf(
  families: Families,
  { kind: configured, server: mapped, queues }: PageSettings,
  known: readonly InferenceServer[],
): Set<string> {
  const recognised = [
    ...gpuExporters.filter(({ detect }) => detect(families) !== null),
    ...known.filter(({ detect }) => detect(families)),
    ...queues.filter(({ detect }) => detect(families)),
  ]
  // A server that shows its GPUs too has one name in both lists.
  const detected = [...new Set(recognised.map(({ name }) => name))]
  if (configured === undefined) return new Set(detected.length > 0 ? detected : [plain])
  if (
    !knownKinds.includes(configured) &&
    configured !== mapped?.name &&
    !queues.some(({ name }) => name === configured)
  )
    throw new ScrapeError(
      'unknown_kind',
      `kind "${configured}" is not known: write one of ${knownKinds.join(', ')}, or leave it out`,
    )
  if (configured === plain || detected.includes(configured)) return new Set([configured])
  const silent = known.find(({ name, silent: hint }) => name === configured && hint?.when(families))?.silent
  if (silent) throw new ScrapeError('silent', `${silent.reason}: ${silent.fix}`)
  const looks = detected.length > 0 ? `it looks like ${detected.join(' and ')}` : 'no kind that is known is on it'
  throw new ScrapeError(
    'wrong_kind',
    `configured as kind "${configured}", but the page has none of its metrics: ${looks}; correct the kind or leave it out`,
  )
}

/** The line that the page lost counts among those that can't be read. */
function withCut(page: Page, { text, cut }: PageEnd): Page {
  if (cut === null) return page
  const line = text.split('\n').length
  const message = `the page ends without a line end, so that its last line may be cut and is not read: ${quote(cut)}`
  return { ...page, unreadable: page.unreadable + 1, errors: [...page.errors, { line, message }] }
}

function noSamples(page: Page): ScrapeError {
  const [first] = page.errors
  if (page.refused > 0) return new ScrapeError('refused', 'every series was refused: raise scrape.max_series')
  return first
    ? new ScrapeError('not_metrics', `answers something else than metrics: line ${first.line}: ${first.message}`)
    : new ScrapeError('empty', 'the page has no samples: the server may still be starting')
}

function processStart(families: Families): number | null {
  const samples = families.get('process_start_time_seconds')?.samples ?? []
  const [only] = samples
  return samples.length === 1 && only && Number.isFinite(only.value) ? only.value : null
}
