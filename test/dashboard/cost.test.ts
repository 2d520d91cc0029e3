/** The cost page in a real browser: spend by group, this month, why it changed, budgets, lines of an invoice; as SQL has them. */
import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { alertsHarness, type Harness } from '../../alerts/testing/harness.ts'
import { formatChange, formatExact, formatUsd } from '../../dashboard/web/src/lib/format.ts'
import { requests } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

/** In the middle of a month, whenever the test runs, and at no whole minute. */
const now = Date.UTC(2026, 8, 15, 12, 30, 20)
const day = 86_400_000
const phone = { width: 390, height: 844 }
const evil = '<img src=x onerror="window.hurt = true">'
/** Ends on a whole minute, where rollups begin. */
const to = Math.floor(now / 60_000) * 60_000
const week = `from=${to - 7 * day}&to=${to}`

const rules = `
groups:
  - name: budgets
    rules:
      - { alert: TeamBudget, kind: budget, amount: $5, period: month, by: [team] }
`

let room: Harness
const here = testSite({
  now: () => now,
  prepare: async (storage) => {
    room = await alertsHarness(storage, rules, now)
    // Some minutes of each day: more of them lately, so that the spend rises.
    const days = Array.from({ length: 40 }, (_, back) => requests(now - back * day, back < 7 ? 6 : 4, 40 - back))
    const rows = days
      .flat()
      .map((row, index) => (index % 97 === 0 ? Object.assign(row, { model: evil, team: evil }) : row))
    await store(storage.db, 'requests', rows)
    await storage.rollups.flush()
    return { alerts: await room.start() }
  },
})
afterAll(() => room?.stop())

