/** Marks on charts in a real browser: made by the API and by click, at their time on every chart, hostile ones too, and taken back. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { storeAnnotation } from '../../storage/queries/annotations.ts'
import { requests } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const minute = 60_000
const [from, to] = [now - 60 * minute, now]
const fixed = `?from=${from}&to=${to}`
const patient = { timeout: 60_000 }
const phone = { width: 390, height: 844 }
const evil = '<img src=x onerror="window.hurt = true">'

const event = (at: number, previous_state: string, state: string) => ({
  timestamp: new Date(now - at * minute),
  fingerprint: 'a',
  rule: 'SlowAnswers',
  group: 'mine',
  state,
  previous_state,
  labels: { alertname: 'SlowAnswers', severity: 'critical', model: 'gpt-4o' },
  annotations: { summary: 'P95 of gpt-4o is 9 s' },
  value: 1,
})

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', requests(now, 90))
    await storage.db.insert('alert_events', [event(30, 'inactive', 'firing'), event(22, 'firing', 'inactive')])
    // As a row from elsewhere may be: the API would refuse its link.
    await storeAnnotation(storage.db, {
      id: 'hostile',
      timestamp: now - 50 * minute,
      end_timestamp: null,
      kind: 'incident',
      title: evil,
      text: `${evil}\n</script>`,
      labels: { endpoint: evil },
      url: 'javascript:window.hurt = true',
      created_by: evil,
    })
    return { writer: storage.db }
  },
})

async function overview(search = fixed, size?: { width: number; height: number }) {
  const opened = await here.browser.open(`${here.site.url}/${search}`, size)
  await chartOf(opened.page, 'Latency').locator('.chart-curve').first().waitFor()
  return opened
}

const chartOf = (page: Page, panel: string) => page.locator(`section[aria-label="${panel}"] .chart`)
const glyph = (page: Page, panel: string, name: RegExp | string) => chartOf(page, panel).getByRole('button', { name })

async function post(body: object) {
  const response = await fetch(`${here.site.url}/api/annotations`, { method: 'POST', body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as { id: string; error?: { field: string } } }
}

/** Where a time lies on a chart, as a part of its width between the axes. */
async function placeOf(page: Page, panel: string, name: string) {
  const button = await glyph(page, panel, name).boundingBox()
  const axis = await chartOf(page, panel).locator('.chart-axes > line').boundingBox()
  if (!button || !axis) throw new Error('it is not drawn')
  return (button.x + button.width / 2 - axis.x) / axis.width
}

/** A chart begins with the bucket that holds the start of the range: of an hour, less than a minute before it. */
const partOf = (at: number) => (at - from) / (to - from)
const near = (place: number, at: number) => Math.abs(place - partOf(at)) < 1 / 60 + 0.005

const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(source, 'utf8'))
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    const { violations } = await axe.run({ runOnly: { type: 'tag', values: tags } })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))
  })
}

