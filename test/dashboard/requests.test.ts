/** The explorer of requests in a real browser, on the real API and storage: what it says is what SQL says. */
import axe from 'axe-core'
import { describe, expect, test } from 'vitest'
import type { LlmRequest } from '../../records/llm-request.ts'
import { formatExact } from '../../dashboard/web/src/lib/format.ts'
import { download } from './download.ts'
import { requests, trace } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const [from, to] = [now - 3_600_000, now]
const fixed = `?from=${from}&to=${to}`
/** Far from the seed's: a range of its own, too many to be in a page at once. */
const many = now - 3 * 86_400_000
const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

const rows = requests(now, 120)
const attack: LlmRequest = {
  ...rows.at(-1)!,
  timestamp: (many - 7_200_000) * 1000,
  trace_id: 'e'.repeat(32),
  span_id: 'e'.repeat(16),
  model: evil,
  provider: evil,
  endpoint: evil,
  team: evil,
  user_id: `"${evil}`,
  service: evil,
  error_type: evil,
  finish_reason: evil,
  prompt_name: evil,
  session_id: evil,
  status: 'error',
}
/** Alone in its range. */
const long = { ...rows.at(-1)!, timestamp: (many - 9_200_000) * 1000, model: 'meta-llama/Llama-3.1-70B-Instruct' }
Object.assign(long, { trace_id: 'd'.repeat(32), span_id: 'd'.repeat(16) })
const attacked = `?from=${many - 7_300_000}&to=${many - 7_100_000}`

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', [...rows, attack, long])
    await store(storage.db, 'spans', rows.slice(-50).flatMap(trace))
    await storage.db.command(
      `insert into requests (timestamp, trace_id, span_id, model, status, duration_ms, streamed, version)
      select fromUnixTimestamp64Milli(toInt64({many:Int64} + number * 100), 'UTC'), lower(hex(MD5(toString(number)))),
        leftPad(toString(number), 16, '0'), 'many', 'ok', 100 + number % 1000, true, number
      from numbers(8000)`,
      { many },
    )
    return { writer: storage.db }
  },
})

async function explorer(search = fixed, size?: { width: number; height: number }) {
  const opened = await here.browser.open(`${here.site.url}/requests${search}`, size)
  const list = opened.page.getByRole('grid', { name: 'Requests' })
  await list.locator('tr.opens').first().waitFor()
  return { ...opened, list, heatmap: opened.page.getByRole('application') }
}
type Page = Awaited<ReturnType<typeof explorer>>['page']

const sql = async (condition: string) => {
  const [row] = await here.storage.reader.query<{ n: number }>(
    `select count() as n from requests where timestamp >= fromUnixTimestamp64Milli({from:Int64})
    and timestamp < fromUnixTimestamp64Milli({to:Int64}) and ${condition}`,
    { from, to },
  )
  return row?.n ?? -1
}
const total = (page: Page) => page.locator('.facets-total b').getAttribute('title')
/** The machine may be busy: what comes may take long. */
const expectSoon = <T>(read: () => T) => expect.poll(read)
const filterBy = async (page: Page, text: string) => {
  await page.getByLabel('Filter requests').fill(text)
  await page.getByLabel('Filter requests').press('Enter')
}
const q = (page: Page) => new URL(page.url()).searchParams.get('q')