const open = (query = week, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}/cost?${query}`, size)

const sql = <T>(select: string, [from, until]: [number, number], rest = '') =>
  here.storage.reader.query<T>(
    `select ${select} from requests as r where timestamp >= fromUnixTimestamp64Milli({from:Int64})
    and timestamp < fromUnixTimestamp64Milli({until:Int64}) ${rest}`,
    { from, until },
  )

const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()

/** The eight days that a week touches: days of users are told apart by whole days. */
const wholeDays = (from: number): [number, number] => {
  const first = Math.floor(from / day) * day
  return [first, first + 8 * day]
}

test('the large numbers and the rows of the table are those of SQL', async () => {
  const { page, complaints } = await open()
  const table = page.getByRole('table', { name: 'Spend by group' })
  await table.waitFor()
  const [total] = await sql<{ cost: number; priced: number; tokens: number; saved: number }>(
    `toFloat64(sum(r.cost_usd)) as cost, count(r.cost_usd) as priced, sum(r.input_tokens) + sum(r.output_tokens) as tokens`,
    [to - 7 * day, to],
  )
  const figure = async (name: string) =>
    plain(await page.locator(`[data-figure="${name}"] .number-value`).textContent())
  expect(await figure('Spend')).toBe(plain(formatUsd(total?.cost)))
  expect(await figure('Per request')).toBe(plain(formatUsd((total?.cost ?? 0) / (total?.priced ?? 1))))
  expect(await figure('Per 1M tokens')).toBe(plain(formatUsd(((total?.cost ?? 0) / (total?.tokens ?? 1)) * 1e6)))
  const [perUser, perUserBefore] = await Promise.all(
    [wholeDays(to - 7 * day), wholeDays(to - 15 * day)].map(async (days) => {
      const [row] = await sql<{ cost: number; users: number }>(
        `toFloat64(sum(r.cost_usd)) as cost, uniqExact(r.user_id) as users`,
        days,
        `and user_id != ''`,
      )
      return row && row.users > 0 ? row.cost / row.users : null
    }),
  )
  await expect.poll(() => figure('Per user')).toBe(plain(formatUsd(perUser)))
  expect(perUserBefore).not.toBeNull()
  expect(plain(await page.locator('[data-figure="Per user"] .delta').textContent())).toBe(
    plain(formatChange(perUser, perUserBefore).text),
  )
  const models = await sql<{ model: string; cost: number | null; requests: number }>(
    'model, toFloat64(sum(r.cost_usd)) as cost, count() as requests',
    [to - 7 * day, to],
    'group by model',
  )
  for (const { model, cost } of models) {
    const row = table.locator('tbody tr').filter({ has: page.getByText(model, { exact: true }) })
    expect(plain(await row.locator('td').nth(2).textContent())).toBe(plain(formatUsd(cost)))
    expect(await row.locator('td').nth(2).getAttribute('title')).toBe(
      cost === null ? 'no request has a known price' : `$${formatExact(cost)}`,
    )
  }
  expect(complaints).toEqual([])
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  await page.close()
})

test('the parts of the change add up to it', async () => {
  const { page } = await open()
  const steps = page.getByRole('list', { name: 'Why the spend changed' }).locator('li b')
  await steps.first().waitFor()
  const answer = (await (await fetch(`${here.site.url}/api/spend?${week}`)).json()) as {
    change: Record<string, number>
    previous: { cost_usd: number }
    current: { cost_usd: number }
  }
  const [before] = await sql<{ cost: number }>('toFloat64(sum(r.cost_usd)) as cost', [to - 14 * day, to - 7 * day])
  expect(answer.previous.cost_usd).toBeCloseTo(before?.cost ?? NaN, 9)
  const { change_usd = NaN, ...parts } = answer.change
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(change_usd, 9)
  expect(change_usd).toBeCloseTo(answer.current.cost_usd - answer.previous.cost_usd, 9)
  const shown = (await steps.allTextContents()).map(plain)
  expect(shown.at(0)).toBe(plain(formatUsd(before?.cost)))
  expect(shown.at(-1)).toBe(plain(formatUsd(answer.current.cost_usd)))
  await page.close()
})

test('by team: chosen by keyboard, kept in the address, and a row filters', async () => {
  const { page } = await open()
  await page.getByLabel('Spend by', { exact: true }).selectOption('team')
  await page.waitForURL(/by=team/)
  const row = page.getByRole('table', { name: 'Spend by group' }).locator('tbody tr', { hasText: 'research' })
  await row.focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/team=research/)
  await page.goBack()
  await expect.poll(() => new URL(page.url()).searchParams.getAll('team')).toEqual([])
  await page.getByRole('heading', { name: 'Spend of each team' }).waitFor()
  await page.close()
})

test('this month and the budgets', async () => {
  const { page } = await open()
  const month = page.getByRole('region', { name: 'This month' })
  await month.getByRole('img', { name: /Spend of this month/ }).waitFor()
  const start = Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth())
  const [spent] = await sql<{ cost: number }>('toFloat64(sum(r.cost_usd)) as cost', [start, now + 1])
  expect(plain(await month.locator('.legend').textContent())).toContain(plain(formatUsd(spent?.cost)))
  const budget = page.getByRole('table', { name: 'Budgets' }).locator('tbody tr', { hasText: 'research' })
  const [team] = await sql<{ cost: number }>(
    'toFloat64(sum(r.cost_usd)) as cost',
    [start, now + 1],
    `and team = 'research'`,
  )
  await budget.waitFor()
  expect(plain(await budget.textContent())).toContain(plain(formatUsd(team?.cost)))
  expect(await budget.locator('.meter').getAttribute('data-over')).toBe(String((team?.cost ?? NaN) > 5))
  await page.close()
})

test('lines of an invoice as CSV: each row and digit of SQL', async () => {
  const { page } = await open()
  await page.getByRole('button', { name: 'Chargeback' }).click()
  const send = page.getByRole('button', { name: 'Download CSV' })
  const refused = page.locator('.popover-form [role="alert"]')
  const [file] = await Promise.all([page.waitForEvent('download'), send.click()]).catch(async (cause: unknown) => {
    throw new Error(`no file; the page says: ${(await refused.allTextContents()).join()}`, { cause })
  })
  expect(file.suggestedFilename()).toBe('chargeback-model-team-by-month.csv')
  const lines = readFileSync(await file.path(), 'utf8').split('\r\n')
  const rows = await sql<{ cost: string | null; requests: number }>(
    `formatDateTime(timestamp, '%Y-%m') as period, toString(toDecimal128(sum(r.cost_usd), 12)) as cost, count() as requests`,
    [to - 7 * day, to],
    'group by period, model, team order by period, model, team',
  )
  expect(lines[0]).toBe('period,model,team,requests,requests_without_price,input_tokens,output_tokens,cost_usd')
  expect(lines).toHaveLength(rows.length + 1)
  expect(lines.slice(1).map((line) => line.slice(line.lastIndexOf(',') + 1))).toEqual(
    rows.map(({ cost }) => cost ?? ''),
  )
  await page.close()
})

test('nothing in the range, an API that fails, and a phone', async () => {
  const empty = await open(`from=${to - 400 * day}&to=${to - 393 * day}`)
  await empty.page.getByText('No request in this range has a known price').waitFor()
  await empty.page.close()
  const { page } = await open()
  await page.route('**/api/spend/month*', (route) =>
    route.fulfill({ status: 500, json: { error: { message: 'it broke', hint: 'wait' } } }),
  )
  await page.goto(`${here.site.url}/cost?${week}&team=search`)
  await page.getByRole('region', { name: 'This month' }).getByRole('alert').waitFor()
  await page.getByRole('table', { name: 'Spend by group' }).waitFor()
  await page.close()
  const small = await open(week, phone)
  await small.page.getByRole('table', { name: 'Spend by group' }).waitFor()
  expect(await small.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width)
  await small.page.close()
})
