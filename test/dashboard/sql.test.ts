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
    return { sql: storage.reader, writer: storage.db }
  },
})

async function open(query: string | null, size?: { width: number; height: number }) {
  const sql = query === null ? '' : `&sql=${encodeURIComponent(query)}`
  const opened = await here.browser.open(`${here.site.url}/sql?${fixed}${sql}`, size)
  await opened.page.getByLabel('Query', { exact: true }).waitFor()
  return opened
}

const run = (page: Page) => page.keyboard.press('ControlOrMeta+Enter')
const queryOf = (page: Page) => page.getByLabel('Query', { exact: true }).textContent()
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
  await expect.poll(() => chart.locator('path.chart-curve').count()).toBe(5)
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
  await expect.poll(() => page.locator('.cm-lintRange-error').count()).toBe(0)
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
  await page.locator('.cm-completionInfo').filter({ hasText: 'Time to first token' }).waitFor()
  await option.click()
  await expect.poll(() => queryOf(page)).toBe('SELECT ttft_ms FROM v_requests')
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
  await expect.poll(running).toBe(1)
  await page.keyboard.press('Escape')
  await page.getByRole('alert').filter({ hasText: 'Cancelled' }).waitFor()
  await expect.poll(running).toBe(0)
  await page.close()
})

test('a tab that is closed stops its query', async () => {
  // Not one of the browser's that others go on with.
  const page = await here.browser.context.newPage()
  await page.goto(`${here.site.url}/sql?${fixed}&sql=${encodeURIComponent(endless)}`)
  await page.getByLabel('Query', { exact: true }).waitFor()
  await run(page)
  await expect.poll(running).toBe(1)
  await page.close()
  await expect.poll(running).toBe(0)
})

test('too many rows: the page says how many it shows; an export has all', async () => {
  const { page } = await open('SELECT number, number * 2 AS twice FROM numbers(4321)')
  await run(page)
  await page.getByRole('note').waitFor()
  expect(await page.getByRole('note').textContent()).toContain('Only the first 2,000 rows are shown')
  await page.getByRole('button', { name: 'Show all 2,000 rows' }).click()
  await expect.poll(async () => (await cells(page)).length).toBe(2000)
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
  await page.getByRole('button', { name: 'Only in this browser' }).click()
  await page.goto(`${here.site.url}/sql`)
  await page.getByRole('button', { name: 'Saved', exact: true }).click()
  await page.getByRole('button', { name: 'The answer', exact: true }).click()
  await expect.poll(() => queryOf(page)).toBe('SELECT 42 AS answer')
  await page.getByRole('button', { name: 'Forget The answer' }).click()
  await page.getByText('None is kept for you alone').waitFor()
  await page.close()
})

const ofTeams = `SELECT team, count() AS requests, {least:UInt32} AS least, '{none:String}' AS text
FROM v_requests
WHERE timestamp >= {from:DateTime64(3)} AND timestamp < {to:DateTime64(3)}
  AND team IN {teams:Array(String)} AND timestamp >= {since:DateTime} -- {nothing:UInt8}
GROUP BY team ORDER BY team`
/** At no whole minute, which an input of the browser writes without its seconds. */
const since = `${new Date(now - 1_800_000).toISOString().slice(0, 17)}07`

/** How many requests since then each of the teams made. */
async function requestsOf(teams: readonly string[]) {
  const counted = await here.storage.reader.query<{ team: string; requests: string }>(
    `select team, toString(count()) as requests from requests where team in {teams:Array(String)}
    and timestamp >= {since:DateTime} and timestamp < fromUnixTimestamp64Milli({to:Int64}) group by team order by team`,
    { teams, since: since.replace('T', ' '), to },
  )
  return counted.map(({ team, requests: count }) => [team, count, '5', '{none:String}'])
}

