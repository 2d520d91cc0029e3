/** The pages of GPUs in a real browser: the fleet as a map over time, and one GPU alone; as SQL has them. */
import { expect, test } from 'vitest'
import {
  formatChange,
  formatExact,
  formatRatio,
  formatUsd,
  formatUsdPerHour,
} from '../../dashboard/web/src/lib/format.ts'
import { gpuSamples } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Math.floor(Date.now() / 60_000) * 60_000
const hour = 3_600_000
const phone = { width: 390, height: 844 }
const fixed = `from=${now - 2 * hour}&to=${now}`
const evil = '<img src=x onerror="window.hurt = true">'

const here = testSite({
  prepare: async (storage) => {
    const samples = gpuSamples(now, 150).map((row) =>
      row.uuid === 'GPU-3'
        ? Object.assign(row, {
            host: evil,
            utilization_ratio: row.timestamp / 1000 > now - hour ? 0 : 0.5,
            xid: 79,
            device: evil,
          })
        : row,
    )
    await store(storage.db, 'gpu_samples', samples)
    await storage.db.insert('topology', [
      {
        server: 'vllm',
        version: 1,
        endpoint_source: 'config',
        endpoint: evil,
        instance: 'vllm-2:8000',
        model: evil,
        host: evil,
        gpu_uuids: ['GPU-3'],
        mig_ids: [''],
        gpu_hour_usd: 2.5,
        valid_from: (now - 3 * hour) * 1000,
      },
    ])
    await storage.rollups.flush()
  },
})