describe('free filters', () => {
  test('stand in the address, and list, facets and heatmap are about them', async () => {
    const { page, list, complaints } = await explorer()
    await filterBy(page, 'duration>2s team!=search -status:rate_limited')
    const wanted = await sql("duration_ms > 2000 and team != 'search' and status != 'rate_limited'")
    await expectSoon(() => total(page)).toBe(formatExact(wanted))
    expect(q(page)).toBe('duration>2s team!=search -status:rate_limited')
    await expectSoon(() => list.getAttribute('aria-rowcount')).toBe(String(Math.min(wanted, 500) + 1))
    await page.goBack()
    await expectSoon(() => total(page)).toBe(formatExact(await sql('true')))
    expect(complaints).toEqual([])
    await page.close()
  })

  test('are completed: fields, then the values that there are, on a machine too busy to draw at once', async () => {
    const { page } = await explorer()
    await page.evaluate(() => {
      const draw = window.requestAnimationFrame.bind(window)
      window.requestAnimationFrame = (call) => window.setTimeout(() => draw(call), 700)
    })
    const field = page.getByLabel('Filter requests')
    await field.pressSequentially('mod')
    await page
      .getByRole('option', { name: /^model/ })
      .first()
      .waitFor()
    await field.press('ArrowDown')
    await field.press('Enter')
    await expectSoon(() => field.inputValue()).toBe('model:')
    await field.pressSequentially('clau')
    await page.getByRole('option', { name: /claude-sonnet-4/ }).waitFor()
    await field.press('ArrowDown')
    await field.press('Enter')
    await expectSoon(() => field.inputValue()).toBe('model:claude-sonnet-4 ')
    await field.press('Escape')
    await field.press('Enter')
    await page.waitForURL((url) => url.searchParams.get('q') === 'model:claude-sonnet-4')
    await expectSoon(() => total(page)).toBe(formatExact(await sql("model = 'claude-sonnet-4'")))
    expect(q(page)).toBe('model:claude-sonnet-4')
    await page.close()
  })

  test('that cannot be read are told with the place, and the page stays', async () => {
    const { page, list, complaints } = await explorer()
    await filterBy(page, 'team:search colour:red')
    const problem = page.locator('.query-problem')
    await problem.waitFor()
    expect(await problem.textContent()).toContain('there is no field colour')
    expect(await problem.locator('code').textContent()).toBe('colour:')
    expect(await page.getByLabel('Filter requests').getAttribute('aria-invalid')).toBe('true')
    expect(await list.locator('tr.opens').count()).toBeGreaterThan(5)
    expect(q(page)).toBeNull()
    await filterBy(page, 'team:search')
    await expectSoon(() => problem.count()).toBe(0)
    expect(complaints).toEqual([])
    await page.goto(`${here.site.url}/requests${fixed}&q=colour:red`)
    await problem.waitFor()
    await page.close()
  })
})

