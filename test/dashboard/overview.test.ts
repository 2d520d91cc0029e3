/** The overview in a real browser, on the real API and storage: what it says is what SQL says. */
import { describe, expect, test } from 'vitest'
import { formatCount, formatMs, formatRatio, formatUsd } from '../../dashboard/web/src/lib/format.ts'
import { requests, trace } from './seed.ts'
import { gpuSamples, serverSamples } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const rows = requests(now, 120)
/** A fixed hour, so that what the page shows does not move while it is read. */
const [from, to] = [now - 3_600_000, now]
const fixed = `?from=${from}&to=${to}`
const phone = { width: 390, height: 844 }

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', rows)
    await store(storage.db, 'spans', rows.slice(-50).flatMap(trace))
    await store(storage.db, 'gpu_samples', gpuSamples(now, 120))
    await store(storage.db, 'server_samples', serverSamples(now, 120))
  },
})

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

describe('what the page says', () => {
  test('the large numbers are those of SQL', async () => {
    const { page, complaints } = await overview()
    const [row] = await sql<{ requests: number; ratio: number; p95: number; cost: number }>(
      `count() as requests, countIf(status in ('error', 'rate_limited', 'timeout')) / count() as ratio,
      quantileExact(0.95)(duration_ms) as p95, toFloat64(sum(cost_usd)) as cost`,
    )
    const figure = async (name: string) =>
      plain(await page.locator(`[data-figure="${name}"] .number-value`).textContent())
    const joined = (text: string) => plain(text).replace(' ', '')
    expect((await figure('Requests')).replace(' ', '')).toBe(joined(formatCount(row?.requests)))
    expect((await figure('Errors')).replace(' ', '')).toBe(joined(formatRatio(row?.ratio)))
    expect((await figure('P95 latency')).replace(' ', '')).toBe(joined(formatMs(row?.p95)))
    expect(await figure('Spend')).toBe(plain(formatUsd(row?.cost)))
    expect(complaints).toEqual([])
    await page.close()
  })

  test('each model has its row: latency, tokens and spend of SQL, a dash for what nobody told', async () => {
    const { page } = await overview()
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
    await page.close()
  })

  test('every chart is drawn: eight, each with lines', async () => {
    const { page } = await overview()
    await expectCharts(page.locator('.chart'), 8)
    for (const chart of await page.locator('.chart').all()) {
      expect(await chart.locator('path.chart-curve').count()).toBeGreaterThan(0)
      expect(await chart.getAttribute('aria-label')).not.toBe('')
    }
    await page.close()
  })
})

async function expectCharts(charts: { count(): Promise<number> }, wanted: number): Promise<void> {
  await expect.poll(() => charts.count(), { timeout: 20_000 }).toBe(wanted)
}

describe('how it is used', () => {
  test('a filter from the keyboard: slash, type, enter; it stands in the URL and goes again', async () => {
    const { page } = await overview()
    await page.keyboard.press('/')
    await page.getByLabel('Search filter values').pressSequentially('claude')
    await page.getByRole('option', { name: /claude-sonnet-4/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/model=claude-sonnet-4/)
    await expect.poll(() => page.locator('table[aria-label="Models"] tbody tr').count(), { timeout: 20_000 }).toBe(1)
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
    expect(all.size).toBe(5)
    const before = await color()
    await page.locator('tr[data-id="claude-sonnet-4"]').click()
    await page.waitForURL(/model=claude-sonnet-4/)
    await expect.poll(() => others.count(), { timeout: 20_000 }).toBe(1)
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
    expect(await button.getAttribute('aria-pressed')).toBe('true')
    const faded = page.locator('.legend tr[data-faded="true"]')
    await expect.poll(() => faded.count(), { timeout: 20_000 }).toBeGreaterThanOrEqual(8)
    await button.click()
    await expect.poll(() => page.locator('.legend tr[data-faded="true"]').count(), { timeout: 20_000 }).toBe(0)
    await page.close()
  })

  test('a drag over a chart zooms: from and to in the URL', async () => {
    const { page } = await overview('')
    await expectCharts(page.locator('.chart'), 8)
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
    await expect.poll(() => queries.count(), { timeout: 20_000 }).toBeGreaterThan(0)
    await page.keyboard.press('Escape')
    await page.getByLabel('Menu of VRAM').click()
    await page.getByRole('menuitem', { name: 'Show as table' }).click()
    const data = page.getByRole('table', { name: 'VRAM' }).locator('tbody tr')
    await expect.poll(() => data.count(), { timeout: 20_000 }).toBeGreaterThan(50)
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
    await expect.poll(() => arrived.count(), { timeout: 20_000 }).toBe(1)
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
