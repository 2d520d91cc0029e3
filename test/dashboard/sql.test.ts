/** The SQL page in a real browser: what it shows is what SQL says, however one gets there. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { requests } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const rows = requests(now, 120)
/** A fixed hour, in whole seconds. */
const [from, to] = [Math.floor(now / 1000 - 3600) * 1000, Math.floor(now / 1000) * 1000]
const fixed = `from=${from}&to=${to}`
const phone = { width: 390, height: 844 }
const evil = '<img src=x onerror="window.hurt = true"><script>window.hurt = true</script>'

const here = testSite({
  prepare: async (storage) => {
    const last = rows.at(-1)
    if (last) last.user_id = evil
    await store(storage.db, 'requests', rows)
    await storage.rollups.flush()
    return { sql: storage.reader }
  },
})

async function open(query: string | null, size?: { width: number; height: number }) {
  const sql = query === null ? '' : `&sql=${encodeURIComponent(query)}`
  const opened = await here.browser.open(`${here.site.url}/sql?${fixed}${sql}`, size)
  await opened.page.getByLabel('Query', { exact: true }).waitFor()
  return opened
}

const run = (page: Page) => page.keyboard.press('ControlOrMeta+Enter')
const cells = (page: Page) =>
  page
    .getByRole('table', { name: 'Rows' })
    .locator('tbody tr')
    .evaluateAll((found) => found.map((row) => [...row.children].map((cell) => cell.textContent)))

const perModel = `SELECT model, count() AS requests, sum(cost_usd) AS cost_usd
FROM v_requests
WHERE timestamp >= {from:DateTime64(3)} AND timestamp < {to:DateTime64(3)}
GROUP BY model ORDER BY model`

test('a query about the range of the page shows the numbers of SQL, exact', async () => {
  const { page, complaints } = await open(perModel)
  await run(page)
  await page.getByRole('table', { name: 'Rows' }).waitFor()
  const expected = await here.storage.reader.query<{ model: string; requests: string; cost: string | null }>(
    `select model, toString(count()) as requests, toString(sum(cost_usd)) as cost from requests
    where timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64})
    group by model order by model`,
    { from, to },
  )
  expect(await cells(page)).toEqual(expected.map(({ model, requests, cost }) => [model, requests, cost ?? 'null']))
  expect(expected.length).toBe(5)
  expect(await page.locator('.sql-facts').textContent()).toMatch(/^5 rows in /)
  expect(complaints).toEqual([])
  await page.close()
})

test('a ready question: picked, run, drawn as a chart, in the history of the next visit', async () => {
  const { page, complaints } = await open(null)
  await page.getByRole('button', { name: 'P95 latency of each model over time' }).click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByRole('table', { name: 'Rows' }).waitFor()
  await page.waitForURL((url) => url.searchParams.get('sql')?.includes('duration_p95_ms') ?? false)
  await page.getByRole('button', { name: 'Chart' }).click()
  const chart = page.locator('.chart')
  await expect.poll(() => chart.locator('path.recharts-curve').count(), { timeout: 20_000 }).toBe(5)
  expect((await page.locator('.legend button').allTextContents()).toSorted()).toContain('gpt-4o')
  await page.reload()
  await page.getByRole('button', { name: 'History' }).click()
  const past = page.locator('.sql-entry', { hasText: 'duration_p95_ms' })
  expect(await past.first().textContent()).toMatch(/rows, /)
  expect(complaints).toEqual([])
  await page.close()
})