test('parameters get inputs, are bound, told of when they do not fit, and kept: address, history, export', async () => {
  const [{ team } = { team: '' }] = rows
  const expected = await requestsOf([team])
  expect(expected).toHaveLength(1)
  const { page, complaints } = await open(ofTeams)
  const inputs = page.getByRole('form', { name: 'Parameters' })
  expect(await inputs.locator('label').allTextContents()).toEqual(['least', 'teams', 'since'])
  await run(page)
  const told = page.getByRole('alert')
  await told.getByText('Parameter least has no value (line 1, column 35)').waitFor()
  expect(await page.locator('.cm-lintRange-error').textContent()).toBe('{least:UInt32}')
  await inputs.getByLabel('least').fill('5')
  await expect.poll(() => page.locator('.cm-lintRange-error').count()).toBe(0)
  await inputs.getByLabel('teams').fill(team)
  await inputs.getByLabel('since').fill(since)
  await page.keyboard.press('Enter')
  await told.getByText('Parameter teams is no Array(String): expected a list as JSON').waitFor()
  expect(await inputs.getByLabel('teams').getAttribute('aria-invalid')).toBe('true')
  await inputs.getByLabel('teams').fill(JSON.stringify([team]))
  await page.keyboard.press('Enter')
  await page.getByRole('table', { name: 'Rows' }).waitFor()
  expect(await cells(page)).toEqual(expected)

  await page.getByRole('button', { name: 'Export' }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'JSON lines' }).click(),
  ])
  expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toMatchObject({ team, least: 5 })
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByRole('heading', { name: 'How the query would run' }).waitFor()

  // Whoever opens the address has the values; so has the history.
  expect(new URL(page.url()).searchParams.get('param_since')).toBe(since)
  await page.reload()
  await expect.poll(() => inputs.getByLabel('teams').inputValue()).toBe(JSON.stringify([team]))
  await inputs.getByLabel('least').fill('6')
  await run(page)
  await page.getByRole('table', { name: 'Rows' }).waitFor()
  await inputs.getByLabel('least').fill('7')
  await page.getByText('of other parameters: run it again').waitFor()
  await page.getByRole('button', { name: 'History' }).click()
  await page.locator('.sql-entry', { hasText: 'least = 5' }).first().getByRole('button').click()
  await expect.poll(() => inputs.getByLabel('least').inputValue()).toBe('5')
  // The browser itself says so of an answer that is a refusal.
  expect(complaints.filter((text) => !text.includes('status of 400'))).toEqual([])
  await page.close()
})

test('saved for everybody: the next visit finds it, with its values and its chart; renamed, replaced, deleted', async () => {
  const query = `SELECT toStartOfMinute(timestamp) AS minute, count() AS requests FROM v_requests
WHERE model = {model:String} GROUP BY minute ORDER BY minute`
  const { page, complaints } = await open(query)
  await page.getByLabel('model', { exact: true }).fill('gpt-4o')
  await run(page)
  await page.getByRole('button', { name: 'Chart' }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByLabel('Name of the query').fill('Of one model')
  await page.getByLabel('Who saves it').fill('Ada')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Save', exact: true }).waitFor()
  await page.close()

  const other = await open(null)
  await other.page.getByRole('button', { name: 'Saved', exact: true }).click()
  const entry = other.page.locator('.sql-entry', { hasText: 'Of one model' })
  expect(await entry.textContent()).toContain('Ada, ')
  await entry.getByRole('button', { name: 'Of one model', exact: true }).click()
  await expect.poll(() => other.page.getByLabel('model', { exact: true }).inputValue()).toBe('gpt-4o')
  const saved = new URL(other.page.url()).searchParams.get('saved')
  await entry.getByRole('button', { name: 'Rename Of one model' }).click()
  await other.page.getByLabel('New name of Of one model').fill('Per minute')
  await other.page.keyboard.press('Enter')
  await other.page.getByRole('button', { name: 'Per minute', exact: true }).waitFor()

  await other.page.goto(`${here.site.url}/sql?${fixed}&saved=${saved}`)
  await expect.poll(() => other.page.getByLabel('model', { exact: true }).inputValue()).toBe('gpt-4o')
  await run(other.page)
  await expect.poll(() => other.page.locator('.chart path.chart-curve').count()).toBe(1)
  await other.page.getByLabel('model', { exact: true }).fill('gpt-4o-mini')
  await other.page.getByRole('button', { name: 'Save', exact: true }).click()
  await other.page.getByLabel('Name of the query').fill('Per minute')
  expect(await other.page.getByLabel('Who saves it').inputValue()).toBe('Ada')
  await other.page.getByLabel('Who saves it').fill('Grace')
  await other.page.getByRole('button', { name: 'Replace for everybody' }).click()
  await other.page.getByRole('button', { name: 'Saved', exact: true }).click()
  await other.page.locator('.sql-entry', { hasText: 'Grace, ' }).waitFor()
  const stored = await here.storage.reader.query(
    'select name, params, chart, saved_by from saved_queries where not deleted',
  )
  expect(stored).toEqual([{ name: 'Per minute', params: '{"model":"gpt-4o-mini"}', chart: 'chart', saved_by: 'Grace' }])

  await other.page.getByRole('button', { name: 'Delete Per minute' }).click()
  await other.page.getByRole('button', { name: 'Delete', exact: true }).click()
  await other.page.getByText('What anybody saves shows here for all').waitFor()
  await other.page.goto(`${here.site.url}/sql?saved=${saved}`)
  await other.page.getByText('the saved query of this link was deleted').waitFor()
  expect([...complaints, ...other.complaints]).toEqual([])
  await other.page.close()
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
  await expect.poll(() => queryOf(page)).toContain('FROM v_spend_daily')
  expect(complaints).toEqual([])
  await page.close()
})

test('on a phone nothing scrolls sideways', async () => {
  const { page, complaints } = await open(
    perModel.replace('GROUP', 'AND model != {not_this_model:String} GROUP'),
    phone,
  )
  await page.getByLabel('not_this_model').fill('none')
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
