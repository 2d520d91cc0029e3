/** Three hundred endpoints, fifty models and sixty-four GPUs: lists stay lists, and nothing of them is out of reach. */
import { expect, test } from 'vitest'
import { emptyGpu } from '../../collector/scrape/gpu.ts'
import { emptyRequest } from '../../records/llm-request.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const endpoint = (index: number) => `team-${index % 20}-endpoint-${index}-eu-west`

const here = testSite({
  prepare: async (storage) => {
    const calls = Array.from({ length: 300 }, (_, index) =>
      // The first are the busiest.
      Array.from({ length: index < 150 ? 2 : 1 }, (_unused, call) => ({
        ...emptyRequest(),
        timestamp: (now - 60_000 - index * 1000) * 1000 + call,
        trace_id: `${index}`.padStart(32, '0'),
        span_id: `${index * 2 + call}`.padStart(16, '0'),
        endpoint: endpoint(index),
        // Without a slash: it is cut where the cell ends.
        model: `meta-llama-${index % 50}-70B-Instruct-FP8-dynamic`,
        provider: 'vllm',
        duration_ms: 900,
      })),
    )
    await store(storage.db, 'requests', calls.flat())
    const gpus = Array.from({ length: 64 }, (_, index) => ({
      ...emptyGpu({
        timestamp: (now - 30_000) * 1000,
        target: `http://node-${index >> 3}:9400/metrics`,
        host: `node-${index >> 3}`,
        fallbackHost: '',
      }),
      gpu: String(index % 8),
      uuid: `GPU-${index}`,
      utilization_ratio: 0.5,
    }))
    await store(storage.db, 'gpu_samples', gpus)
  },
})

test('of three hundred endpoints a hundred, or all; any of them by its name', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/endpoints?live=off`)
  const rows = page.getByRole('table', { name: 'Endpoints' }).locator('tbody tr')
  await expect.poll(() => rows.count()).toBe(100)
  await page.getByRole('button', { name: 'Show all 300' }).click()
  await expect.poll(() => rows.count()).toBe(300)
  expect(page.url()).toContain('view=all')
  await page.getByRole('button', { name: 'Show the first 100' }).click()
  await expect.poll(() => rows.count()).toBe(100)
  await page.getByLabel('Filter endpoints by name').fill(endpoint(299))
  await expect.poll(() => rows.count()).toBe(1)
  expect(await rows.first().innerText()).toContain(endpoint(299))
  expect(complaints).toEqual([])
  await page.close()
})

test('fifty models and sixty-four GPUs are all there, in a list that ends', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/models?live=off`)
  await expect.poll(() => page.getByRole('table', { name: 'Models' }).locator('tbody tr').count()).toBe(50)
  await page.goto(`${here.site.url}/gpus?live=off`)
  const gpus = page.getByRole('table', { name: 'GPUs' })
  await expect.poll(() => gpus.locator('tbody tr').count()).toBe(64)
  expect((await gpus.locator('xpath=..').boundingBox())?.height).toBeLessThan(600)
  expect(complaints).toEqual([])
  await page.close()
})

test('at 1100 px the top bar is one row with the demo running, and a long name ends with dots', async () => {
  const { page } = await here.browser.open('about:blank', { width: 1100, height: 800 })
  await page.route('**/api/status*', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ json: { ...((await response.json()) as object), demo: 'running' } })
  })
  await page.goto(`${here.site.url}/requests?live=off`)
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  const name = page.locator('.virtual td:has(.swatch)').first()
  await name.waitFor()
  const cut = await name.evaluate((cell) => ({
    cut: cell.scrollWidth > cell.clientWidth,
    // Either alone would let the name run into the next column.
    by: [getComputedStyle(cell).overflowX, getComputedStyle(cell).textOverflow],
  }))
  expect(cut).toEqual({ cut: true, by: ['clip', 'ellipsis'] })
  const [title, controls] = await Promise.all([
    page.locator('.top-title').boundingBox(),
    page.locator('.top-controls').boundingBox(),
  ])
  expect(Math.abs((title?.y ?? 0) - (controls?.y ?? 100))).toBeLessThan(20)
  await page.close()
})

test('on a wall of 3,840 px charts stand four to a row, a wide panel beside two of them; a page of one list stays readable', async () => {
  const { page } = await here.browser.open('about:blank', { width: 3840, height: 2160 })
  await page.goto(`${here.site.url}/`)
  const boxOf = async (title: string) => {
    const box = await page.getByRole('region', { name: title, exact: true }).boundingBox()
    return { top: Math.round(box?.y ?? NaN), width: box?.width ?? NaN }
  }
  await page.getByRole('region', { name: 'Latency', exact: true }).waitFor()
  const row = async () => [await boxOf('Worst offenders'), await boxOf('Latency'), await boxOf('TTFT')] as const
  // What is above still takes its height while they are looked at.
  await expect.poll(async () => new Set((await row()).map(({ top }) => top)).size).toBe(1)
  const [offenders, latency] = await row()
  expect(offenders.width).toBeGreaterThan(1.9 * latency.width)
  expect((await boxOf('Endpoints')).width).toBeGreaterThan(3000)
  await page.goto(`${here.site.url}/models`)
  await page.getByRole('table', { name: 'Models' }).waitFor()
  expect((await boxOf('Models')).width).toBeLessThan(1800)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(3840)
  await page.close()
})
