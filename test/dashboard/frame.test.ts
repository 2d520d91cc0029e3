/** What all pages share: keys, the palette, time, zones, the strip, and panels that fail alone. */
import { pino } from 'pino'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { LlmRequest } from '../../records/llm-request.ts'
import { startRollups } from '../../storage/rollups.ts'
import { download } from './download.ts'
import { requests } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const hour = 3_600_000
/** What traffic may call a model: shown and linked to, never run. */
const evil = '<img src=x onerror=alert(1)>"\'/../..'
const seeded = requests(now, 180)
const staged = (row: LlmRequest): LlmRequest => ({ ...row, model: evil, environment: 'staging' })
const rows = seeded.map((row, index) => (index % 50 === 0 ? staged(row) : row))
const [from, to] = [now - 2 * hour, now - hour]
const fixed = `?from=${from}&to=${to}`
const slow = { timeout: 60_000 }

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', rows)
    const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
    await rollups.flush()
    await rollups.stop()
    return { config: { api_keys: [], grafana_url: 'https://grafana.example' } }
  },
})

async function overview(search = fixed, size?: { width: number; height: number }) {
  const opened = await here.browser.open(`${here.site.url}/${search}`, size)
  await opened.page.getByRole('table', { name: 'Models' }).waitFor()
  return opened
}

/** A page that asks for little, where what is tested is around it: the frame is the same on all. */
async function little(size?: { width: number; height: number }) {
  const opened = await here.browser.open(`${here.site.url}/sessions${fixed}`, size)
  // Keys mean something by then.
  await opened.page.locator('main .panel').first().waitFor()
  return opened
}

const palette = (page: Page) => page.getByRole('combobox', { name: /trace id/ })
const spanIn = (url: URL) =>
  Date.parse(url.searchParams.get('to') ?? '') - Date.parse(url.searchParams.get('from') ?? '')

