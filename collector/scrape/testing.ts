/** For tests of this folder: pages we wrote, and captures of real servers where they lie beside the repository. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Deltas } from './delta.ts'
import { parseExposition } from './exposition.ts'
import type { GpuSample } from '../../records/gpu-sample.ts'
import type { ServerSample } from '../../records/server-sample.ts'
import type { GpuExporter } from './gpu.ts'
import type { PageSettings } from './page-reader.ts'
import { metricsConfig } from './target-config.ts'
import { readGpus } from './read-gpus.ts'
import { jobQueues } from './queues/index.ts'
import { readServer } from './read-server.ts'
import type { InferenceServer } from './server.ts'

const captures = join(import.meta.dirname, '../../../shared/captures/metrics')
export const haveCaptures = existsSync(captures)

export const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
export const fixtureNames = () => readdirSync(join(import.meta.dirname, 'fixtures'))
export const capture = (name: string) => readFileSync(join(captures, name), 'utf8')

/** Every captured page, by its path below the captures. */
export function capturedPages(): string[] {
  if (!haveCaptures) return []
  return readdirSync(captures, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.prom'))
}

/** A target of which nothing is configured but its address. */
export const plainTarget: PageSettings = {
  url: 'http://h:8000/metrics',
  kind: undefined,
  endpoint: '',
  labels: {},
  metrics: metricsConfig.parse({}),
  queues: jobQueues,
}

/** Rows of the last of several pages of one server, scraped 10 s apart. */
export function readServerPages(server: InferenceServer, ...pages: string[]): ServerSample[] {
  const deltas = new Deltas()
  let rows: ServerSample[] = []
  for (const [index, page] of pages.entries()) {
    deltas.begin(index * 10_000)
    const place = { timestamp: 0, instance: 'i', endpoint: 'e', model: '' }
    rows = readServer(server, parseExposition(page).families, deltas, place).rows
    deltas.commit(true)
  }
  return rows
}

/** Rows of the last of several pages of one GPU exporter, scraped 10 s apart. */
export function readGpuPages(exporter: GpuExporter, ...pages: string[]): GpuSample[] {
  const deltas = new Deltas()
  let rows: GpuSample[] = []
  for (const [index, page] of pages.entries()) {
    deltas.begin(index * 10_000)
    const context = { timestamp: 0, target: 't', host: null, fallbackHost: 'fallback' }
    rows = readGpus(exporter, parseExposition(page).families, deltas, context).rows
    deltas.commit(true)
  }
  return rows
}
