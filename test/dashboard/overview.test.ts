/** The overview in a real browser, on the real API and storage: what it says is what SQL says. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Harness, LeadingAlerts } from '../../alerts/testing/harness.ts'
import {
  formatBytes,
  formatCount,
  formatMs,
  formatRate,
  formatRatio,
  formatUsd,
} from '../../dashboard/web/src/lib/format.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import { evil, seedOverview } from './seed-overview.ts'
import { serveTestPage } from './serve.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
/** A fixed hour, so that what the page shows does not move while it is read. */
const [from, to] = [now - 3_600_000, now]
const fixed = `?from=${from}&to=${to}`
const day = 86_400_000
/** Of a day with requests, also when the test runs at the very beginning of one. In whole seconds, as the API counts it. */
const today = Math.ceil((now % day < 600_000 ? now - 600_000 : now) / 1000) * 1000
const phone = { width: 390, height: 844 }
const slow = { timeout: 60_000 }

let rows: LlmRequest[]
let room: Harness
let alerts: LeadingAlerts
const here = testSite({
  prepare: async (storage) => {
    const seeded = await seedOverview(storage, now)
    ;({ rows, room, alerts } = seeded)
    return { alerts }
  },
})
afterAll(() => room?.stop())

const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()

async function overview(search = fixed, size?: { width: number; height: number }) {
  const opened = await here.browser.open(`${here.site.url}/${search}`, size)
  await opened.page.getByRole('table', { name: 'Models' }).waitFor()
  await opened.page.getByRole('table', { name: 'Latest requests' }).waitFor()
  return opened
}

const sql = <T>(select: string, where = '') =>
  here.storage.reader.query<T>(
    `select ${select} from requests where timestamp >= fromUnixTimestamp64Milli({from:Int64})
    and timestamp < fromUnixTimestamp64Milli({to:Int64}) ${where}`,
    { from, to },
  )

describe('what the page says at once', () => {
  // These only read.
  let page: Page
  let complaints: string[]
  beforeAll(async () => ({ page, complaints } = await overview()))
  afterAll(() => page.close())

  test('the five figures are those of SQL', async () => {
    const [row] = await sql<{ tokens: number; requests: number; p95: number; fill: number }>(
      `sum(output_tokens) as tokens, count() as requests, quantileExact(0.95)(duration_ms) as p95,
      quantileExactIf(0.95)(assumeNotNull((input_tokens + ifNull(output_tokens, 0)) / context_window),
        input_tokens is not null and context_window > 0) as fill`,
    )
    const [gpus] = await here.storage.reader.query<{ used: number; total: number }>(
      `select sum(used) as used, sum(total) as total from (
        select avg(memory_used_bytes) as used, max(memory_total_bytes) as total from gpu_samples
        where timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64}) group by uuid)`,
      { from: Math.floor(from / 60_000) * 60_000, to },
    )
    const figure = async (name: string) =>
      plain(await page.locator(`[data-figure="${name}"] .number-value`).textContent()).replace(' ', '')
    const joined = (text: string) => plain(text).replace(' ', '')
    expect(await figure('Output tokens')).toBe(joined(formatRate((row?.tokens ?? NaN) / 3600, 'tok/s')))
    expect(await figure('Requests')).toBe(joined(formatRate(row?.requests, '/h')))
    expect(await figure('P95 latency')).toBe(joined(formatMs(row?.p95)))
    await expect.poll(() => figure('VRAM'), slow).toBe(joined(formatRatio((gpus?.used ?? NaN) / (gpus?.total ?? NaN))))
    expect(plain(await page.locator('[data-figure="VRAM"]').textContent())).toContain(plain(formatBytes(gpus?.used)))
    expect(await figure('Context window')).toBe(joined(formatRatio(row?.fill)))
    expect(complaints).toEqual([])
  })

  test('each model has its row: latency, tokens and spend of SQL, a dash for what nobody told', async () => {
    const expected = await sql<{ model: string; p50: number; p95: number; cost: number | null }>(
      'model, quantileExact(0.5)(duration_ms) as p50, quantileExact(0.95)(duration_ms) as p95, toFloat64(sum(cost_usd)) as cost',
      'group by model order by count() desc, model',
    )
    const table = page.getByRole('table', { name: 'Models' })
    const shown = await table
      .locator('tbody tr')
      .evaluateAll((found) => found.map((row) => [...row.children].map((cell) => cell.textContent)))
    expect(shown.map(([model]) => model)).toEqual(expected.map(({ model }) => model))
    for (const [index, { p50, p95, cost }] of expected.entries()) {
      const cells = (shown[index] ?? []).map(plain)
      expect(cells.slice(4, 6)).toEqual([formatMs(p50), formatMs(p95)].map(plain))
      expect(cells.at(-1)?.replace('*', '')).toBe(plain(formatUsd(cost)))
    }
  })

  test('every chart is drawn: eight, each with lines', async () => {
    await expectCharts(page.locator('.chart'), 8)
    for (const chart of await page.locator('.chart').all()) {
      expect(await chart.locator('path.chart-curve').count()).toBeGreaterThan(0)
      expect(await chart.getAttribute('aria-label')).not.toBe('')
    }
  })
})