test('what is stored is shown as text, never run', async () => {
  const { page, complaints } = await open(
    `select user_id, [user_id] as list from v_requests where user_id like '<img%'`,
  )
  await run(page)
  await page.getByRole('table', { name: 'Rows' }).waitFor()
  expect(await cells(page)).toEqual([[evil, JSON.stringify([evil])]])
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(await page.locator('main img').count()).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('a mistake is told in words and marked in the text; mended, the mark goes', async () => {
  const { page } = await open('SELECT model,\n  cost FROM v_requests LIMIT 1')
  await run(page)
  expect(await page.getByRole('alert').textContent()).toContain(
    'Unknown expression identifier `cost` (line 2, column 3)',
  )
  expect(await page.locator('.cm-lintRange-error').textContent()).toBe('cost')
  await page.getByLabel('Query', { exact: true }).fill('SELECT 1 AS one')
  expect(await page.locator('.cm-lintRange-error').count()).toBe(0)
  await run(page)
  await page.getByRole('table', { name: 'Rows' }).waitFor()
  expect(await cells(page)).toEqual([['1']])
  await page.close()
})

test('completion knows the columns of the tables that the query names', async () => {
  const { page } = await open('SELECT  FROM v_requests')
  await page.getByLabel('Query', { exact: true }).focus()
  await page.keyboard.press('ControlOrMeta+Home')
  for (let at = 0; at < 7; at += 1) await page.keyboard.press('ArrowRight')
  await page.keyboard.type('ttft')
  const option = page.getByRole('option', { name: /ttft_ms/ })
  await option.waitFor()
  expect(await page.locator('.cm-completionInfo').textContent()).toContain('Time to first token')
  await option.click()
  expect(await page.getByLabel('Query', { exact: true }).textContent()).toBe('SELECT ttft_ms FROM v_requests')
  await page.close()
})

const endless = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 2'

/** How many of those run in the engine. */
async function running(): Promise<number> {
  const [row] = await here.storage.db.query<{ running: number }>(
    `select toInt64(countIf(query like '%sipHash64(number) = 2%' and query not like '%processes%')) as running from system.processes`,
  )
  return row?.running ?? 0
}

test('Escape cancels: the engine stops', async () => {
  const { page } = await open(endless)
  await run(page)
  await page.getByRole('button', { name: 'Cancel' }).first().waitFor()
  await expect.poll(running, { timeout: 20_000 }).toBe(1)
  await page.keyboard.press('Escape')
  expect(await page.getByRole('alert').textContent()).toContain('Cancelled')
  await expect.poll(running, { timeout: 20_000 }).toBe(0)
  await page.close()
})

test('a tab that is closed stops its query', async () => {
  const { page } = await open(endless)
  await run(page)
  await expect.poll(running, { timeout: 20_000 }).toBe(1)
  await page.close()
  await expect.poll(running, { timeout: 20_000 }).toBe(0)
})

test('too many rows: the page says how many it shows; an export has all', async () => {
  const { page } = await open('SELECT number, number * 2 AS twice FROM numbers(4321)')
  await run(page)
  await page.getByRole('note').waitFor()
  expect(await page.getByRole('note').textContent()).toContain('Only the first 2,000 rows are shown')
  await page.getByRole('button', { name: 'Show all 2,000 rows' }).click()
  await expect.poll(async () => (await cells(page)).length, { timeout: 20_000 }).toBe(2000)
  await page.getByRole('button', { name: 'Export' }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'CSV' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/^inferwatch-.*\.csv$/)
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
  expect(lines.length).toBe(4322)
  expect([lines[0], lines.at(-1)]).toEqual(['"number","twice"', '4320,8640'])
  await page.close()
})

test('EXPLAIN, and an answer without rows', async () => {
  const { page } = await open("SELECT model FROM v_requests WHERE model = 'none'")
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByRole('heading', { name: 'How the query would run' }).waitFor()
  expect(await page.getByRole('table', { name: 'Rows' }).textContent()).toContain('ReadFromMergeTree')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('No row fits the query').waitFor()
  await page.close()
})

test('a query is saved in the browser, taken again, and forgotten', async () => {
  const { page } = await open('SELECT 42 AS answer')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByLabel('Name of the query').fill('The answer')
  await page.keyboard.press('Enter')
  await page.goto(`${here.site.url}/sql`)
  await page.getByRole('button', { name: 'Saved', exact: true }).click()
  await page.getByRole('button', { name: 'The answer', exact: true }).click()
  expect(await page.getByLabel('Query', { exact: true }).textContent()).toBe('SELECT 42 AS answer')
  await page.getByRole('button', { name: 'Forget The answer' }).click()
  await page.getByText('Saved queries stay in this browser').waitFor()
  await page.close()
})

test('the schema page: search, units, and a query to begin with', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/schema`)
  await page.getByRole('heading', { name: 'v_requests', exact: true }).waitFor()
  await page.getByLabel('Search tables and columns').fill('throttled_ratio')
  await expect.poll(() => page.locator('details').count()).toBe(1)
  const row = page.getByRole('table', { name: 'v_gpu_hourly' }).locator('tbody tr')
  expect(await row.textContent()).toContain('0 to 1')
  await page.getByLabel('Search tables and columns').fill('v_spend_daily')
  await page.getByRole('link', { name: 'Query it' }).first().click()
  await page.getByLabel('Query', { exact: true }).waitFor()
  expect(await page.getByLabel('Query', { exact: true }).textContent()).toContain('FROM v_spend_daily')
  expect(complaints).toEqual([])
  await page.close()
})

test('on a phone nothing scrolls sideways', async () => {
  const { page, complaints } = await open(perModel, phone)
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByRole('table', { name: 'Rows' }).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  await page.goto(`${here.site.url}/schema`)
  await page.getByRole('heading', { name: 'v_requests', exact: true }).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  expect(complaints).toEqual([])
  await page.close()
})

/** Whether a script that the page loaded holds the editor. */
async function loadsEditor(page: Page): Promise<boolean> {
  const scripts = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))
  const texts = await Promise.all(
    scripts.filter((name) => name.endsWith('.js')).map(async (script) => (await fetch(script)).text()),
  )
  return texts.some((text) => text.includes('cm-content'))
}

test('the editor is loaded by its own page alone', async () => {
  const { page } = await here.browser.open(`${here.site.url}/?${fixed}`)
  await page.getByRole('table', { name: 'Models' }).waitFor()
  expect(await loadsEditor(page)).toBe(false)
  await page.goto(`${here.site.url}/sql`)
  await page.getByLabel('Query', { exact: true }).waitFor()
  expect(await loadsEditor(page)).toBe(true)
  await page.close()
})