describe('the palette', () => {
  test('goes to a page by its letters, with the range, by the keyboard alone', async () => {
    const { page, complaints } = await little()
    await page.keyboard.press('Control+k')
    await palette(page).fill('reqs')
    await page.getByRole('option', { name: /^Pages Requests/ }).waitFor()
    const chosen = await palette(page).getAttribute('aria-activedescendant')
    expect(await page.locator('[role="option"][aria-selected="true"]').getAttribute('id')).toBe(chosen)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname === '/requests' && spanIn(url) === hour)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('finds a model by what traffic calls it, and its page cannot leave its place', async () => {
    const { page, complaints } = await little()
    await page.getByRole('button', { name: 'Search' }).click()
    await palette(page).fill('onerror')
    const option = page.getByRole('option').filter({ hasText: 'Models' })
    await option.waitFor()
    expect(await option.locator('.palette-word').textContent()).toBe(evil)
    await option.click()
    await page.waitForURL((url) => url.pathname === `/models/${encodeURIComponent(evil)}`)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a pasted trace id leads to its trace; what fits nothing says so', async () => {
    const { page } = await little()
    const trace = rows[0]?.trace_id ?? ''
    await page.keyboard.press('Control+k')
    await palette(page).fill('qqqqzzzz')
    await page.getByText('Nothing fits').waitFor()
    await palette(page).fill(`trace_id=${trace}`)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname === `/traces/${trace}`)
    expect(await palette(page).count()).toBe(0)
    await page.close()
  })

  test('comes over the SQL editor too; the name of the product leads home with the range', async () => {
    const { page, complaints } = await here.browser.open(`${here.site.url}/sql${fixed}`)
    await page.locator('.cm-content').click()
    await page.keyboard.press('Control+k')
    await palette(page).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Inferwatch, overview' }).click()
    await page.waitForURL((url) => url.pathname === '/' && spanIn(url) === hour)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('sets the range, and escape closes it', async () => {
    const { page } = await little()
    await page.keyboard.press('Control+k')
    await palette(page).fill('last 6 hours')
    await page.keyboard.press('Enter')
    await page.waitForURL(/range=6h/)
    await page.keyboard.press('Control+k')
    await palette(page).waitFor()
    await page.keyboard.press('Escape')
    await palette(page).waitFor({ state: 'hidden' })
    expect(new URL(page.url()).searchParams.get('range')).toBe('6h')
    await page.close()
  })
})

describe('keys', () => {
  test('two letters go to a page, and the help tells of them', async () => {
    const { page } = await little()
    await page.keyboard.press('?')
    const help = page.getByRole('dialog', { name: 'Keys' })
    await help.getByText('Requests', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await help.waitFor({ state: 'hidden' })
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForURL((url) => url.pathname === '/requests')
    expect(spanIn(new URL(page.url()))).toBe(hour)
    await page.close()
  })

  test('time goes back, forth, out, in and to now again', async () => {
    const { page } = await little()
    await page.keyboard.press('[')
    await page.waitForURL((url) => Date.parse(url.searchParams.get('from') ?? '') === from - hour / 2)
    await page.keyboard.press(']')
    await page.waitForURL((url) => Date.parse(url.searchParams.get('from') ?? '') === from)
    await page.keyboard.press('-')
    await page.waitForURL((url) => spanIn(url) === 2 * hour)
    await page.keyboard.press('=')
    await page.waitForURL((url) => spanIn(url) === hour)
    await page.getByRole('button', { name: 'Back to live' }).click()
    await page.waitForURL((url) => !url.searchParams.has('from'))
    await page.keyboard.press('l')
    await page.waitForURL(/live=off/)
    expect(new URL(page.url()).searchParams.has('from')).toBe(false)
    await page.close()
  })

  test('none of them while one types', async () => {
    const { page } = await little()
    const before = page.url()
    await page.keyboard.press('/')
    await page.getByLabel('Search filter values').pressSequentially('gr[-l')
    expect(page.url()).toBe(before)
    expect(await page.getByLabel('Search filter values').inputValue()).toBe('gr[-l')
    await page.close()
  })
})

describe('time', () => {
  test('a chosen zone holds on every axis, for the field, in the address, and after a reload', async () => {
    const { page, complaints } = await overview()
    const axis = page.locator('.chart-axes').first()
    await axis.waitFor()
    const utc = await axis.textContent()
    await page.keyboard.press('t')
    const zone = page.getByLabel('Another')
    await zone.fill('Asia/Kolkata')
    await page.waitForURL(/tz=Asia%2FKolkata/)
    await expect.poll(() => page.locator('.chart-axes').first().textContent(), slow).not.toBe(utc)
    const wall = new Date(from + 5.5 * hour).toISOString().slice(0, 19)
    expect((await page.getByLabel('From').inputValue()).padEnd(19, ':00')).toBe(wall)
    await page.goto(`${here.site.url}/${fixed}`)
    await page.locator('.chart-axes').first().waitFor()
    await expect.poll(() => page.locator('.chart-axes').first().textContent(), slow).not.toBe(utc)
    await page.evaluate(() => localStorage.clear())
    expect(complaints).toEqual([])
    await page.close()
  })

  test('the strip counts what SQL counts, and its brush moves by keys and by the pointer', async () => {
    const { page } = await little()
    const strip = page.locator('.strip')
    await strip.locator('.strip-bars').waitFor()
    const answer = (await (await fetch(`${here.site.url}/api/timeline?from=${from}&to=${to}`)).json()) as {
      requests: number[]
      from: number
    }
    const [row] = await here.storage.reader.query<{ n: number }>(
      'select count() as n from requests where timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64})',
      { from: answer.from, to: Math.ceil(to / 60_000) * 60_000 },
    )
    expect(answer.requests.reduce((sum, count) => sum + count)).toBe(row?.n)
    await page.getByRole('slider', { name: 'Start of the range' }).focus()
    await page.keyboard.press('ArrowLeft')
    await page.waitForURL((url) => Date.parse(url.searchParams.get('from') ?? '') < from && spanIn(url) > hour)
    const before = page.url()
    const box = await page.getByRole('slider', { name: /^Range of/ }).boundingBox()
    if (!box) throw new Error('the brush has no place on the page')
    await page.mouse.move(box.x + box.width / 2, box.y + 10)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2 - 40, box.y + 10, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL((url) => url.href !== before)
    expect(spanIn(new URL(page.url()))).toBe(spanIn(new URL(before)))
    await page.close()
  })

  test('compared, charts draw the period before as thin dashed lines, and say which they are', async () => {
    const { page, complaints } = await overview()
    const dashed = page.locator('section[aria-label="Requests"] .chart-curve[stroke-dasharray]')
    await page.locator('section[aria-label="Requests"] .chart-curve').first().waitFor()
    expect(await dashed.count()).toBe(0)
    await page.keyboard.press('c')
    await page.waitForURL(/compare=on/)
    await expect.poll(() => dashed.count(), slow).toBeGreaterThanOrEqual(5)
    await page.locator('section[aria-label="Requests"] .chart').hover()
    await page
      .getByText(/gpt-4o, the period before/)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Compare' }).click()
    await expect.poll(() => dashed.count(), slow).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })
})

describe('a panel', () => {
  test.each([
    ['drawn', 'Requests', '**/api/series/throughput*', { model: 'm', other: false, requests: 7, errors: 7 }],
    ['summed up beside it', 'Spend', '**/api/series/spend*', { model: 'm', other: false, unpriced: 7 }],
  ])('whose answer cannot be %s fails alone, and comes back by a retry', async (_what, title, path, line) => {
    const { page } = await here.browser.open('about:blank')
    let broken = true
    await page.route(path, async (route) => {
      const response = await route.fetch()
      const body = (await response.json()) as object
      await route.fulfill({ response, json: broken ? { ...body, lines: [line] } : body })
    })
    await page.goto(`${here.site.url}/${fixed}`)
    const failed = page.getByText('This panel could not be drawn').first()
    await failed.waitFor()
    await page.getByRole('table', { name: 'Models' }).waitFor()
    await page.locator('section[aria-label="Latency"] .chart').waitFor()
    broken = false
    await page.getByRole('button', { name: 'Retry' }).first().click()
    const chart = page.locator(`section[aria-label="${title}"] .chart`)
    await expect.poll(() => chart.count(), slow).toBe(1)
    await expect.poll(() => failed.count(), slow).toBe(0)
    await page.close()
  })

  test('whose answer lacks something says so', async () => {
    const { page } = await here.browser.open('about:blank')
    await page.route('**/api/series/spend*', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...((await response.json()) as object), partial: 'without node-2' } })
    })
    await page.goto(`${here.site.url}/${fixed}`)
    const mark = page.locator('section[aria-label="Spend"]').getByTitle('without node-2')
    await mark.waitFor()
    expect(await mark.textContent()).toContain('partial')
    await page.close()
  })

  test('opens its query in the SQL page, with the values that it had', async () => {
    const { page } = await overview()
    await page.getByLabel('Menu of Requests').click()
    await page.getByRole('menuitem', { name: 'Open in SQL page' }).click()
    await page.waitForURL((url) => url.pathname === '/sql')
    const { searchParams } = new URL(page.url())
    expect(searchParams.get('sql')).toContain('count() as requests')
    expect(searchParams.get('param_from_ms')).toBe(String(from))
    await page.close()
  })

  test('is opened by Enter, from its first time on, and Escape gives focus back', async () => {
    const { page } = await overview()
    const button = page.getByRole('button', { name: 'Menu of Latency' })
    const has = (element: Locator) => element.evaluate((one) => one === document.activeElement)
    await button.focus()
    for (const time of ['first', 'second']) {
      await page.keyboard.press('Enter')
      await expect.poll(() => has(page.getByRole('menuitem').first()), { message: time }).toBe(true)
      await page.keyboard.press('Escape')
      await expect.poll(() => has(button), { message: time }).toBe(true)
    }
    await page.close()
  })

  test('leads to Grafana with its range', async () => {
    const { page } = await overview(`${fixed}&model=gpt-4o`)
    await page.getByLabel('Menu of Requests').click()
    const link = page.getByRole('menuitem', { name: 'Open in Grafana' })
    expect(await link.getAttribute('href')).toBe(
      `https://grafana.example/d/inferwatch-overview?from=${from}&to=${to}&var-model=gpt-4o`,
    )
    await page.close()
  })

  test('is a picture with its title and legend: a PNG twice its size', async () => {
    const { page, complaints } = await overview()
    const panel = page.locator('section[aria-label="Latency"]')
    await panel.locator('.chart-curve').first().waitFor()
    const width = await panel.evaluate((element) => (element as HTMLElement).offsetWidth)
    await page.getByLabel('Menu of Latency').click()
    const image = page.getByRole('menuitem', { name: 'Download image' })
    const { name, bytes: png } = await download(page, () => image.click())
    expect(name).toBe('latency.png')
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect(png.readUInt32BE(16)).toBe(width * 2)
    expect(await page.locator('.picture-note').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })
})

