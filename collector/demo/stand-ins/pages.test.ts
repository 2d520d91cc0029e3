/** The pages of metrics of the demo's servers, as the collector reads them. */
import { expect, onTestFinished, test } from 'vitest'
import { PageReader } from '../../scrape/page-reader.ts'
import { plainTarget } from '../../scrape/testing.ts'
import { startDcgm } from './dcgm.ts'
import { startVllm } from './vllm.ts'

test.each([
  ['the vLLM server', () => startVllm()],
  ['the DCGM exporter', () => startDcgm(() => ({ duty: 0.5, batch: 0.5, kv: 0.5, throttled: false }))],
])('%s has all that its kind measures', async (_, start) => {
  const server = await start()
  onTestFinished(() => server.close())
  const page = await (await fetch(server.metricsUrl)).text()
  const { missing } = new PageReader({ maxSeries: 10_000 }).read(page, plainTarget, 0)
  expect(missing.filter(({ names }) => names.length > 0)).toEqual([])
})