describe('a mark', () => {
  test('of the API stands at its time on every chart, from one question, and leads on', async () => {
    const at = now - 15 * minute
    const deploy = { kind: 'deploy', title: 'vLLM 0.11', timestamp: at, labels: { model: 'gpt-4o' } }
    expect((await post({ ...deploy, url: 'https://ci.example/1042', created_by: 'ci' })).status).toBe(200)
    const opened = await here.browser.open('about:blank')
    const asked: string[] = []
    opened.page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/api/changes') asked.push(request.url())
    })
    await opened.page.goto(`${here.site.url}/${fixed}`)
    for (const panel of ['Latency', 'Requests']) {
      await glyph(opened.page, panel, /^Deploy: vLLM 0\.11/).waitFor()
      const name = await glyph(opened.page, panel, /^Deploy: vLLM 0\.11/).getAttribute('aria-label')
      expect(near(await placeOf(opened.page, panel, name ?? ''), at)).toBe(true)
    }
    expect(asked.length).toBe(1)
    await glyph(opened.page, 'Requests', /^Deploy: vLLM/).hover()
    const card = opened.page.locator('.mark-card')
    expect(await card.textContent()).toMatch(/Deploy.*vLLM 0\.11.*model gpt-4o.*by ci/)
    expect(await card.getByRole('link', { name: 'More of vLLM 0.11' }).getAttribute('href')).toBe(
      'https://ci.example/1042',
    )
    await opened.page.keyboard.press('Escape')
    expect(opened.complaints).toEqual([])
    await opened.page.close()
  })

  test('is there only where the page’s filters let it be, and not when marks are hidden', async () => {
    const { page } = await overview(`${fixed}&model=gpt-4o-mini`)
    await glyph(page, 'Latency', /^Incident/).waitFor()
    expect(await glyph(page, 'Latency', /vLLM/).count()).toBe(0)
    await page.keyboard.press('m')
    await page.waitForURL((url) => url.searchParams.get('marks') === 'off')
    await expect.poll(() => page.locator('.mark-glyph').count(), patient).toBe(0)
    await page.getByRole('button', { name: 'Marks', exact: true }).click()
    await page.waitForURL((url) => !url.searchParams.has('marks'))
    await glyph(page, 'Latency', /^Incident/).waitFor()
    await page.close()
  })

  test('of an alert is a band with its word, and leads to the alerts with the range', async () => {
    const { page } = await overview()
    const alert = glyph(page, 'Latency', /^Alert: SlowAnswers/)
    await alert.waitFor()
    const words = await chartOf(page, 'Latency').locator('.chart-marks text').allTextContents()
    expect(words.some((word) => word.startsWith('critical S'))).toBe(true)
    await alert.click()
    const card = page.locator('.mark-card')
    expect(await card.textContent()).toMatch(/Alert, critical.*SlowAnswers.*Until.*P95 of gpt-4o is 9 s/)
    // Nobody made it: there is nothing to delete.
    expect(await card.getByRole('button').count()).toBe(0)
    await card.getByRole('link').click()
    await page.waitForURL((url) => url.pathname === '/alerts' && url.searchParams.has('from'))
    await page.close()
  })

  test('with markup and a script for a link is shown as text, and leads nowhere', async () => {
    const { page, complaints } = await overview()
    await glyph(page, 'Latency', /^Incident/).click()
    const card = page.locator('.mark-card')
    expect(await card.locator('.mark-title').textContent()).toBe(evil)
    expect(await card.locator('.mark-text').textContent()).toBe(`${evil}\n</script>`)
    expect(await card.getByRole('link').count()).toBe(0)
    expect(await page.locator('.main img').count()).toBe(0)
    expect(await page.evaluate(() => 'hurt' in globalThis)).toBe(false)
    expect(await post({ title: 'x', url: 'javascript:alert(1)' })).toMatchObject({
      status: 400,
      body: { error: { field: 'url' } },
    })
    expect(complaints).toEqual([])
    await page.close()
  })
})

const form = (page: Page) => page.getByRole('dialog', { name: 'Annotate this time' })