test('spend of today is that of SQL, beside a budget', async () => {
  const site = await serveTestPage(here.storage.reader, { alerts }, () => today)
  const { page } = await here.browser.open(`${site.url}/${fixed}`)
  const panel = page.locator('section[aria-label="Spend today"]')
  await panel.locator('.budget').waitFor()
  const [row] = await here.storage.reader.query<{ cost: number }>(
    `select toFloat64(sum(cost_usd)) as cost from requests where timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    and timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`,
    { from: Math.floor(today / day) * day, to: today },
  )
  expect(row?.cost).toBeGreaterThan(0)
  expect(plain(await panel.locator('.number-value').textContent())).toBe(plain(formatUsd(row?.cost)))
  expect(plain(await panel.locator('.budget').textContent())).toContain(plain(`${formatUsd(row?.cost)} of $5.00 today`))
  expect(await panel.getByRole('list', { name: 'Spend of each day' }).getByRole('listitem').count()).toBe(8)
  await page.close()
  await site.stop()
})

test.each(['', '?range=6h'])(
  'the first questions of /%s are asked before the app has come, as it asks them',
  async (search) => {
    const { page, complaints } = await here.browser.open('about:blank')
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(`${here.site.url}/${search}`)
    await page.getByRole('table', { name: 'Endpoints' }).waitFor()
    // What the app asks for in other words would stay behind, and be asked for twice.
    const left = () => page.evaluate(() => [...(window.firstAnswers?.keys() ?? ['none was asked'])])
    await expect.poll(left, slow).toEqual([])
    expect(asked.filter((path) => path === '/api/overview/endpoints').length).toBeGreaterThan(0)
    expect(complaints).toEqual([])
    await page.close()
  },
)

