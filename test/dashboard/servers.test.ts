/** The pages of servers in a real browser: what runs where, how servers did, and one of them with its GPUs. */
import { expect, test } from 'vitest'
import { emptyRequest } from '../../records/llm-request.ts'
import { gpuSamples, serverSamples } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const fixed = `?from=${now - 3_600_000}&to=${now}`

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'gpu_samples', gpuSamples(now, 60))
    const bounds_ms = [50, 100, 200, 400, 800]
    const samples = serverSamples(now, 60).map((sample, index) =>
      Object.assign(sample, {
        finished: new Map([
          ['stop', 9],
          ['length', 2],
        ]),
        // The last bucket of the first server holds most of what it tells at the end.
        ttft_ms: { bounds_ms, counts: index % 2 === 0 ? [1, 4, 5, 1, 0, 0] : [0, 1, 1, 2, 1, 6], sum_ms: 2000 },
      }),
    )
    await store(storage.db, 'server_samples', samples)
    const link = { server: 'vllm', version: 1, valid_from: (now - 7_200_000) * 1000, endpoint_source: 'config' }
    await storage.db.insert('topology', [
      {
        ...link,
        endpoint: 'llama-70b',
        instance: 'vllm-1:8000',
        model: 'llama-3.1-70b',
        host: 'gpu-node-1',
        gpu_uuids: ['GPU-0', 'GPU-1'],
        mig_ids: ['', ''],
        gpu_hour_usd: 2.5,
        gpu_source: 'host',
        why: 'Endpoint: configured. GPUs: they are on its host gpu-node-1.',
      },
      {
        ...link,
        endpoint: 'qwen-coder',
        instance: 'vllm-2:8000',
        model: 'qwen2.5-coder',
        host: 'gpu-node-2',
        gpu_uuids: ['GPU-2', 'GPU-3'],
        mig_ids: ['', ''],
        ambiguous: true,
        why: 'Endpoint: configured. GPUs: two servers share the host.',
      },
    ])
    const call = {
      ...emptyRequest(),
      timestamp: (now - 60_000) * 1000,
      trace_id: 'a1',
      span_id: 'b1',
      model: 'llama-3.1-70b',
    }
    await store(storage.db, 'requests', [{ ...call, endpoint: 'llama-70b', instance: 'vllm-1:8000', status: 'ok' }])
  },
})

/** The machine may be busy. */
const patient = { timeout: 60_000 }
const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()

test('what runs where, latencies with how far they may be off, one server and its GPUs', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/servers${fixed}`)
  const rows = page.getByRole('table', { name: 'What runs where' }).locator('tbody tr')
  await rows.first().waitFor()
  expect((await rows.allInnerTexts()).map((text) => plain(text).replaceAll(/\s+/g, ' '))).toEqual([
    expect.stringMatching(/^llama-70b vllm-1:8000 .*2 gpu-node-1 .*configured/),
    expect.stringMatching(/^qwen-coder vllm-2:8000 .*2 gpu-node-2 .*ambiguous/),
  ])
  const ttft = page.getByRole('region', { name: 'Time to first token' })
  await expect
    .poll(async () => plain(await ttft.locator('.legend tbody').innerText()), patient)
    .toMatch(/200 ms and 400 ms/)
  // Most of what the second server tells is above its last bound.
  expect(plain(await ttft.locator('.legend tbody').innerText())).toMatch(/≥ 800 ms/)
  expect(await page.getByRole('region', { name: 'Its GPUs' }).count()).toBe(0)

  await page.getByRole('table', { name: 'Inference servers' }).getByRole('link', { name: 'vllm-1:8000' }).click()
  const gpus = page.getByRole('region', { name: 'Its GPUs' })
  await expect.poll(() => gpus.locator('.legend tbody tr').count(), patient).toBe(2)
  expect(new URL(page.url()).pathname).toBe('/servers/vllm-1%3A8000')
  expect(await page.locator('.rail-link[aria-current="page"]').innerText()).toBe('Servers')
  const head = page.locator('.thing-head')
  expect(plain(await head.innerText()).replaceAll(/\s+/g, ' ')).toBe(
    'Servers / vllm-1:8000 Kind vllm Model llama-3.1-70b Endpoint llama-70b',
  )
  await expect.poll(() => rows.count(), patient).toBe(1)
  const finishes = page.getByRole('region', { name: 'Finish reasons' })
  await expect.poll(async () => plain(await finishes.locator('.legend').innerText()), patient).toMatch(/length.*stop/s)
  await page.goBack()
  await expect.poll(() => rows.count(), patient).toBe(2)
  const second = page.getByRole('table', { name: 'Inference servers' }).locator('tbody tr', { hasText: 'vllm-2:8000' })
  await second.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'vllm-2:8000' }).waitFor()
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Servers' }).click()
  await expect.poll(() => rows.count(), patient).toBe(2)
  expect(complaints).toEqual([])
  await page.close()
})

/** Requests of a bucket, over all that is seen, by the low end of the bucket. */
async function bucketsOf(instance: string): Promise<Map<number, number>> {
  const rows = await here.storage.reader.query<{ low: number; requests: number }>(
    `select arrayPushFront(ttft_ms_bounds, 0)[at] as low, toFloat64(sum(ttft_ms_counts[at])) as requests
    from server_samples array join arrayEnumerate(ttft_ms_counts) as at
    where instance = {instance:String} and timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64})
    group by low having requests > 0 order by low`,
    { instance, from: now - 3_600_000, to: now },
  )
  return new Map(rows.map(({ low, requests }) => [low, requests]))
}

test('the latencies of a server lie in its own buckets, as SQL counts them; the last one has no end', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/servers/vllm-2:8000${fixed}`)
  const heatmap = page.getByRole('region', { name: 'Latency distribution' })
  await heatmap.getByText('Time of whole requests shows by buckets').waitFor()
  await heatmap.getByRole('button', { name: 'TTFT' }).click()
  const map = heatmap.getByRole('application', { name: /^Time to first token/ })
  await map.waitFor()
  const asked = new URL('/api/servers/heatmap', here.site.url)
  asked.search = new URLSearchParams({
    instance: 'vllm-2:8000',
    of: 'ttft_ms',
    from: String(now - 3_600_000),
    to: String(now),
  }).toString()
  const { lows, top, counts } = (await (await fetch(asked)).json()) as {
    lows: number[]
    top: number | null
    counts: number[][]
  }
  const rowSums = lows.map((_, row) => counts.reduce((sum, column) => sum + (column[row] ?? 0), 0))
  expect(new Map(lows.map((low, row) => [low, rowSums[row]]))).toEqual(await bucketsOf('vllm-2:8000'))
  expect(top).toBeNull()
  await map.focus()
  await page.keyboard.press('ArrowLeft')
  for (let up = 0; up < lows.length; up += 1) await page.keyboard.press('ArrowUp')
  await expect.poll(async () => plain(await map.locator('output').innerText()), patient).toContain('800 ms and more')
  expect(new URL(page.url()).searchParams.get('set')).toBe('distribution.ttft_ms')
  expect(complaints).toEqual([])
  await page.close()
})