describe('people', () => {
  test('mark a time by a click, about what the page is about; it is on two charts, and gone when taken back', async () => {
    const { page, complaints } = await overview(`${fixed}&model=gpt-4o`)
    await chartOf(page, 'Requests').scrollIntoViewIfNeeded()
    const box = await chartOf(page, 'Requests').locator('.chart-axes > line').boundingBox()
    if (!box) throw new Error('there is no axis')
    const at = from + (to - from) * 0.4
    await page.mouse.click(box.x + box.width * 0.4, box.y - 60, { button: 'right' })
    await form(page).getByLabel('What happened').fill('Scaled out')
    expect(await form(page).getByLabel('Only about').inputValue()).toBe('model:gpt-4o')
    await form(page).getByRole('radio', { name: 'Deploy' }).check()
    await form(page).getByLabel('Link').fill('javascript:alert(1)')
    await form(page).getByLabel('Your name').fill('Ada')
    await form(page).getByRole('button', { name: 'Annotate' }).click()
    await form(page).getByText('begins with http:// or https://').waitFor()
    await form(page).getByLabel('Link').fill('')
    await form(page).getByRole('button', { name: 'Annotate' }).click()
    for (const panel of ['Latency', 'Requests']) {
      const mark = glyph(page, panel, /^Deploy: Scaled out/)
      await mark.waitFor(patient)
      expect(near(await placeOf(page, panel, (await mark.getAttribute('aria-label')) ?? ''), at)).toBe(true)
    }
    const [row] = await here.storage.reader.query<{ at: number; labels: object; created_by: string }>(
      "select toUnixTimestamp64Milli(timestamp) as at, labels, created_by from annotations where title = 'Scaled out'",
    )
    expect(row).toMatchObject({ labels: { model: 'gpt-4o' }, created_by: 'Ada' })
    expect(Math.abs((row?.at ?? 0) - at)).toBeLessThan(minute)

    await glyph(page, 'Requests', /^Deploy: Scaled out/).click()
    await page.getByRole('button', { name: 'Delete Scaled out' }).click()
    await page.getByRole('button', { name: 'Delete it' }).click()
    await expect.poll(() => page.getByRole('button', { name: /^Deploy: Scaled out/ }).count(), patient).toBe(0)
    const deleted = 'select count() as n from annotations where title = {title:String} and deleted'
    expect(await here.storage.reader.query(deleted, { title: 'Scaled out' })).toEqual([{ n: 1 }])
    await page.getByRole('button', { name: 'Undo' }).click()
    await glyph(page, 'Requests', /^Deploy: Scaled out/).waitFor(patient)
    await expect.poll(() => page.getByRole('button', { name: 'Undo' }).count()).toBe(0)
    const back = "select created_by, labels from annotations where title = 'Scaled out' and not deleted"
    expect(await here.storage.reader.query(back)).toEqual([{ created_by: 'Ada', labels: { model: 'gpt-4o' } }])
    // The refused link is the one complaint of the browser.
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
    await page.close()
  })

  test('do all of it by keys: to the cursor’s time, from glyph to glyph, a span from its menu', async () => {
    const { page } = await overview()
    await chartOf(page, 'Latency').hover()
    await page.keyboard.press('a')
    await form(page).waitFor()
    expect(await form(page).getByLabel('Only about').inputValue()).toBe('')
    await page.keyboard.press('Escape')
    await expect.poll(() => form(page).count()).toBe(0)
    const glyphs = chartOf(page, 'Latency').locator('.mark-glyph')
    const names = await glyphs.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))
    expect(names.length).toBeGreaterThan(2)
    expect(await glyphs.evaluateAll((all) => all.filter((one) => one.tabIndex === 0).length)).toBe(1)
    await glyphs.first().focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(names[1])
    await page.locator('.mark-card').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('.mark-card').count()).toBe(0)
    await page.getByLabel('Menu of Latency').click()
    await page.getByRole('menuitem', { name: 'Annotate this time' }).click()
    await form(page).getByLabel('What happened').waitFor()
    await page.close()
  })
})

test('hundreds become a few with their count, and no line for each', async () => {
  const many = Array.from({ length: 300 }, (_, index) => ({
    id: `many-${index}`,
    timestamp: new Date(now - 3 * 3_600_000 - index * 10_000),
    kind: 'note',
    title: `note ${index}`,
    version: 1,
  }))
  await here.storage.db.insert('annotations', many)
  const { page } = await overview(`?from=${now - 4 * 3_600_000}&to=${now}`)
  const counts = async () => (await chartOf(page, 'Latency').locator('.mark-glyph b').allTextContents()).map(Number)
  await expect.poll(async () => (await counts()).length, patient).toBeGreaterThan(2)
  const glyphs = await chartOf(page, 'Latency').locator('.mark-glyph').count()
  expect(glyphs).toBeLessThan(40)
  expect(await chartOf(page, 'Latency').locator('.chart-marks line[stroke-dasharray]').count()).toBe(glyphs)
  expect((await counts()).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(290)
  await page.close()
})

test('that the question of marks fails is said, and takes no chart', async () => {
  const { page } = await here.browser.open('about:blank')
  await page.route('**/api/changes*', (route) =>
    route.fulfill({ status: 400, json: { error: { message: 'no marks today', hint: '' } } }),
  )
  await page.goto(`${here.site.url}/${fixed}`)
  await chartOf(page, 'Latency').getByTitle('no marks today').waitFor()
  expect(await chartOf(page, 'Latency').locator('.chart-curve').count()).toBeGreaterThan(0)
  await page.close()
})

test.each([
  ['light', undefined],
  ['dark', undefined],
  ['light', phone],
] as const)('axe finds nothing, %s, %o', async (scheme, size) => {
  const { page } = await here.browser.open('about:blank', size)
  await page.addInitScript((value) => localStorage.setItem('mantine-color-scheme-value', value), scheme)
  await page.goto(`${here.site.url}/${fixed}`)
  const alert = glyph(page, 'Latency', /^Alert/)
  await alert.click()
  await page.locator('.mark-card').waitFor()
  const card = await page.locator('.mark-card').boundingBox()
  expect(card && card.x >= 0 && card.x + card.width <= (size?.width ?? 1440)).toBe(true)
  expect(await findings(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.keyboard.press('a')
  await form(page).waitFor()
  expect(await findings(page)).toEqual([])
  await page.close()
})
