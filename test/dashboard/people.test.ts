/** Sessions and users in a real browser: what the lists say is what SQL says, and a whole conversation in order. */
import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { formatChange } from '../../dashboard/web/src/lib/format.ts'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { requests } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const fixed = `?from=${now - 7_200_000}&to=${now}`
const attack = '<img src=x onerror="window.hit=1">'
/** With what would end a path. */
const oddSession = `chat/1?${attack}#é`
const oddUser = `../${attack}`

const messages = (...texts: string[]) =>
  JSON.stringify(texts.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })))

const turn = (index: number, fields: Partial<LlmRequest>): LlmRequest => ({
  ...emptyRequest(),
  timestamp: (now - 60_000 + index * 1000) * 1000,
  duration_ms: 500,
  trace_id: `${index}`.repeat(32),
  span_id: `${index}`.repeat(16),
  session_id: oddSession,
  user_id: oddUser,
  model: attack,
  operation: 'chat',
  cost_usd: 1000,
  version: 1,
  ...fields,
})

const here = testSite({
  prepare: async (storage) => {
    const calls = requests(now, 60).map((call, index) => Object.assign(call, { session_id: `s-${index % 70}` }))
    await store(storage.db, 'requests', calls)
    await store(storage.db, 'requests', [
      turn(1, { input: messages('First question'), output: 'First answer' }),
      turn(2, {
        input: messages('First question', 'First answer', attack),
        output: '',
        status: 'error',
        error_type: attack,
      }),
      turn(3, {
        input: messages('First question', 'First answer', attack),
        output: `Second **answer** ${attack}`,
        attempt: 2,
      }),
    ])
    await storage.db.insert('feedback', [
      {
        id: 'f',
        timestamp: new Date(now - 30_000),
        trace_id: '1'.repeat(32),
        name: attack,
        score: 1,
        value: attack,
        comment: attack,
        user_id: oddUser,
        version: 1,
      },
    ])
  },
})

/** The machine may be busy. */
const patient = { timeout: 60_000 }
const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()
const rowsOf = (page: Page, name: string) => page.getByRole('table', { name }).locator('tbody tr')
const hits = (page: Page) => page.evaluate(() => (window as unknown as { hit?: number }).hit ?? 0)
const wide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth)

