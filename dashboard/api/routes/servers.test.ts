/** Servers and what runs where, as a client meets them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { testStorage } from '../../../storage/testing.ts'
import { createApp } from '../app.ts'

const noon = Date.UTC(2026, 10, 21, 12)

let storage: Awaited<ReturnType<typeof testStorage>>
let app: ReturnType<typeof createApp>
beforeAll(async () => {
  storage = await testStorage()
  app = createApp(testDeps(storage.reader), { now: () => noon })
})
afterAll(() => storage.stop())

const get = (path: string) => app.request(path, { headers: { host: 'localhost:8080' } })

async function json(path: string): Promise<Record<string, unknown>> {
  const response = await get(path)
  expect(response.status).toBe(200)
  return (await response.json()) as Record<string, unknown>
}

test('servers: by endpoint, one of them, one latency, its GPUs; what is not known is refused by name', async () => {
  const at = (seconds: number) => (noon - seconds * 1000) * 1000
  const vllm = { server: 'vllm', instance: 'a:8000', endpoint: 'chat', model: 'llama', interval_ms: 10_000 }
  const ttft = { ttft_ms_bounds: [100, 200], ttft_ms_counts: [3, 1, 0], ttft_ms_sum: 400 }
  await storage.db.insert('server_samples', [
    { ...vllm, ...ttft, timestamp: at(60), output_tokens: 100 },
    { ...vllm, timestamp: at(60), output_tokens: 300, instance: 'b:8000' },
  ])
  const gpu = { endpoint: 'chat', instance: 'a:8000', model: 'llama', host: 'n', gpu_uuids: ['GPU-0'], mig_ids: [''] }
  await storage.db.insert('topology', [{ ...gpu, valid_from: at(600), version: 1 }])
  await storage.db.insert('gpu_samples', [{ timestamp: at(60), host: 'n', uuid: 'GPU-0', utilization_ratio: 0.5 }])
  expect(await json('/api/servers/totals?by=endpoint')).toMatchObject({
    servers: [{ instance: '', endpoint: 'chat', output_tokens_per_second: 40, ttft_ms: { observations: 4 } }],
  })
  expect(await json('/api/servers/series?instance=b:8000')).toMatchObject({ lines: [{ instance: 'b:8000' }] })
  const { lines } = (await json('/api/servers/latency?of=ttft_ms&instance=a:8000')) as {
    lines: { p50: { high_ms: (number | null)[] } }[]
  }
  expect(lines[0]?.p50.high_ms.filter((value) => value !== null)).toEqual([100])
  expect(await json('/api/servers/gpus?instance=a:8000')).toMatchObject({ lines: [{ host: 'n', uuid: 'GPU-0' }] })
  expect(await json('/api/topology')).toMatchObject({ links: [{ endpoint: 'chat', valid_to_ms: null }] })
  expect(await json(`/api/topology/unknown/unknown`)).toEqual({ by: 'nothing', links: [] })
  expect((await get('/api/servers/latency?of=nothing')).status).toBe(400)
  expect((await get('/api/servers/gpus')).status).toBe(400)
})