describe('what the page says', () => {
  test('every endpoint, the worst first: figures of SQL, status by a word, what is left of its budget', async () => {
    const { page, complaints } = await overview()
    const table = page.getByRole('table', { name: 'Endpoints' })
    await table.getByText('firing').first().waitFor()
    await table.locator('.meter').first().waitFor()
    const cellsOf = async () => {
      const heads = (await table.locator('thead th').allInnerTexts()).map((text) => text.trim())
      const found = await table
        .locator('tbody tr')
        .evaluateAll((list) => list.map((line) => [...line.children].map((cell) => cell.textContent)))
      return found.map((cells) => Object.fromEntries(heads.map((head, index) => [head, plain(cells[index] ?? '')])))
    }
    expect(await cellsOf()).toHaveLength(8)
    await page.getByRole('button', { name: 'Show all 14' }).click()
    await page.waitForURL(/view=all/)
    await expect.poll(cellsOf).toHaveLength(14)
    const shown = await cellsOf()
    const words = ['failing', 'degraded', 'no traffic', 'ok']
    const statuses = shown.map((cells) => words.indexOf(cells['Status'] ?? ''))
    expect(statuses).toEqual(statuses.toSorted((a, b) => a - b))
    const expected = await sql<{ endpoint: string; requests: number; errors: number; p95: number }>(
      `endpoint, count() as requests, countIf(status in ('error', 'rate_limited', 'timeout')) as errors,
      quantileExact(0.95)(duration_ms) as p95`,
      'group by endpoint',
    )
    const budgets = await here.storage.reader.query<{ endpoint: string; bad: number }>(
      `select endpoint, countIf(status in ('error', 'rate_limited', 'timeout')) / count() as bad from requests
      where timestamp >= fromUnixTimestamp64Milli({from:Int64}) group by endpoint`,
      { from: now - 7 * day },
    )
    for (const { endpoint, requests, errors, p95 } of expected) {
      const bad = budgets.find((row) => row.endpoint === endpoint)?.bad ?? NaN
      expect(shown.find((cells) => cells['Endpoint'] === endpoint)).toMatchObject({
        Rate: plain(formatRate(requests, 'req/h')),
        Errors: plain(formatRatio(errors / requests)),
        P95: plain(formatMs(p95)),
        'SLO budget left': plain(formatRatio(Math.max(1 - bad / 0.01, 0))),
      })
    }
    const [first] = shown
    expect(first).toMatchObject({ Status: 'failing', Endpoint: 'openai' })
    expect(first?.['Why']).toContain('ManyErrors fires')
    expect(shown.find((cells) => cells['Endpoint'] === 'retired')).toMatchObject({ Status: 'no traffic', Errors: '—' })
    expect(first?.['Alerts']).toBe(`${await firingAt('openai')} firing`)
    await table.locator('tbody tr').first().focus()
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/endpoints\/openai\?from=/)
    expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('alerts that fire lead to themselves; what changed is told, texts as texts', async () => {
    const { page, complaints } = await overview()
    const changed = page.getByRole('list', { name: 'What changed' })
    await changed.getByText(evil, { exact: true }).first().waitFor()
    const texts = (await changed.getByRole('listitem').allTextContents()).map(plain)
    expect(texts[0]).toMatch(/^Configuration/)
    expect(texts.some((text) => text.startsWith('New version') && text.includes('gpt-4o'))).toBe(true)
    const fires = page.getByRole('list', { name: 'Firing alerts' }).getByRole('listitem')
    expect(plain(await fires.first().textContent())).toMatch(/^critical\s*ManyErrors.*for 1 min|^critical.*for/)
    await fires.first().getByRole('link', { name: 'ManyErrors' }).click()
    await page.waitForURL(/\/alerts\?.*row=[0-9a-f]{16}/)
    await page.getByRole('dialog').getByText('ManyErrors').first().waitFor()
    expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
    expect(complaints).toEqual([])
    await page.close()
  })

  test.each([
    ['model', 'Models'],
    ['user_id', 'Users'],
    ['session_id', 'Sessions'],
  ])('who stands out by %s is whom SQL names', async (column, word) => {
    const { page, complaints } = await overview()
    const panel = page.locator('section[aria-label="Worst offenders"]')
    await panel.getByRole('button', { name: word }).click()
    const ranked = (title: string) =>
      panel
        .locator(`section[aria-label="${title}"] li`)
        .evaluateAll((found) =>
          found.map((line) => [line.querySelector('a')?.textContent ?? '', line.querySelector('b')?.textContent ?? '']),
        )
    const top = await sql<{ value: number; name: string }>(
      `${column} as name, countIf(status in ('error', 'rate_limited', 'timeout')) as value`,
      `and ${column} != '' group by name having value > 0 order by value desc, name limit 5`,
    )
    const dear = await sql<{ value: number; name: string }>(
      `${column} as name, toFloat64(sum(cost_usd)) as value`,
      `and ${column} != '' group by name having value > 0 order by value desc, name limit 5`,
    )
    await expect
      .poll(() => ranked('Most errors'), slow)
      .toEqual(top.map(({ name, value }) => [name, formatCount(value)]))
    expect(await ranked('Dearest')).toEqual(dear.map(({ name, value }) => [name, formatUsd(value)]))
    const [name] = (await ranked('Dearest'))[0] ?? []
    expect(name).toBe(evil)
    await panel.locator('section[aria-label="Dearest"] a').first().click()
    await page.waitForURL((url) => url.pathname === `/${column.replace('_id', '')}s/${encodeURIComponent(evil)}`)
    expect(new URL(page.url()).searchParams.get('from')).toBe(new Date(from).toISOString())
    expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
    expect(complaints).toEqual([])
    await page.close()
  })
})

/** As the alerts of the room say. */
async function firingAt(endpoint: string): Promise<number> {
  const response = await fetch(`${here.site.url}/api/alerts`)
  const { active } = (await response.json()) as { active: { state: string; labels: Record<string, string> }[] }
  return active.filter(({ state, labels }) => state === 'firing' && labels['endpoint'] === endpoint).length
}

async function expectCharts(charts: { count(): Promise<number> }, wanted: number): Promise<void> {
  await expect.poll(() => charts.count()).toBe(wanted)
}

describe('how it is used', () => {
  test('a filter from the keyboard: slash, type, enter; it stands in the URL and goes again', async () => {
    const { page } = await overview()
    await page.keyboard.press('/')
    await page.getByLabel('Search filter values').pressSequentially('claude')
    await page.getByRole('option', { name: /claude-sonnet-4/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/model=claude-sonnet-4/)
    await expect.poll(() => page.locator('table[aria-label="Models"] tbody tr').count()).toBe(1)
    await page.getByLabel('Remove the filter model claude-sonnet-4').click()
    await page.waitForURL((url) => !url.search.includes('model='))
    await page.close()
  })

  test('a model keeps its colour when the page is filtered', async () => {
    const { page } = await overview()
    const swatch = page.locator('tr[data-id="claude-sonnet-4"] i')
    const color = () => swatch.evaluate((mark) => getComputedStyle(mark).backgroundColor)
    const others = page.locator('table[aria-label="Models"] tbody tr')
    await swatch.waitFor()
    const all = new Set(
      await others.locator('i').evaluateAll((marks) => marks.map((mark) => getComputedStyle(mark).backgroundColor)),
    )
    expect(all.size).toBe(6)
    const before = await color()
    await page.locator('tr[data-id="claude-sonnet-4"]').click()
    await page.waitForURL(/model=claude-sonnet-4/)
    await expect.poll(() => others.count()).toBe(1)
    expect(await color()).toBe(before)
    await page.close()
  })

  test('a request opens beside the list, j and k move, escape closes', async () => {
    const { page, complaints } = await overview()
    const list = page.locator('table[aria-label="Latest requests"] tbody tr')
    await list.first().focus()
    await page.keyboard.press('Enter')
    const side = page.getByRole('dialog')
    await side.getByRole('heading', { level: 2, name: rows.at(-1)?.model ?? '' }).waitFor()
    expect(await side.locator('.waterfall > li').count()).toBe(3)
    const first = new URL(page.url()).searchParams.get('open')
    await list.first().focus()
    await page.keyboard.press('j')
    await page.waitForURL((url) => url.searchParams.get('open') !== first)
    await page.keyboard.press('k')
    await page.waitForURL((url) => url.searchParams.get('open') === first)
    await page.keyboard.press('Escape')
    await page.waitForURL((url) => !url.searchParams.has('open'))
    await side.waitFor({ state: 'hidden' })
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a click in a legend shows one model alone on every chart', async () => {
    const { page } = await overview()
    const button = page.getByRole('button', { name: 'llama-3.1-70b' }).first()
    await button.click()
    await expect.poll(() => button.getAttribute('aria-pressed')).toBe('true')
    const faded = page.locator('.legend tr[data-faded="true"]')
    await expect.poll(() => faded.count()).toBeGreaterThanOrEqual(8)
    await button.click()
    await expect.poll(() => page.locator('.legend tr[data-faded="true"]').count()).toBe(0)
    await page.close()
  })

  test('a drag over a chart zooms: from and to in the URL', async () => {
    const { page } = await overview('')
    await expectCharts(page.locator('.chart'), 8)
    await page.locator('.chart').first().scrollIntoViewIfNeeded()
    const box = await page.locator('.chart').first().boundingBox()
    if (!box) throw new Error('the chart has no place on the page')
    const y = box.y + box.height / 2
    await page.mouse.move(box.x + box.width * 0.4, y)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 4 })
    await page.mouse.move(box.x + box.width * 0.7, y, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/from=.*&to=/)
    const query = new URL(page.url()).searchParams
    const span = Date.parse(query.get('to') ?? '') - Date.parse(query.get('from') ?? '')
    expect(span).toBeGreaterThan(5 * 60_000)
    expect(span).toBeLessThan(40 * 60_000)
    await page.close()
  })

  test('a panel shows its query and its data as a table', async () => {
    const { page } = await overview()
    await page.getByLabel('Menu of Latency').click()
    await page.getByRole('menuitem', { name: 'Show query' }).click()
    const queries = page.getByRole('dialog').getByText('quantilesExact(0.5, 0.95, 0.99)')
    await expect.poll(() => queries.count()).toBeGreaterThan(0)
    await page.keyboard.press('Escape')
    await page.getByLabel('Menu of VRAM').click()
    await page.getByRole('menuitem', { name: 'Show as table' }).click()
    const data = page.getByRole('table', { name: 'VRAM' }).locator('tbody tr')
    await expect.poll(() => data.count()).toBeGreaterThan(50)
    await page.close()
  })

  test('new data shows by itself', async () => {
    const { page } = await overview('?range=15m')
    const id = 'feedfacefeedfacefeedfacefeedface'
    const [last] = rows.slice(-1)
    if (!last) throw new Error('the seed is empty')
    await store(here.storage.db, 'requests', [
      { ...last, timestamp: Date.now() * 1000, trace_id: id, model: 'just-arrived' },
    ])
    const arrived = page.locator('table[aria-label="Latest requests"]').getByText('just-arrived')
    await expect.poll(() => arrived.count()).toBe(1)
    await page.close()
  })
})