/** Pictures to look at, where somebody asks for them. */
async function picture(page: Page, name: string) {
  const folder = process.env.INFERWATCH_SHOTS
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png` })
}

test('sessions: the numbers of SQL, page by page, and one of them as a whole', async () => {
  const [counted] = await here.storage.reader.query<{ sessions: number }>(
    `select uniqExact(session_id) as sessions from requests where session_id != ''`,
  )
  const { page, complaints } = await here.browser.open(`${here.site.url}/sessions${fixed}`)
  const rows = rowsOf(page, 'Sessions')
  await rows.first().waitFor()
  const foot = page.locator('.panel-foot')
  expect(plain(await foot.innerText())).toContain(`1–50 of ${counted?.sessions}`)
  await page.getByRole('button', { name: 'Next' }).click()
  await expect.poll(async () => plain(await foot.innerText()), patient).toContain(`51–${counted?.sessions} of`)
  await page.getByRole('combobox', { name: 'Order of sessions' }).selectOption('cost')
  await expect.poll(async () => plain(await rows.first().innerText()), patient).toContain('$3,000.00')
  expect(plain(await rows.first().innerText())).toContain(`Second **answer** ${attack}`)
  await picture(page, 'sessions-1440')

  await rows.first().focus()
  await page.keyboard.press('Enter')
  const said = page.getByRole('region', { name: 'Conversation' })
  await said.getByText('answer', { exact: true }).waitFor()
  expect(plain(await page.locator('.people-facts').innerText()).replaceAll(/\s+/g, ' ')).toMatch(
    /Requests 3 Errors 1 Traces 3 .*Cost \$3,000\.00/,
  )
  const told = await said
    .locator('.turn')
    .evaluateAll((turns) =>
      turns.map((one) => [...one.querySelectorAll('.message')].map((message) => message.getAttribute('data-role'))),
    )
  // Each call tells only what the one before did not.
  expect(told).toEqual([['user', 'assistant'], ['user'], ['assistant']])
  await said.getByRole('button', { name: /Show 3 earlier messages/ }).click()
  await expect.poll(() => said.locator('.turn').nth(2).locator('.message').count(), patient).toBe(4)
  await picture(page, 'session-1440')
  await expect.poll(() => rowsOf(page, 'Feedback and evaluations').count()).toBe(1)
  expect(await hits(page)).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('users: the dearest first, one of them, and from there to sessions and requests', async () => {
  const expected = await here.storage.reader.query<{ user_id: string; requests: number }>(
    `select user_id, count() as requests from requests where user_id != '' group by user_id order by sum(cost_usd) desc nulls last, user_id limit 3`,
  )
  const { page, complaints } = await here.browser.open(`${here.site.url}/users${fixed}`)
  const rows = rowsOf(page, 'Users')
  await rows.first().waitFor()
  for (const [index, { user_id, requests: count }] of expected.entries()) {
    const cells = (await rows.nth(index).locator('td').allInnerTexts()).map(plain)
    expect(cells.slice(0, 2)).toEqual([user_id, String(count)])
  }
  await picture(page, 'users-1440')
  await rows.first().click()
  await page.getByRole('heading', { name: `User ${oddUser}` }).waitFor()
  const facts = page.locator('.people-facts')
  await expect
    .poll(async () => plain(await facts.innerText()).replaceAll(/\s+/g, ' '), patient)
    .toMatch(/Cost \$3,000\.00 Requests 3 Errors 33\.3 % P95 500 ms .*Sessions 1 Feedback 1, mean 1/)
  await expect.poll(() => rowsOf(page, 'Models').count()).toBe(1)
  await expect.poll(() => rowsOf(page, 'Sessions').count(), patient).toBe(1)
  const legend = (title: string) => page.getByRole('region', { name: title, exact: true }).locator('.legend')
  await expect.poll(async () => plain(await legend('Spend over time').innerText()), patient).toContain('$3,000.00')
  await expect
    .poll(async () => plain(await legend('Requests over time').innerText()).replaceAll(/\s+/g, ' '), patient)
    .toMatch(/requests 3 .*errors 1 /)
  await picture(page, 'user-1440')
  await page.getByRole('link', { name: 'All requests' }).click()
  const calls = page.getByRole('grid', { name: 'Requests' }).locator('tr[data-id]')
  await expect.poll(() => calls.count(), patient).toBe(3)
  await calls.first().click()
  await page.getByRole('link', { name: `Session ${oddSession}` }).click()
  await page.getByRole('heading', { name: `Session ${oddSession}` }).waitFor()
  expect(await hits(page)).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('nothing, a session that is not there, and an API that fails', async () => {
  const { page } = await here.browser.open(`${here.site.url}/sessions?from=1000&to=2000`)
  await page.getByText('No call of the range names a session').waitFor()
  await page.goto(`${here.site.url}/sessions/nobody`)
  await page.getByText('No session nobody').waitFor()
  await page.route('**/api/users?**', (route) =>
    route.fulfill({ status: 500, json: { error: { message: 'It broke', hint: 'Wait' } } }),
  )
  await page.goto(`${here.site.url}/users${fixed}`)
  await page.getByText('It broke').waitFor()
  await page.unroute('**/api/users?**')
  await page.getByRole('button', { name: 'Retry' }).click()
  await expect.poll(() => rowsOf(page, 'Users').count(), patient).toBeGreaterThan(1)
  await page.close()
})

test('on a phone nothing is wider than the screen', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/users${fixed}`, { width: 390, height: 844 })
  await rowsOf(page, 'Users').first().waitFor()
  expect(await wide(page)).toBeLessThanOrEqual(390)
  await picture(page, 'users-390')
  await page.goto(`${here.site.url}/sessions/${encodeURIComponent(oddSession)}`)
  await page.getByRole('region', { name: 'Conversation' }).getByText('answer', { exact: true }).waitFor()
  expect(await wide(page)).toBeLessThanOrEqual(390)
  await picture(page, 'session-390')
  expect(complaints).toEqual([])
  await page.close()
})

