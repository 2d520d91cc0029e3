/** For tests of the loop: a local exporter whose page they change, a clock they advance, and what was stored. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { expect } from 'vitest'
import type { Target } from '../../records/server-sample.ts'
import { scrapeConfig, type ScrapeConfig } from '../config.ts'
import type { Batch } from '../spool/index.ts'
import { ManualClock } from './clock.ts'
import { startScraper, type Scraper } from './index.ts'

export type Answer = string | ((request: IncomingMessage, response: ServerResponse) => void)

export interface TestExporter {
  url: string
  answer: Answer
  /** What the spool fails with; null lets it take rows. */
  refuse: Error | null
  /** What the spool waits for before it takes rows. */
  slow: Promise<void> | null
  requests: IncomingMessage[]
  batches: Batch[]
  inserted: Target[]
  versions: { server: string; instance: string; endpoint: string; version: string }[]
  clock: ManualClock
  /** A scraper on this exporter's clock and stores; stopped with the exporter. */
  scrape(targets: object[], rest?: object, endpoints?: { name: string; upstream?: string }[]): Scraper
  /** Waits until the scrape of this moment is over, then moves on by one interval. */
  next(scraper: Scraper): Promise<void>
  stop(): Promise<void>
}

export const testConfig = (targets: object[], rest: object = {}): ScrapeConfig =>
  scrapeConfig.parse({ targets, ...rest })

export const until = (holds: () => boolean) => expect.poll(holds, { interval: 2, timeout: 10_000 }).toBe(true)

/** Every target was scraped once. */
export const settled = (scraper: Scraper) => until(() => scraper.targets().every(({ state }) => state !== 'unknown'))

const intervalMs = 10_000

export async function testExporter(): Promise<TestExporter> {
  const scrapers: Scraper[] = []
  const clock = new ManualClock()
  const server = createServer((request, response) => {
    exporter.requests.push(request)
    if (typeof exporter.answer === 'string') response.end(exporter.answer)
    else exporter.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const exporter: TestExporter = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    answer: '',
    refuse: null,
    slow: null,
    requests: [],
    batches: [],
    inserted: [],
    versions: [],
    clock,
    scrape(targets, rest, endpoints = []) {
      const scraper = startScraper({
        config: testConfig(targets, rest),
        endpoints: endpoints.map((endpoint) => ({ kind: 'openai' as const, ...endpoint })),
        spool: {
          async append(batch) {
            await exporter.slow
            if (exporter.refuse) throw exporter.refuse
            exporter.batches.push(batch)
          },
        },
        db: {
          async insert(table, rows) {
            if (table === 'server_versions') exporter.versions.push(...(rows as TestExporter['versions']))
            if (table === 'targets') exporter.inserted.push(...(rows as Target[]))
          },
        },
        log: pino({ level: 'silent' }),
        clock,
        gatherMs: 0,
      })
      scrapers.push(scraper)
      return scraper
    },
    async next(scraper) {
      clock.advance(intervalMs)
      await until(() => scraper.targets().every(({ timestamp }) => timestamp > (clock.now() - intervalMs) * 1000))
    },
    async stop() {
      for (const scraper of scrapers) await scraper.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return exporter
}