test('a panel is copied as a picture, and its data is a file', async () => {
  const { page, complaints } = await overview()
  await here.browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const menu = page.getByLabel('Menu of Requests')
  await page.locator('section[aria-label="Requests"] .chart-curve').first().waitFor()
  await menu.click()
  await page.getByRole('menuitem', { name: 'Copy as image' }).click()
  await page.locator('section[aria-label="Requests"]').getByText('copied').waitFor()
  const copied = await page.evaluate(async () => (await navigator.clipboard.read()).flatMap(({ types }) => types))
  expect(copied).toEqual(['image/png'])
  await menu.click()
  const { name } = await download(page, () => page.getByRole('menuitem', { name: 'Download CSV' }).click())
  expect(name).toBe('requests.csv')
  expect(complaints).toEqual([])
  await page.close()
})

describe('what is chosen on a page', () => {
  const chosen = async (page: Page) => {
    const pressed = page.locator('main button[aria-pressed="true"]')
    const words = await pressed.evaluateAll((found) => found.map((one) => one.textContent))
    return [...words, await page.locator('th[aria-sort="ascending"], th[aria-sort="descending"]').allInnerTexts()]
  }

  test('stands in the address: it is there after a reload, and after another page and back', async () => {
    const { page, complaints } = await overview()
    const tokens = page.locator('section[aria-label="Tokens"]')
    const latency = page.locator('section[aria-label="Latency"]')
    await tokens.getByRole('button', { name: 'Input', exact: true }).click()
    await page.getByRole('group', { name: 'Quantiles of Latency' }).getByRole('button', { name: 'P99' }).click()
    await page.getByRole('table', { name: 'Models' }).getByRole('button', { name: 'P95', exact: true }).click()
    await latency.getByRole('button', { name: 'gpt-4o', exact: true }).click()
    await page.getByLabel('Menu of Latency').click()
    await page.getByRole('menuitem', { name: 'Log scale' }).click()
    const address = await page.evaluate(() => location.search)
    expect(new URLSearchParams(address).get('alone')).toBe('gpt-4o')
    expect(new URLSearchParams(address).getAll('set').toSorted()).toEqual([
      'log-latency.on',
      'quantiles-latency.p50_ms-p95_ms-p99_ms',
      'sort-models.-p95_ms',
      'tokens.input_tokens',
    ])
    const before = await chosen(page)
    await page.reload()
    await page.getByRole('table', { name: 'Models' }).waitFor()
    await expect.poll(() => chosen(page), slow).toEqual(before)
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Models' }).click()
    await page.waitForURL((url) => url.pathname === '/models')
    // What charts of one page show says nothing of others.
    expect(await page.evaluate(() => location.search)).not.toMatch(/alone|set=/)
    await page.goBack()
    await expect.poll(() => page.evaluate(() => location.search)).toBe(address)
    await page.getByRole('table', { name: 'Models' }).waitFor()
    await expect.poll(() => chosen(page), slow).toEqual(before)
    await tokens.getByRole('button', { name: 'Output', exact: true }).click()
    await expect.poll(() => page.evaluate(() => location.search)).not.toContain('tokens.')
    expect(complaints).toEqual([])
    await page.close()
  })

  test('one cursor stands at the same time on every chart of the page, the heatmap among them', async () => {
    const { page, complaints } = await here.browser.open(`${here.site.url}/models/gpt-4o${fixed}`, {
      width: 1440,
      height: 2400,
    })
    const heatmap = page.locator('.heatmap svg')
    const latency = page.locator('section[aria-label="Latency"] .chart svg')
    const tpot = page.locator('section[aria-label="TPOT"] .chart svg')
    const at = (chart: Locator) => chart.locator('.chart-cursor line').getAttribute('x1')
    await latency.locator('.chart-curve').first().waitFor({ state: 'attached' })
    await tpot.locator('.chart-curve').first().waitFor({ state: 'attached' })
    await heatmap.locator('path').first().waitFor({ state: 'attached' })
    await latency.hover()
    await heatmap.locator('.chart-cursor').waitFor({ state: 'attached' })
    expect(await at(tpot)).toBe(await at(latency))
    await heatmap.hover()
    await expect.poll(() => heatmap.locator('.heatmap-cursor').count()).toBe(1)
    await expect.poll(() => latency.locator('.chart-cursor').count()).toBe(1)
    expect(await at(tpot)).toBe(await at(latency))
    await page.mouse.move(5, 5)
    await expect.poll(() => page.locator('.chart-cursor').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })

  /** The overview with what is out of sight not drawn yet, in a page that never rests. */
  async function unrested() {
    const { page } = await here.browser.open('about:blank')
    await page.addInitScript(() => Object.assign(window, { requestIdleCallback: () => 0 }))
    await page.goto(`${here.site.url}/${fixed}`)
    await page.locator('section[aria-label="Endpoints"] .table').waitFor()
    const waiting = page.locator('.panel > .panel-body > .skeleton')
    await expect.poll(() => page.locator('.panel[aria-busy="true"]').count(), slow).toBe(0)
    expect(await waiting.count()).toBeGreaterThan(2)
    return { page, waiting }
  }

  test('a page is printed as a whole, and alone', async () => {
    const { page, waiting } = await unrested()
    await page.pdf()
    await expect.poll(() => waiting.count(), slow).toBe(0)
    await page.emulateMedia({ media: 'print' })
    expect(await page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(false)
    expect(await page.locator('#page').boundingBox()).toMatchObject({ x: 0 })
    await page.close()
  })

  test('a page is looked through as a whole', async () => {
    const { page, waiting } = await unrested()
    await page.keyboard.press('Control+f')
    await expect.poll(() => waiting.count(), slow).toBe(0)
    await page.close()
  })
})

describe('the rail and the top bar', () => {
  test('the environment has a control of its own', async () => {
    const { page } = await overview()
    await page.getByLabel('Environment').selectOption('staging')
    await page.waitForURL(/environment=staging/)
    await expect.poll(() => page.locator('table[aria-label="Models"] tbody tr').count(), slow).toBe(1)
    await page.getByLabel('Environment').selectOption('')
    await page.waitForURL((url) => !url.searchParams.has('environment'))
    await page.close()
  })

  test('a phone has five pages in its bar, and the others behind one button', async () => {
    const { page } = await little({ width: 390, height: 844 })
    const links = page.locator('.rail-link:visible')
    expect(await links.count()).toBe(6)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Targets' }).click()
    await page.waitForURL((url) => url.pathname === '/targets' && spanIn(url) === hour)
    await page.close()
  })

  test('every page has room in the rail of a small screen', async () => {
    const { page } = await little({ width: 1280, height: 800 })
    const { scrolls, link } = await page.locator('.rail').evaluate((rail) => ({
      scrolls: rail.scrollHeight > rail.clientHeight,
      link: rail.querySelector('.rail-link')?.getBoundingClientRect().height ?? 0,
    }))
    expect(scrolls).toBe(false)
    // Sixteen of them, four gaps, the name above and the foot below.
    expect(16 * (link + 1) + 4 * 11 + 56 + 46).toBeLessThan(800)
    await page.close()
  })
})

test('more windows than a browser opens connections are live, and stay so when those before them close', async () => {
  const seen = Date.now()
  const arrive = (session_id: string) =>
    store(here.storage.db, 'requests', [{ ...requests(seen, 1, 9).at(-1)!, session_id }])
  const windows: Page[] = []
  for (let index = 0; index < 8; index++) windows.push((await here.browser.open(`${here.site.url}/sessions`)).page)
  const all = (pages: Page[], text: string) =>
    expect.poll(() => Promise.all(pages.map((page) => page.getByText(text).count()))).toEqual(pages.map(() => 1))
  await all(windows, 'Live')
  await arrive('while all are open')
  await all(windows, 'while all are open')
  const [first, second, ...others] = windows
  await Promise.all([first!.close(), second!.close()])
  await arrive('later')
  await all(others, 'later')
  await all(others, 'Live')
  await Promise.all(others.map((page) => page.close()))
})

test('without locks, as by http from elsewhere, each window is as live as its own stream', async () => {
  const openWindow = async () => {
    const page = await here.browser.context.newPage()
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }))
    return page
  }
  const [one, other] = [await openWindow(), await openWindow()]
  await one.goto(`${here.site.url}/sessions`)
  await one.getByText('Live').waitFor()
  let asked = 0
  await other.route('**/api/live', (route) => {
    asked++
    return route.fulfill({ status: 503 })
  })
  await other.goto(`${here.site.url}/sessions`)
  await expect.poll(() => asked).toBeGreaterThan(1)
  expect(await other.getByText('Live').count()).toBe(0)
  expect(await one.getByText('Live').count()).toBe(1)
  await Promise.all([one.close(), other.close()])
})
