/** Turns the pages of one target into rows: GPUs, inference servers, and everything else as plain metrics. */
import type { GpuSample } from '../../records/gpu-sample.ts'
import type { MetricSample, ServerSample } from '../../records/server-sample.ts'
import type { MetricsConfig } from './target-config.ts'
import { Deltas } from './delta.ts'
import { ExpositionParser } from './exposition.ts'
import type { Families, Page, Sample } from './families.ts'
import { gpuExporters } from './gpus/index.ts'
import { MetricSelection } from './metric-selection.ts'
import { mappedFamilies, readServer } from './read-server.ts'
import { refusalsOf, type Refusal } from './refusals.ts'
import { ScrapeError } from './scrape-error.ts'
import { servers } from './servers/index.ts'

export interface PageSettings {
  /** Without credentials: as it is stored and shown. */
  url: string
  /** Undefined finds the kind from the page. */
  kind: string | undefined
  endpoint: string
  labels: Readonly<Record<string, string>>
  metrics: MetricsConfig
}

export interface ReadPage {
  rows: { gpu_samples: GpuSample[]; server_samples: ServerSample[]; metric_samples: MetricSample[] }
  /** What the page was read as: `vllm`, `dcgm`, both joined by +, or `prometheus` for any other. */
  kind: string
  page: Page
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
  ...new Set([...servers.map(({ name }) => name), ...gpuExporters.map(({ name }) => name), plain]),
]

export class PageReader {
  readonly #parser: ExpositionParser
  readonly #maxSeries: number
  readonly #deltas = new Map<string, Deltas>()
  #selection: { of: string; metrics: MetricSelection } | null = null

  constructor({ maxSeries }: { maxSeries: number }) {
    this.#parser = new ExpositionParser({ maxSeries })
    this.#maxSeries = maxSeries
  }

  /** Reads a page scraped at `now` (epoch ms). Throws ScrapeError when it has no metrics or is not of the kind configured. */
  read(text: string, target: PageSettings, now: number): ReadPage {
    const page = this.#parser.parse(text)
    if (page.samples === 0) throw noSamples(page)
    const kinds = kindsOf(page.families, target.kind)
    const context = { timestamp: now * 1000, target: target.url }
    const { host, hostname } = new URL(target.url)
    const rows: ReadPage['rows'] = { gpu_samples: [], server_samples: [], metric_samples: [] }
    const mapped = new Set<string>()
    const used = new Set<Sample>()
    const asked: Deltas[] = []
    const deltasOf = (key: string, processStart: number | null) => {
      let deltas = this.#deltas.get(key)
      if (!deltas) this.#deltas.set(key, (deltas = new Deltas()))
      deltas.begin(now, processStart)
      asked.push(deltas)
      return deltas
    }
    for (const [index, exporter] of gpuExporters.entries()) {
      if (!kinds.has(exporter.name) || !exporter.detect(page.families)) continue
      // Energy counts since the driver was loaded: a restart of the exporter does not reset it.
      const deltas = deltasOf(`gpu ${index}`, null)
      const found = exporter.read(page.families, deltas, {
        ...context,
        host: target.labels['host'] ?? null,
        fallbackHost: hostname,
      })
      rows.gpu_samples.push(...found.rows)
      for (const sample of found.used) used.add(sample)
    }
    for (const [index, server] of servers.entries()) {
      if (!kinds.has(server.name) || !server.detect(page.families)) continue
      const deltas = deltasOf(`server ${index}`, processStart(page.families))
      const { timestamp } = context
      rows.server_samples.push(
        ...readServer(server, page.families, deltas, { timestamp, instance: host, endpoint: target.endpoint }),
      )
      for (const name of mappedFamilies(server, page.families)) mapped.add(name)
    }
    const selection = this.#selectionFor(target)
    const others = [...page.families.values()].filter(({ name }) => !mapped.has(name))
    const selected = selection.select(others, (sample) => used.has(sample), context.timestamp)
    rows.metric_samples = selected.rows
    const complete = page.refused === 0 && page.unreadable === 0
    return {
      rows,
      kind: [...kinds].join('+'),
      page,
      dropped: selected.dropped,
      refusals: refusalsOf(page, selected, selection, {
        maxSeries: this.#maxSeries,
        maxStored: target.metrics.max_series,
      }),
      commit: () => {
        for (const deltas of asked) deltas.commit(complete)
      },
    }
  }

  /** A new one when the configuration changed: other names and labels are other series. */
  #selectionFor({ url, labels, metrics }: PageSettings): MetricSelection {
    const of = JSON.stringify([labels, metrics])
    if (this.#selection?.of !== of) this.#selection = { of, metrics: new MetricSelection(metrics, { url, labels }) }
    return this.#selection.metrics
  }
}

/** The configured kind, or every kind that recognises the page. */
function kindsOf(families: Families, configured: string | undefined): Set<string> {
  const detected = [...gpuExporters, ...servers].filter(({ detect }) => detect(families)).map(({ name }) => name)
  if (configured === undefined) return new Set(detected.length > 0 ? detected : [plain])
  if (!knownKinds.includes(configured))
    throw new ScrapeError(
      'unknown_kind',
      `kind "${configured}" is not known: write one of ${knownKinds.join(', ')}, or leave it out`,
    )
  if (configured === plain || detected.includes(configured)) return new Set([configured])
  const looks = detected.length > 0 ? `it looks like ${detected.join(' and ')}` : 'no kind that is known is on it'
  throw new ScrapeError(
    'wrong_kind',
    `configured as kind "${configured}", but the page has none of its metrics: ${looks}; correct the kind or leave it out`,
  )
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