describe('facets', () => {
  test('count under the filters of the others; a click asks, a minus excludes', async () => {
    const { page } = await explorer()
    const status = page.getByRole('region', { name: 'error type' })
    const value = (name: string) => status.locator('li', { hasText: name })
    await value('server_error').waitFor()
    expect(await value('server_error').locator('b').getAttribute('title')).toBe(
      formatExact(await sql("error_type = 'server_error'")),
    )
    await value('server_error').locator('button').first().click()
    await page.waitForURL((url) => url.searchParams.get('q') === 'error_type:server_error')
    await expectSoon(() => total(page)).toBe(formatExact(await sql("error_type = 'server_error'")))
    await expectSoon(() => value('rate_limit_exceeded').count()).toBe(1)
    await page.getByRole('button', { name: 'Exclude error type server_error' }).click()
    await page.waitForURL((url) => url.searchParams.get('q') === '-error_type:server_error')
    await expectSoon(() => total(page)).toBe(formatExact(await sql("error_type != 'server_error'")))
    const team = page.getByRole('region', { name: 'team' }).locator('li', { hasText: 'support' }).locator('button')
    await team.first().click({ modifiers: ['Alt'] })
    await page.waitForURL((url) => url.searchParams.get('q') === '-error_type:server_error -team:support')
    await expectSoon(() => total(page)).toBe(
      formatExact(await sql("error_type != 'server_error' and team != 'support'")),
    )
    await page.close()
  })

  test('that are closed are in the address: a link shows them so, back too', async () => {
    const { page, complaints } = await explorer()
    const isOpen = (name: string) =>
      page
        .getByRole('region', { name, exact: true })
        .getByRole('button', { name, exact: true })
        .getAttribute('aria-expanded')
    const open = async () => [await isOpen('team'), await isOpen('error type'), await isOpen('status')]
    await expectSoon(open).toEqual(['true', 'true', 'true'])
    for (const name of ['team', 'error type'])
      await page.getByRole('region', { name, exact: true }).getByRole('button', { name, exact: true }).click()
    await expectSoon(open).toEqual(['false', 'false', 'true'])
    const address = page.url()
    expect(new URL(address).searchParams.getAll('set').toSorted()).toEqual(['closed-error-type.on', 'closed-team.on'])
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Models' }).click()
    await page.waitForURL(({ pathname }) => pathname === '/models')
    await page.goBack()
    await expectSoon(open).toEqual(['false', 'false', 'true'])
    await page.goto(address)
    await expectSoon(open).toEqual(['false', 'false', 'true'])
    expect(complaints).toEqual([])
    await page.close()
  })

  test('that tell more, and what is searched in one, are in the address: a link shows them so, back too', async () => {
    const { page, complaints } = await explorer()
    const users = page.getByRole('region', { name: 'user', exact: true })
    const values = () => users.locator('li').allTextContents()
    const field = users.getByRole('searchbox')
    const away = async () => {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Models' }).click()
      await page.waitForURL(({ pathname }) => pathname === '/models')
    }
    await users.getByRole('button', { name: 'More' }).click()
    await expectSoon(async () => (await values()).length).toBe(20)
    expect(new URL(page.url()).searchParams.getAll('set')).toEqual(['all-user-id.on'])
    await away()
    await page.goBack()
    await expectSoon(async () => (await values()).length).toBe(20)

    await users.getByRole('button', { name: 'Search user' }).click()
    await field.pressSequentially('no "r.39" ', { delay: 5 })
    await users.getByText('No value matches').waitFor()
    expect(await field.inputValue()).toBe('no "r.39" ')
    await page.waitForURL(({ searchParams }) => searchParams.getAll('set').includes('find-user-id.no "r.39" '))
    await field.fill('r-39')
    await page.waitForURL(({ searchParams }) => searchParams.getAll('set').includes('find-user-id.r-39'))
    const address = page.url()
    await away()
    await page.goBack()
    const one = [expect.stringContaining('user-39') as string]
    await expectSoon(values).toEqual(one)
    await page.goto(address)
    await expectSoon(values).toEqual(one)
    expect(await field.inputValue()).toBe('r-39')
    // Emptied, it is still a field to type in.
    await field.fill('')
    await page.waitForURL(({ searchParams }) => !searchParams.getAll('set').some((one) => one.startsWith('find-')))
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true)

    // Closed again, neither leaves anything behind.
    await users.getByRole('button', { name: 'Search user' }).click()
    await users.getByRole('button', { name: 'Fewer' }).click()
    await page.waitForURL(({ searchParams }) => !searchParams.has('set'))
    expect(await field.count()).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('are searched, and hide', async () => {
    const { page } = await explorer()
    const users = page.getByRole('region', { name: 'user' })
    await users.getByRole('button', { name: 'Search user' }).click()
    await users.getByRole('searchbox').fill('user-39')
    await expectSoon(() => users.locator('li').count()).toBe(1)
    expect(await users.locator('li b').getAttribute('title')).toBe(formatExact(await sql("user_id = 'user-39'")))
    await page.getByRole('button', { name: 'Facets' }).click()
    await expectSoon(() => page.getByRole('complementary', { name: 'Facets' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Facets' }).click()
    await users.waitFor()
    await page.close()
  })
})

describe('the heatmap', () => {
  test('a drag brushes: the list narrows, what differs is told, a click adds the filter', async () => {
    const { page, heatmap, complaints } = await explorer()
    await heatmap.locator('path').first().waitFor({ state: 'attached' })
    const box = (await heatmap.boundingBox())!
    await page.mouse.move(box.x + 62, box.y + 8)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width - 22, box.y + 50, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/brush=/)
    const [, , min] = (new URL(page.url()).searchParams.get('brush') ?? '').split(',').map(Number)
    expect(min).toBeGreaterThan(1000)
    await expectSoon(() => total(page)).toBe(formatExact(await sql(`duration_ms >= ${min}`)))
    const differs = page.getByRole('region', { name: 'What is different about these' })
    const first = differs.getByRole('list', { name: 'Values that differ' }).locator('li').first()
    await first.waitFor()
    const model = differs.locator('li', { hasText: 'model claude-sonnet-4' })
    const share =
      (await sql(`duration_ms >= ${min} and model = 'claude-sonnet-4'`)) / (await sql(`duration_ms >= ${min}`))
    expect(await model.locator('.differs-share b').textContent()).toContain((share * 100).toPrecision(2))
    await model.getByRole('button').click()
    await page.waitForURL(/model=claude-sonnet-4/)
    await page.getByRole('button', { name: 'Clear brush' }).click()
    await page.waitForURL((url) => !url.searchParams.has('brush'))
    expect(complaints).toEqual([])
    await page.close()
  })

  test('by keys: arrows say a cell, shift chooses, enter brushes, escape clears', async () => {
    const { page, heatmap } = await explorer()
    await heatmap.focus()
    await page.keyboard.press('ArrowRight')
    await expectSoon(() => heatmap.locator('output').textContent()).toMatch(/of [\d,]+ requests?\b/)
    for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowUp']) await page.keyboard.press(key)
    await page.keyboard.press('Enter')
    await page.waitForURL(/brush=\d/)
    await page.keyboard.press('Escape')
    await page.waitForURL((url) => !url.searchParams.has('brush'))
    const shown = page.getByRole('group', { name: 'What the heatmap shows' })
    await shown.getByRole('button', { name: 'TTFT', exact: true }).click()
    await page.waitForURL(/measure=ttft_ms/)
    await page.getByRole('heading', { name: 'Time to first token over time' }).waitFor()
    expect(new URL(page.url()).searchParams.get('measure')).toBe('ttft_ms')
    await page.close()
  })

  test('is a table for who cannot see it: its cells sum up to all requests', async () => {
    const { page } = await explorer()
    await page.getByRole('button', { name: 'Menu of Latency over time' }).click()
    await page.getByRole('menuitem', { name: 'Show as table' }).click()
    const table = page.getByRole('dialog').getByRole('table')
    await table.waitFor()
    const cells = await table.locator('tbody td').allTextContents()
    const numbers = cells.map((cell) => Number(cell.replaceAll(',', ''))).filter((value) => Number.isFinite(value))
    expect(numbers.reduce((sum, one) => sum + one, 0)).toBe(await sql('duration_ms is not null'))
    await page.close()
  })
})

describe('the list', () => {
  test('of 8,000 is scrolled through with few rows in the page, to the end', async () => {
    const { page, list } = await explorer(`?from=${many}&to=${many + 2_000_000}`)
    const scroller = page.locator('.virtual')
    await expect
      .poll(
        async () => {
          await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight))
          expect(await list.locator('tr').count()).toBeLessThan(90)
          return list.getAttribute('aria-rowcount')
        },
        { interval: 20 },
      )
      .toBe('8001')
    await page.getByText('8,000 loaded, that is all').waitFor()
    await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight))
    await list.locator('tr[data-id$=".0000000000000000"]').waitFor()
    await page.close()
  })

  test('enter opens the row, j and k move on, escape closes', async () => {
    const { page, list } = await explorer()
    const open = () => new URL(page.url()).searchParams.get('open')
    await list.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('heading', { level: 2 }).nth(1).waitFor()
    const first = `${rows.at(-1)?.trace_id}.${rows.at(-1)?.span_id}`
    expect(open()).toBe(first)
    await page.keyboard.press('j')
    await page.waitForURL((url) => url.searchParams.get('open') !== first)
    expect(open()).toBe(`${rows.at(-2)?.trace_id}.${rows.at(-2)?.span_id}`)
    await page.keyboard.press('k')
    await page.waitForURL((url) => url.searchParams.get('open') === first)
    await page.keyboard.press('Escape')
    await page.waitForURL((url) => !url.searchParams.has('open'))
    await page.close()
  })

  test('columns are chosen, shared by the address and kept by the browser', async () => {
    const { page, list } = await explorer()
    const heads = () => list.locator('th').allTextContents()
    expect(await heads()).not.toContain('Finish')
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'Finish' }).click()
    await page.getByRole('checkbox', { name: 'Cost' }).click()
    await page.waitForURL(/cols=/)
    await expectSoon(async () => (await heads()).filter((head) => ['Finish', 'Cost'].includes(head))).toEqual([
      'Finish',
    ])
    await page.goto(`${here.site.url}/requests${fixed}`)
    await expectSoon(heads).toContain('Finish')
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('button', { name: 'The usual columns' }).click()
    await expectSoon(heads).toContain('Cost')
    await page.close()
  })

  test('moves by pages of what is in sight, at its end too', async () => {
    const { page, list } = await explorer()
    const active = async () => Number((await list.locator('tr[data-active="true"]').getAttribute('aria-rowindex')) ?? 0)
    const shown = Math.floor((await page.locator('.virtual').evaluate((element) => element.clientHeight)) / 30)
    await list.focus()
    await page.keyboard.press('End')
    await expectSoon(active).toBeGreaterThan(shown)
    const end = await active()
    expect(end).toBe(Number(await list.getAttribute('aria-rowcount')))
    await page.keyboard.press('PageUp')
    await expectSoon(active).toBe(end - shown + 2)
    await page.close()
  })

  test('begins at its top in another order, and with other filters', async () => {
    const { page, list } = await explorer()
    const scroller = page.locator('.virtual')
    const scrolled = () => scroller.evaluate((element) => element.scrollTop)
    await scroller.evaluate((element) => element.scrollTo({ top: 9000 }))
    await expectSoon(() => list.locator('tr[aria-rowindex="300"]').count()).toBe(1)
    await list.getByRole('button', { name: 'Latency' }).click()
    await expectSoon(() => list.locator('th[aria-sort="descending"]').textContent()).toContain('Latency')
    await expectSoon(scrolled).toBe(0)
    await expectSoon(() => list.getAttribute('aria-rowcount')).toBe('126')
    expect(await scrolled()).toBe(0)
    await scroller.evaluate((element) => element.scrollTo({ top: 1500 }))
    await expectSoon(scrolled).toBe(1500)
    await filterBy(page, 'duration>1s')
    await expectSoon(scrolled).toBe(0)
    await page.close()
  })

  test('does not move while it is live: what came since is behind a button', async () => {
    const { page, list } = await explorer('?range=15m')
    const first = await list.locator('tr.opens').first().getAttribute('data-id')
    const late = { ...rows[0]!, timestamp: Date.now() * 1000, span_id: 'aaaabbbbccccdddd', user_id: 'late' }
    await store(here.storage.db, 'requests', [late])
    const button = page.getByRole('button', { name: '1 new' })
    await button.waitFor()
    expect(await list.locator('tr.opens').first().getAttribute('data-id')).toBe(first)
    await button.click()
    await list.locator('tr[data-id$=".aaaabbbbccccdddd"]').waitFor()
    await page.close()
  })

  test('shows all of its usual columns beside the facets, on a screen of 1440 px', async () => {
    const { page, list } = await explorer()
    await page.locator('.facet').first().waitFor()
    const scroller = page.locator('.virtual').filter({ has: list })
    // Where scroll bars take room, this one does.
    const room = await scroller.evaluate(({ clientWidth }) => clientWidth - 15)
    const table = await list.evaluate((one) => Number.parseFloat(getComputedStyle(one).minWidth))
    expect(table).toBeGreaterThan(800)
    expect(table).toBeLessThanOrEqual(room)
    // Nor does a column hide the end of what is usually in it.
    const cut = await list
      .locator('th, tr.opens td')
      .evaluateAll((cells) =>
        cells.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ textContent }) => textContent),
      )
    expect(cut).toEqual([])
    await page.close()
  })

  test('cuts the owner of a model off before its name', async () => {
    const { page, list } = await explorer(`?from=${many - 9_300_000}&to=${many - 9_100_000}`)
    for (const place of [list.locator('tr.opens'), page.locator('.facet[aria-label="model"]')]) {
      const cut = place.locator('.cut-name')
      await expectSoon(() => cut.allTextContents()).toEqual([long.model])
      const [owner, name] = await cut
        .locator('[aria-hidden]')
        .evaluate((one) => ['::before', '::after'].map((part) => Number.parseFloat(getComputedStyle(one, part).width)))
      expect(name).toBeGreaterThan(3 * owner!)
      // Two parts for the eye, one name for whoever copies it or has it read aloud.
      const copied = await cut.evaluate((one) => {
        getSelection()?.selectAllChildren(one)
        return String(getSelection())
      })
      expect(copied).toBe(long.model)
    }
    await page.getByRole('button', { name: long.model }).first().waitFor()
    expect(await list.getByText('meta-llama').locator('xpath=ancestor::td').getAttribute('title')).toBe(
      `${long.model}\n${long.provider}`,
    )
    await page.close()
  })

  test('leaves a name its place beside its colour among the latest, on a telephone', async () => {
    const range = `?from=${many - 9_300_000}&to=${many - 9_100_000}`
    const { page } = await here.browser.open(`${here.site.url}/${range}`, { width: 400, height: 900 })
    const latest = page.getByRole('region', { name: 'Latest requests' })
    await latest.scrollIntoViewIfNeeded()
    const cut = latest.locator('.cut-name')
    await cut.waitFor()
    // Where it does not fit, nothing but dots is shown.
    const over = await cut.evaluate(
      (one) => one.getBoundingClientRect().right - one.parentElement!.getBoundingClientRect().right,
    )
    expect(over).toBeLessThanOrEqual(0)
    await page.close()
  })

  test('is had as a file: all of it, not what was loaded', async () => {
    const { page } = await explorer(`${fixed}&q=duration>1s`)
    await page.getByRole('button', { name: 'Menu of Requests' }).click()
    const link = page.getByRole('menuitem', { name: /All as JSON, at most 100,000 rows/ })
    const { bytes } = await download(page, () => link.click())
    const found = JSON.parse(bytes.toString()) as { duration_ms: number }[]
    expect(found.length).toBe(await sql('duration_ms > 1000'))
    await page.close()
  })
})