test('an address from before servers had pages leads on, and keeps its range', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/servers${fixed}&server=vllm-1%3A8000`)
  await page.getByRole('heading', { name: 'vllm-1:8000' }).waitFor()
  const { pathname, searchParams } = new URL(page.url())
  expect([pathname, searchParams.has('server'), Date.parse(searchParams.get('to') ?? '')]).toEqual([
    '/servers/vllm-1%3A8000',
    false,
    now,
  ])
  await page.goto(`${here.site.url}/servers/nobody:1${fixed}`)
  await page.getByText('Nothing of this server is stored in this range').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('on a phone nothing of a server runs out of the screen', async () => {
  const { page } = await here.browser.open(`${here.site.url}/servers/vllm-1:8000${fixed}`, { width: 390, height: 844 })
  await page.getByRole('table', { name: 'At its last scrape' }).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  await page.close()
})

test('a request says which server and GPUs it ran on', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/requests${fixed}&open=a1.b1`)
  const ranOn = page.getByRole('region', { name: 'Ran on' })
  await expect
    .poll(async () => plain(await ranOn.innerText()), patient)
    .toMatch(/vllm-1:8000 · 2 GPUs of gpu-node-1\s+The call names its server\./)
  expect(complaints).toEqual([])
  await page.close()
})

/** Whatever a metrics page calls things: shown, never run. */
test('names that are markup are text, on the list and on the page of the server', async () => {
  const evil = '<img src=x onerror="window.hurt = true">'
  const [sample] = serverSamples(now, 1)
  const hostile = { instance: evil, model: evil, endpoint: evil, server: evil, finished: new Map([[evil, 3]]) }
  await store(here.storage.db, 'server_samples', [Object.assign({}, sample, hostile)])
  await here.storage.db.insert('server_versions', [
    { timestamp: new Date(now - 60_000), server: evil, instance: evil, endpoint: evil, version: evil },
  ])
  await here.storage.db.insert('topology', [
    {
      server: evil,
      version: 2,
      endpoint_source: 'config',
      endpoint: evil,
      instance: evil,
      model: evil,
      host: evil,
      gpu_uuids: [evil],
      mig_ids: [evil],
      gpu_source: 'host',
      why: evil,
      valid_from: (now - 7_200_000) * 1000,
    },
  ])
  const { page, complaints } = await here.browser.open(`${here.site.url}/servers${fixed}`)
  const row = page.getByRole('table', { name: 'Inference servers' }).locator('tbody tr', { hasText: evil })
  await row.locator('td').first().getByRole('link').click()
  await page.getByRole('heading', { name: evil }).waitFor()
  const finishes = page.getByRole('region', { name: 'Finish reasons' })
  await expect.poll(async () => plain(await finishes.locator('.legend').innerText()), patient).toContain(evil)
  await page.getByRole('table', { name: 'What runs where' }).getByText(evil).first().waitFor()
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(complaints).toEqual([])
  await page.close()
})