test.each(['before', 'after'])(
  'what is asked first is asked once, should that script come %s the app',
  async (when) => {
    const { page } = await here.browser.open('about:blank')
    const asked: string[] = []
    const appAsked = page.waitForRequest(/\/api\/filters/)
    page.on('request', (request) => asked.push(request.url()))
    const script = page.waitForResponse(/\/first\.js$/)
    await page.route(/\/(first|assets\/index-.*)\.js$/, async (route) => {
      const isFirst = route.request().url().endsWith('/first.js')
      if (isFirst && when === 'after') await appAsked
      if (!isFirst && when === 'before') await (await script).finished()
      await route.continue()
    })
    // What is not answered is not asked again either.
    const checked = Promise.withResolvers<void>()
    await page.route(/\/api\//, async (route) => {
      await checked.promise
      await route.continue()
    })
    await page.goto(`${here.site.url}/`)
    await appAsked
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))))
    const questions = asked.filter((url) => url.includes('/api/'))
    expect(questions.filter((url, index) => questions.indexOf(url) !== index)).toEqual([])
    checked.resolve()
    await page.getByRole('table', { name: 'Latest requests' }).waitFor(slow)
    await page.close()
  },
)

test('new data shows where answers take longer than more of it comes', async () => {
  const { page } = await here.browser.open('about:blank')
  const [last] = rows.slice(-1)
  if (!last) throw new Error('the seed is empty')
  await page.route(/\/api\/requests\?/, async (route) => {
    const answer = await route.fetch()
    await new Promise((resolve) => setTimeout(resolve, 4000))
    // Taken back meanwhile.
    await route.fulfill({ response: answer }).catch(() => undefined)
  })
  await page.goto(`${here.site.url}/?range=15m`)
  await page.getByRole('table', { name: 'Latest requests' }).waitFor(slow)
  const model = `one-of-many-${Date.now()}`
  let stored = 0
  const storing = setInterval(() => {
    const ids = { trace_id: 'feedfacefeedfacefeedfacefeedfacf', span_id: `${stored++}`.padStart(16, '0') }
    void store(here.storage.db, 'requests', [{ ...last, ...ids, timestamp: Date.now() * 1000, model }])
  }, 500)
  const arrived = page.locator('table[aria-label="Latest requests"]').getByText(model)
  await expect
    .poll(() => arrived.count(), { timeout: 30_000 })
    .toBeGreaterThan(0)
    .finally(() => clearInterval(storing))
  await page.close()
})