test('lists say how much more or less each is than in the period before, as SQL does', async () => {
  const half = `?from=${now - 1_800_000}&to=${now}&compare=on`
  const { page, complaints } = await here.browser.open(`${here.site.url}/users${half}`)
  await rowsOf(page, 'Users').first().waitFor()
  const known = await here.storage.reader.query<{ user_id: string; ratio: number; p95: number }>(
    `select user_id, countIf(late) / countIf(not late) as ratio,
      quantileExactIf(0.95)(duration_ms, late) / quantileExactIf(0.95)(duration_ms, not late) as p95
    from (
      select user_id, duration_ms, timestamp >= fromUnixTimestamp64Milli({middle:Int64}) as late from requests
      where user_id like 'user-%' and duration_ms is not null and timestamp < fromUnixTimestamp64Milli({to:Int64})
        and timestamp >= fromUnixTimestamp64Milli({from:Int64})
    ) group by user_id having countIf(late) > 1 and countIf(not late) > 1 order by user_id limit 3`,
    { from: now - 3_600_000, middle: now - 1_800_000, to: now },
  )
  expect(known.length).toBe(3)
  const heads = (await page.getByRole('table', { name: 'Users' }).locator('thead th').allInnerTexts()).map((head) =>
    head.trim(),
  )
  const after = (head: string) => heads.indexOf(head) + 1
  for (const head of ['Requests', 'Errors', 'Cost', 'P95']) expect(heads[after(head)]).toBe('±')
  for (const { user_id, ratio, p95 } of known) {
    const cells = rowsOf(page, 'Users')
      .filter({ has: page.getByText(user_id, { exact: true }) })
      .locator('td')
    expect(plain(await cells.nth(after('Requests')).innerText())).toBe(plain(formatChange(ratio, 1).text))
    expect(plain(await cells.nth(after('P95')).innerText())).toBe(plain(formatChange(p95, 1).text))
  }
  await page.getByRole('link', { name: 'Sessions' }).click()
  await rowsOf(page, 'Sessions').first().waitFor()
  await expect
    .poll(() => page.getByRole('table', { name: 'Sessions' }).locator('thead th', { hasText: '±' }).count())
    .toBe(3)
  await page.keyboard.press('c')
  await page.waitForURL((url) => url.searchParams.get('compare') !== 'on')
  await expect
    .poll(() => page.getByRole('table', { name: 'Sessions' }).locator('thead th', { hasText: '±' }).count())
    .toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('in the dark the order and buttons without use are of the colours of other pages', async () => {
  const { page } = await here.browser.open(`${here.site.url}/users${fixed}`)
  await page.emulateMedia({ colorScheme: 'dark' })
  const colour = (selector: string, property: 'backgroundColor' | 'color') =>
    page
      .locator(selector)
      .first()
      .evaluate((element, name) => getComputedStyle(element)[name], property)
  await page.locator('.panel-foot button:disabled').first().waitFor()
  const token = (name: string) =>
    page.evaluate((asked) => {
      const probe = document.body.appendChild(document.createElement('i'))
      probe.style.color = `var(${asked})`
      const { color } = getComputedStyle(probe)
      probe.remove()
      return color
    }, name)
  await expect.poll(() => colour('.top .control', 'backgroundColor')).toBe(await token('--surface'))
  expect(await colour('select[aria-label="Order of users"]', 'backgroundColor')).toBe(await token('--surface'))
  expect(await colour('.panel-foot button:disabled', 'backgroundColor')).toBe(await token('--surface-raised'))
  expect(await colour('.panel-foot button:disabled', 'color')).toBe(await token('--text-faint'))
  await page.close()
})