const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()
const open = (path: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}${path}`, size)

const idleOf = async (uuid: string) => {
  const [row] = await here.storage.reader.query<{ idle: number; minutes: number }>(
    `select countIf(busy < 0.05) as idle, count() as minutes from (
      select avg(g.utilization_ratio) as busy from gpu_samples as g where g.uuid = {uuid:String}
      and g.timestamp >= fromUnixTimestamp64Milli({from:Int64}) and g.timestamp < fromUnixTimestamp64Milli({to:Int64})
      group by toStartOfMinute(g.timestamp))`,
    { uuid, from: now - 2 * hour, to: now },
  )
  return row ?? { idle: NaN, minutes: NaN }
}

test('the fleet: a row a GPU, idle time and its cost as SQL counts them', async () => {
  const { page, complaints } = await open(`/gpus?${fixed}`)
  const rows = page.getByRole('table', { name: 'Fleet' }).locator('tbody tr')
  await rows.first().waitFor()
  expect(await rows.count()).toBe(4)
  const { idle, minutes } = await idleOf('GPU-3')
  const row = rows.filter({ hasText: evil })
  expect(plain(await row.locator('td').nth(3).textContent())).toBe(plain(formatRatio(idle / minutes)))
  expect(await row.locator('td').nth(3).getAttribute('title')).toBe(
    `${formatExact(idle)} of ${formatExact(minutes)} minutes`,
  )
  expect(plain(await row.locator('td').nth(5).textContent())).toBe(plain(formatUsd((idle / 60) * 2.5)))
  expect(await rows.first().locator('rect').count()).toBeGreaterThan(30)
  await page.getByLabel('Coloured by').selectOption('temperature_celsius')
  await page.waitForURL(/view=temperature_celsius/)
  await page
    .getByRole('table', { name: 'Fleet' })
    .getByText(/up to \d+.°C/)
    .waitFor()
  expect(complaints).toEqual([])
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  await page.close()
})

test('one cursor stands at the same time on the map and on the charts beside it', async () => {
  const { page, complaints } = await open(`/gpus?${fixed}`, { width: 1440, height: 1400 })
  const strips = page.getByRole('table', { name: 'Fleet' }).locator('.gpu-strip')
  const chart = page.locator('section .chart svg').first()
  await strips.first().waitFor()
  await chart.locator('.chart-curve').first().waitFor({ state: 'attached' })
  await strips.nth(1).hover()
  await expect.poll(() => chart.locator('.chart-cursor').count()).toBe(1)
  const on = () =>
    strips.locator('.chart-cursor line').evaluateAll((lines) => lines.map((line) => line.getAttribute('x1')))
  const columns = Number((await strips.first().getAttribute('viewBox'))?.split(' ')[2])
  // A chart has its scale on one side: its middle is near that of the map.
  const isMiddle = (x: string | null) => x !== null && Math.abs(Number(x) - columns / 2) < columns / 10
  expect((await on()).map(isMiddle)).toEqual([true, true, true, true])
  expect(new Set(await on()).size).toBe(1)
  await chart.hover()
  await expect.poll(async () => (await on()).filter(isMiddle).length).toBe(4)
  expect(new Set(await on()).size).toBe(1)
  await page.mouse.move(5, 5)
  await expect.poll(() => page.locator('.chart-cursor').count()).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('one GPU, opened by keyboard: figures, charts, what ran on it, XID; and back', async () => {
  const { page, complaints } = await open(`/gpus?${fixed}`)
  const row = page.getByRole('table', { name: 'Fleet' }).locator('tbody tr', { hasText: evil })
  await row.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: `${evil} · 1` }).waitFor()
  const { idle, minutes } = await idleOf('GPU-3')
  expect(plain(await page.locator('[data-figure="Idle"] .number-value').textContent())).toBe(
    plain(formatRatio(idle / minutes)),
  )
  const ran = page.getByRole('table', { name: 'What ran on it' })
  await ran.getByText('vllm-2:8000').waitFor()
  expect(plain(await page.locator('.thing-head').textContent())).toContain(`GPU-3 · ${plain(formatUsdPerHour(2.5))}`)
  await page.getByRole('table', { name: 'XID errors' }).getByText('79', { exact: true }).waitFor()
  await page.getByRole('img', { name: 'Power over time' }).waitFor()
  // Its exporter tells neither SM activity nor the temperature of the memory: no line, rather than one at zero.
  expect(await page.getByRole('button', { name: 'SM active' }).count()).toBe(0)
  await ran.getByRole('link', { name: 'vllm-2:8000' }).click()
  await page.waitForURL((url) => url.pathname === '/servers/vllm-2%3A8000')
  await page.goBack()
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'GPUs' }).click()
  await page.getByRole('table', { name: 'Fleet' }).waitFor()
  const now = page.getByRole('table', { name: 'GPUs' }).locator('tbody tr', { hasText: evil })
  await now.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: `${evil} · 1` }).waitFor()
  expect(complaints).toEqual([])
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  await page.close()
})

test('compared, each figure says its change since the period before, and XID whether it is new', async () => {
  const lastHour = `from=${now - hour}&to=${now}`
  const { page, complaints } = await open(`/gpus/gpu-node-1/0?${lastHour}&compare=on`)
  const figure = (name: string) => page.locator(`[data-figure="${name}"]`)
  await figure('Power').locator('.delta').waitFor()
  const power = async (end: number) => {
    const [row] = await here.storage.reader.query<{ watts: number }>(
      `select avg(g.power_watts) as watts from gpu_samples as g where g.uuid = 'GPU-0'
      and g.timestamp >= fromUnixTimestamp64Milli({from:Int64}) and g.timestamp < fromUnixTimestamp64Milli({to:Int64})`,
      { from: end - 60_000, to: end },
    )
    return row?.watts ?? NaN
  }
  expect(plain(await figure('Power').locator('.delta').textContent())).toBe(
    plain(formatChange(await power(now), await power(now - hour)).text),
  )
  await page.goto(`${here.site.url}/gpus/${encodeURIComponent(evil)}/1?${lastHour}&compare=on`)
  // Busy in the hour before, idle in all of this one.
  await expect.poll(async () => plain(await figure('Idle').locator('.delta').getAttribute('title'))).toMatch(/^0 %/)
  const xid = page.getByRole('table', { name: 'XID errors' })
  expect(plain(await xid.locator('tbody tr td').last().textContent())).toMatch(/ago$/)
  await page.keyboard.press('c')
  await expect.poll(() => figure('Power').locator('.delta').count()).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('nothing known, a failing API, and a phone', async () => {
  const unknown = await open(`/gpus/nobody/7?${fixed}`)
  await unknown.page.getByText('Nothing of this GPU is stored in this range').waitFor()
  await unknown.page.close()
  const { page } = await open('/targets')
  await page.route('**/api/gpus/fleet*', (route) =>
    route.fulfill({ status: 500, json: { error: { message: 'it broke', hint: 'wait' } } }),
  )
  await page.goto(`${here.site.url}/gpus?${fixed}`)
  await page.getByRole('region', { name: 'Fleet' }).getByRole('alert').waitFor()
  await page.getByRole('table', { name: 'GPUs' }).waitFor()
  await page.close()
  const small = await open(`/gpus/gpu-node-1/0?${fixed}`, phone)
  await small.page.getByRole('img', { name: 'Power over time' }).waitFor()
  expect(await small.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width)
  await small.page.close()
})