describe('what fails', () => {
  test.each([
    ['endpoints', 'Endpoints'],
    ['today', 'Spend today'],
    ['offenders', 'Worst offenders'],
  ])('%s fails alone, and comes back', async (path, title) => {
    const { page } = await here.browser.open('about:blank')
    const asked = new RegExp(`/api/overview/${path}\\?`)
    await page.route(asked, (route) =>
      route.fulfill({ status: 400, json: { error: { message: 'No luck', hint: 'Try again' } } }),
    )
    await page.goto(`${here.site.url}/${fixed}`)
    const panel = page.locator(`section[aria-label="${title}"]`)
    await panel.getByRole('alert').waitFor(slow)
    await page.getByRole('table', { name: 'Models' }).waitFor(slow)
    expect(await page.getByRole('alert').count()).toBe(1)
    await page.unroute(asked)
    await panel.getByRole('button', { name: 'Retry' }).click()
    await panel.getByRole('alert').waitFor({ state: 'hidden', ...slow })
    await page.close()
  })

  test('figures of GPUs and windows fail apart from those of requests', async () => {
    const { page } = await here.browser.open('about:blank')
    await page.route(/\/api\/overview\/fill/, (route) =>
      route.fulfill({ status: 400, json: { error: { message: 'No luck' } } }),
    )
    await page.goto(`${here.site.url}/${fixed}`)
    await page.locator('.numbers').getByRole('alert').waitFor(slow)
    await expect.poll(() => page.locator('.numbers [data-figure]').count(), slow).toBe(3)
    await page.close()
  })

  test('without rules, marks and GPUs it says what would be there', async () => {
    const { page, complaints } = await here.browser.open('about:blank')
    await page.route(/\/api\/alerts\?|\/api\/alerts$/, async (route) => {
      const answer = (await (await route.fetch()).json()) as object
      await route.fulfill({ json: { ...answer, active: [], rules: [] } })
    })
    await page.route(/\/api\/spend\/budgets/, (route) => route.fulfill({ json: { now, budgets: [] } }))
    await page.route(/\/api\/changes/, (route) => route.fulfill({ json: { from, to, most: 500, changes: [] } }))
    await page.goto(`${here.site.url}/${fixed}`)
    await page.getByText('No rule is evaluated here').waitFor(slow)
    await page.getByText('Nothing changed in this range').waitFor(slow)
    await page.getByRole('link', { name: 'Write one' }).click()
    await page.waitForURL(/\/alerts\/rule\?.*view=budget/)
    await expect.poll(() => page.locator('.cm-content').first().textContent(), slow).toContain('kind: budget')
    expect(complaints).toEqual([])
    await page.close()
  })
})

