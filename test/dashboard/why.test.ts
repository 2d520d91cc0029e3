/** From a chart to the requests behind it, in a real browser: what is chosen is brushed in the explorer, and free filters hold everywhere. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { formatCount } from '../../dashboard/web/src/lib/format.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import { requests } from './seed.ts'
import { storeFleet } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const minute = 60_000
const [from, to] = [now - 60 * minute, now]
const fixed = `?from=${from}&to=${to}`
const patient = { timeout: 60_000 }
const evil = '<img src=x onerror="window.hurt = true">'

/** A team's release of twenty minutes ago takes four times as long, for ten minutes. */
function released(row: LlmRequest): LlmRequest {
  const age = now - row.timestamp / 1000
  const slow = row.model === 'gpt-4o-mini' && row.team === 'search' && age > 10 * minute && age < 20 * minute
  return slow ? { ...row, duration_ms: (row.duration_ms ?? 0) * 8, variant: evil } : row
}
const seeded = requests(now, 120).map(released)

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', seeded)
    await storeFleet(storage.db, now, 120)
    await storage.rollups.flush()
  },
})

const open = (path: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}${path}`, size)
const panel = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true })
const sql = async (condition: string, since = from, until = to) => {
  const [row] = await here.storage.reader.query<{ n: number }>(
    `select count() as n from requests where timestamp >= fromUnixTimestamp64Milli({since:Int64})
    and timestamp < fromUnixTimestamp64Milli({until:Int64}) and ${condition}`,
    { since, until },
  )
  return row?.n ?? 0
}

/** Drags over a part of a chart, as shares of its width, with shift held down. */
async function shiftDrag(page: Page, title: string, start: number, end: number) {
  const chart = panel(page, title).locator('.chart svg')
  await panel(page, title).locator('.chart-curve').first().waitFor({ state: 'attached' })
  await chart.scrollIntoViewIfNeeded()
  const box = await chart.boundingBox()
  if (!box) throw new Error(`no chart of ${title}`)
  const x = (share: number) => box.x + 58 + (box.width - 76) * share
  await page.keyboard.down('Shift')
  await page.mouse.move(x(start), box.y + 60)
  await page.mouse.down()
  await page.mouse.move(x(end), box.y + 60, { steps: 5 })
  await page.mouse.up()
  await page.keyboard.up('Shift')
}

/** The brush of the address. */
async function brushIn(page: Page) {
  await page.waitForURL((url) => url.pathname === '/requests' && url.searchParams.has('brush'))
  const url = new URL(page.url())
  const parts = (url.searchParams.get('brush') ?? '').split(',').map((part) => (part === '' ? null : Number(part)))
  const [since = null, until = null, min = null, max = null] = parts
  return { search: url.searchParams, since: since ?? 0, until: until ?? 0, min, max }
}

const brushedCount = async (page: Page) =>
  (await panel(page, 'What is different about these').locator('.differs-about').textContent(patient))?.split(' ')[0]

describe('shift and drag', () => {
  test('over slow requests of a model leads to them, and to what is different about them', async () => {
    const { page, complaints } = await open(`/models/gpt-4o-mini${fixed}`)
    await shiftDrag(page, 'Latency', 0.68, 0.82)
    const { search, since, until, min, max } = await brushIn(page)
    expect(search.getAll('model')).toEqual(['gpt-4o-mini'])
    expect([since >= from, until <= to, until > since, max]).toEqual([true, true, true, null])
    expect(min).toBeGreaterThan(500)
    const count = await sql(`model = 'gpt-4o-mini' and duration_ms >= ${min}`, since, until)
    expect(count).toBeGreaterThan(5)
    await expect.poll(() => brushedCount(page), patient).toBe(formatCount(count))
    const differs = panel(page, 'What is different about these')
    await differs.locator('li', { hasText: 'team search' }).waitFor()
    await differs.locator('li', { hasText: evil }).waitFor()
    expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
    await page.goBack()
    await page.waitForURL(/models/)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('over errors leads to those that failed; filters and the comparison come along', async () => {
    const { page } = await open(`/models/gpt-4o${fixed}&team=search&q=duration%3E1ms&compare=on`)
    await shiftDrag(page, 'Errors by class', 0.5, 0.95)
    const { search, since, until, min } = await brushIn(page)
    expect(search.getAll('status').toSorted()).toEqual(['error', 'rate_limited', 'timeout'])
    expect([search.get('team'), search.get('q'), search.get('compare'), min]).toEqual([
      'search',
      'duration>1ms',
      'on',
      null,
    ])
    const failed = "model = 'gpt-4o' and team = 'search' and status in ('error', 'rate_limited', 'timeout')"
    const count = await sql(failed, since, until)
    expect(count).toBeGreaterThan(0)
    await expect.poll(() => brushedCount(page), patient).toBe(formatCount(count))
    await page.close()
  })

  test('without shift it zooms, and the tooltip says that shift asks', async () => {
    const { page } = await open(`/models/gpt-4o${fixed}`)
    const chart = panel(page, 'Requests').locator('.chart')
    await panel(page, 'Requests').locator('.chart-curve').first().waitFor({ state: 'attached' })
    await chart.hover()
    await chart.getByText('Shift and drag: what differs?').waitFor()
    const box = (await chart.boundingBox())!
    await page.mouse.move(box.x + 200, box.y + 60)
    await page.mouse.down()
    await page.mouse.move(box.x + 300, box.y + 60, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL((url) => url.searchParams.get('from') !== String(from))
    expect(new URL(page.url()).pathname).toBe('/models/gpt-4o')
    await page.close()
  })

  test('has its like in the menu, by keys: all that is in view against the time before', async () => {
    const { page } = await open(`/models/gpt-4o${fixed}`)
    await panel(page, 'Requests').locator('.chart-curve').first().waitFor({ state: 'attached' })
    await page.getByRole('button', { name: 'Menu of Requests' }).focus()
    await page.keyboard.press('Enter')
    const item = page.getByRole('menuitem', { name: 'What differs here?' })
    await item.focus()
    await page.keyboard.press('Enter')
    const { search, since, until } = await brushIn(page)
    const whole = [search.get('from'), search.get('to')].map((text) => Date.parse(text ?? ''))
    expect([until - since, whole]).toEqual([to - from, [since - (to - from), until]])
    await expect.poll(() => brushedCount(page), patient).toBe(formatCount(await sql("model = 'gpt-4o'", since, until)))
    await page.close()
  })

  test('on the overview it is about the model that rose most', async () => {
    const { page } = await open(`/${fixed}`)
    await shiftDrag(page, 'Latency', 0.68, 0.82)
    const { search, min } = await brushIn(page)
    expect(search.getAll('model')).toEqual(['gpt-4o-mini'])
    expect(min).toBeLessThan(6000)
    await page.close()
  })
})

describe('the heatmap of a model', () => {
  test('holds all its requests, and a part of it opens in the explorer', async () => {
    const { page, complaints } = await open(`/models/gpt-4o-mini${fixed}`)
    const heatmap = page.getByRole('application', { name: /^Latency over time/ })
    await heatmap.locator('path').first().waitFor({ state: 'attached' })
    await page.getByRole('button', { name: 'Menu of Latency distribution' }).click()
    await page.getByRole('menuitem', { name: 'Show as table' }).click()
    await page.getByRole('dialog').locator('tbody td').first().waitFor()
    const cells = await page.getByRole('dialog').locator('tbody td').allTextContents()
    const counted = cells.map((cell) => Number(cell.replaceAll(',', ''))).filter((value) => Number.isFinite(value))
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(
      await sql("model = 'gpt-4o-mini' and duration_ms is not null"),
    )
    await page.keyboard.press('Escape')
    await heatmap.focus()
    for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowUp']) await page.keyboard.press(key)
    await page.keyboard.press('Enter')
    const { search, min, max } = await brushIn(page)
    expect(search.getAll('model')).toEqual(['gpt-4o-mini'])
    // From the lowest row up: open below.
    expect([min, max === null]).toEqual([null, false])
    expect(complaints).toEqual([])
    await page.close()
  })

  test('that cannot be had fails alone, and comes back by a retry', async () => {
    const { page } = await open(`/ingest${fixed}`)
    let broken = true
    await page.route('**/api/requests/heatmap*', (route) =>
      broken ? route.fulfill({ status: 500, json: { error: { message: 'out of order' } } }) : route.continue(),
    )
    await page.goto(`${here.site.url}/endpoints/openai${fixed}`)
    const own = panel(page, 'Latency distribution')
    await own.getByText('out of order').waitFor(patient)
    await panel(page, 'Requests').locator('.chart-curve').first().waitFor({ state: 'attached' })
    broken = false
    await own.getByRole('button', { name: 'Retry' }).click()
    await own.getByRole('application').waitFor(patient)
    await expect.poll(() => own.getByText('out of order').count()).toBe(0)
    await page.close()
  })
})

describe('compared with the period before', () => {
  test.each([
    ['/models/gpt-4o', 'Latency', 'P95, the period before'],
    ['/endpoints/openai', 'Concurrency', 'mean, the period before'],
    ['/models/gpt-4o', 'P95 by version', ', the period before'],
    ['/models/gpt-4o', 'Finish reasons', 'all, the period before'],
    ['/cost', 'Spend by model', 'all, the period before'],
    ['/gpus', 'GPU utilisation', ', the period before'],
    ['/servers', 'Running', ', the period before'],
  ])(
    '%s draws it on "%s"',
    async (path, title, label) => {
      const { page, complaints } = await open(`${path}${fixed}`)
      const chart = panel(page, title)
      await chart.locator('.chart-curve').first().waitFor({ state: 'attached' })
      const before = chart.locator('.chart-curve[stroke-width="1"][stroke-opacity="0.75"]')
      expect(await before.count()).toBe(0)
      await page.getByRole('button', { name: 'Compare' }).click()
      await page.waitForURL(/compare=on/)
      await expect.poll(() => before.count(), patient).toBeGreaterThan(0)
      await chart.locator('.chart').hover()
      await chart.getByText(label).first().waitFor()
      expect(complaints).toEqual([])
      await page.close()
    },
    240_000,
  )
})

describe('a free filter', () => {
  test('is typed where filters are, holds on the page and comes along to others', async () => {
    const { page, complaints } = await open(`/models${fixed}`)
    await page.getByRole('table', { name: 'Models' }).waitFor()
    await page.keyboard.press('/')
    await page.getByLabel('Search filter values').fill('duration>2s')
    await page.getByRole('option', { name: 'duration>2s' }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.searchParams.get('q') === 'duration>2s')
    const row = page.getByRole('table', { name: 'Models' }).locator('tbody tr', { hasText: 'claude-sonnet-4' })
    const slow = formatCount(await sql("model = 'claude-sonnet-4' and duration_ms > 2000"))
    await expect.poll(() => row.locator('td').allTextContents(), patient).toContain(slow)
    await row.getByRole('link', { name: 'claude-sonnet-4' }).click()
    await page.waitForURL(/\/models\/claude-sonnet-4\?.*q=/)
    await expect.poll(() => page.locator('[data-figure="Requests"] .number-value').textContent(), patient).toBe(slow)
    await page.getByRole('button', { name: 'Remove the free filters' }).click()
    await page.waitForURL((url) => !url.searchParams.has('q'))
    const all = formatCount(await sql("model = 'claude-sonnet-4'"))
    await expect.poll(() => page.locator('[data-figure="Requests"] .number-value').textContent(), patient).toBe(all)
    expect(complaints).toEqual([])
    await page.close()
  })

  test.each(['/', '/endpoints', '/cost', '/sessions', '/users'])(
    'is asked on %s',
    async (path) => {
      const { page, complaints } = await open('/ingest')
      const asked: string[] = []
      page.on('request', (request) => {
        if (request.url().includes('/api/') && request.url().includes('q=team')) asked.push(request.url())
      })
      await page.goto(`${here.site.url}${path}${fixed}&q=team%3Asearch`)
      await page.getByText('team:search', { exact: true }).waitFor()
      await expect.poll(() => asked.length, patient).toBeGreaterThan(0)
      await page.locator('.panel[aria-busy="false"]').first().waitFor()
      expect(await page.getByText('Retry').count()).toBe(0)
      expect(complaints).toEqual([])
      await page.close()
    },
    240_000,
  )

  test('that cannot be read says why while it is typed; a value with a colon is still found', async () => {
    const { page } = await open(`/models${fixed}`)
    await page.getByRole('table', { name: 'Models' }).waitFor()
    await page.keyboard.press('/')
    const field = page.getByLabel('Search filter values')
    await field.fill('colour:red')
    await page.getByText(/there is no field colour/).waitFor()
    await field.fill('gpt-4o')
    const option = page.getByRole('option', { name: /gpt-4o-mini/ })
    await option.waitFor()
    await option.click()
    await page.waitForURL(/model=gpt-4o-mini/)
    expect(new URL(page.url()).searchParams.has('q')).toBe(false)
    await page.close()
  })
})

describe('the list of requests', () => {
  test('is ordered by a click on a head, shared by the address, and says what it is then', async () => {
    const { page, complaints } = await open(`/requests${fixed}`)
    const list = page.getByRole('grid', { name: 'Requests' })
    await list.locator('tr.opens').first().waitFor()
    const head = list.getByRole('columnheader', { name: 'Latency' })
    await head.getByRole('button').click()
    await page.waitForURL(/sort=-duration_ms/)
    const [slowest] = await here.storage.reader.query<{ span_id: string }>(
      `select span_id from requests where timestamp >= fromUnixTimestamp64Milli({from:Int64})
      and timestamp < fromUnixTimestamp64Milli({to:Int64}) order by duration_ms desc limit 1`,
      { from, to },
    )
    const first = list.locator('tr.opens').first()
    await expect.poll(() => first.getAttribute('data-id'), patient).toContain(slowest?.span_id ?? '?')
    expect(await head.getAttribute('aria-sort')).toBe('descending')
    await page.getByText(/\d loaded: those with the highest latency/).waitFor()
    await head.getByRole('button').click()
    await page.waitForURL(/sort=duration_ms/)
    await page.getByText(/those with the lowest latency/).waitFor()
    await list.getByRole('columnheader', { name: 'Time' }).getByRole('button').click()
    await page.waitForURL((url) => !url.searchParams.has('sort'))
    expect(complaints).toEqual([])
    await page.close()
  })
})

test('axe finds nothing, nor is anything cut off on a telephone', async () => {
  const { page } = await open(`/models/gpt-4o-mini${fixed}&compare=on&q=duration%3E10ms`, { width: 390, height: 844 })
  await page.getByRole('application').locator('path').first().waitFor({ state: 'attached' })
  await panel(page, 'Latency').locator('.chart-curve').first().waitFor({ state: 'attached' })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document)
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
  })
  expect(found).toEqual([])
  await page.close()
})