test('a view is saved for everybody, found, renamed and deleted', async () => {
  const { page } = await explorer()
  await filterBy(page, 'duration>3s')
  await page.waitForURL(/q=/)
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByLabel('Save these filters and columns as').fill(`Slow ${evil}`)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByRole('button', { name: 'Save for everybody' }).click()
  await page.locator('.view-name').waitFor()
  await page.goto(`${here.site.url}/requests${fixed}`)
  await page.getByRole('button', { name: 'Views' }).click()
  await page.locator('.view-name').click()
  await page.waitForURL((url) => url.searchParams.get('q') === 'duration>3s')
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('button', { name: /^Rename Slow/ }).click()
  await page.getByLabel(/^New name of/).fill('Slow')
  await page.getByRole('button', { name: 'Rename', exact: true }).click()
  await page.getByRole('button', { name: 'Delete Slow' }).click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await expectSoon(() => page.locator('.view').count()).toBe(0)
  expect(await page.evaluate('window.hacked')).toBeUndefined()
  await page.close()
})

describe('whatever state it is in', () => {
  test('what traffic says is text, in every place', async () => {
    const columns =
      'cols=model,status,error_type,finish_reason,provider,endpoint,session_id,prompt_name,service,team,user'
    const { page, heatmap, complaints } = await explorer(`${attacked}&${columns}`)
    await page.getByRole('region', { name: 'error type' }).locator('li').first().waitFor()
    await heatmap.focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('region', { name: 'user' }).locator('button').nth(1).click()
    await page.waitForURL(/user_id=/)
    await page.getByRole('region', { name: 'error type' }).locator('button').nth(1).click()
    await page.waitForURL(/q=error_type/)
    await expectSoon(() => total(page)).toBe('1')
    await page.getByLabel('Filter requests').fill('prompt_name:')
    await page.locator('[role="option"]').first().waitFor()
    await page.locator('tr.opens').first().click()
    await page.getByRole('dialog').getByRole('heading', { level: 2 }).nth(1).waitFor()
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(complaints).toEqual([])
    await page.close()
  })

  test('nothing there says so, and offers to clear the filters', async () => {
    const { page } = await here.browser.open(`${here.site.url}/requests${fixed}&q=team:nobody`)
    await page.getByText('No request in this range').first().waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).first().click()
    await page.waitForURL((url) => !url.searchParams.has('q'))
    await page.locator('tr.opens').first().waitFor()
    await expectSoon(() => total(page)).toBe(formatExact(await sql('true')))
    expect(q(page)).toBeNull()
    await page.close()
  })

  test('one question fails: the others are answered, and a retry mends it', async () => {
    const page = await here.browser.context.newPage()
    let broken = true
    await page.route('**/api/requests/heatmap*', async (route) => {
      const error = { message: 'The query took too long', hint: 'Choose a shorter range' }
      if (broken) await route.fulfill({ status: 504, json: { error } })
      else await route.continue()
    })
    await page.goto(`${here.site.url}/requests${fixed}`)
    await page.locator('tr.opens').first().waitFor()
    const panel = page.getByRole('region', { name: 'Latency over time' })
    await panel.getByText('The query took too long').waitFor()
    broken = false
    await panel.getByRole('button', { name: 'Retry' }).click()
    await panel.locator('path').first().waitFor({ state: 'attached' })
    await expect.poll(() => panel.getByRole('alert').count()).toBe(0)
    await page.close()
  })

  test('on a telephone nothing is cut off: facets are a drawer', async () => {
    const { page } = await explorer(fixed, { width: 390, height: 844 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    const toggles = (await page.getByRole('group', { name: 'What the heatmap shows' }).boundingBox())!
    expect(toggles.x + toggles.width).toBeLessThanOrEqual(390)
    await page.getByRole('button', { name: 'Facets' }).click()
    const drawer = page.getByRole('dialog', { name: 'Facets' })
    await drawer.getByRole('region', { name: 'team' }).locator('li button').first().click()
    await page.waitForURL(/team=/)
    await page.keyboard.press('Escape')
    await expectSoon(() => drawer.count()).toBe(0)
    await page.close()
  })

  test('axe finds nothing', async () => {
    const { page, heatmap } = await explorer(`${fixed}&brush=,,3000,`)
    await heatmap.locator('path').first().waitFor({ state: 'attached' })
    await page.getByRole('list', { name: 'Values that differ' }).waitFor()
    await page.evaluate(axe.source)
    const found = await page.evaluate<{ id: string; nodes: string[] }[]>(
      `axe.run('main').then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) })))`,
    )
    expect(found).toEqual([])
    await page.close()
  })
})