describe('how it looks', () => {
  test('nothing scrolls sideways on a phone, and the rail is at the bottom', async () => {
    const { page, complaints } = await overview(fixed, phone)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
    const rail = await page.locator('.rail').boundingBox()
    expect((rail?.y ?? 0) + (rail?.height ?? 0)).toBeCloseTo(phone.height, 0)
    for (const path of ['requests', 'gpus', 'servers', 'alerts', 'targets', 'ingest']) {
      await page.goto(`${here.site.url}/${path}${fixed}`)
      await page.locator('.panel').first().waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  test('dark is chosen by the reader and stays', async () => {
    const { page } = await overview()
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await ground()
    await page.getByLabel('Colour scheme').click()
    await page.getByRole('menuitem', { name: 'Dark' }).click()
    await expect.poll(ground).not.toBe(light)
    await page.reload()
    expect(await page.evaluate(() => document.documentElement.dataset.mantineColorScheme)).toBe('dark')
    await page.evaluate(() => localStorage.clear())
    await page.close()
  })

  test('texts have a contrast of 4.5:1 on their ground, light and dark', async () => {
    const { page } = await overview()
    for (const scheme of ['light', 'dark']) {
      await page.evaluate(
        (chosen) => document.documentElement.setAttribute('data-mantine-color-scheme', chosen),
        scheme,
      )
      const ratios = await page.evaluate(contrasts)
      for (const { name, ratio } of ratios) expect(ratio, `${scheme} ${name}`).toBeGreaterThanOrEqual(4.5)
    }
    await page.close()
  })
})

/** Runs in the page: WCAG's ratio of each text colour on the surfaces that it is used on. */
function contrasts(): { name: string; ratio: number }[] {
  const probe = document.body.appendChild(document.createElement('i'))
  const luminance = (variable: string) => {
    probe.style.color = `var(${variable})`
    const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map((text) => {
      const channel = Number(text) / 255
      return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const texts = ['--text', '--text-dim', '--text-faint', '--accent', '--ok', '--warning', '--critical', '--unknown']
  const pairs = texts.flatMap((text) => ['--surface', '--ground'].map((ground) => [text, ground] as const))
  pairs.push(['--accent', '--accent-soft'], ['--critical', '--critical-soft'])
  return pairs.map(([text, ground]) => {
    const [high = 0, low = 0] = [luminance(text), luminance(ground)].sort((x, y) => y - x)
    return { name: `${text} on ${ground}`, ratio: (high + 0.05) / (low + 0.05) }
  })
}
