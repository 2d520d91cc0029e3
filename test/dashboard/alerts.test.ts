/** The alerts' page in a real browser, over the real engine: what fires, what fired, who was told, and whether they can be. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  alertsHarness,
  latencyRules,
  minute,
  t0,
  type Harness,
  type LeadingAlerts,
} from '../../alerts/testing/harness.ts'
import { download } from './download.ts'
import { testSite } from './site.ts'

const phone = { width: 390, height: 844 }
/** Around the only firing of the test. */
const fixed = `from=${t0 - 10 * minute}&to=${t0 + 10 * minute}`
const evil = '<img src=x onerror="window.hurt = true">'

let room: Harness
let alerts: LeadingAlerts
const here = testSite({
  prepare: async (storage) => {
    room = await alertsHarness(storage, latencyRules)
    await room.slowForTwoMinutes(evil)
    room.slack.failNext({ status: 404 })
    alerts = await room.start()
    await room.clock.advance(3 * minute)
    return { alerts, sql: storage.reader }
  },
})
afterAll(() => room?.stop())

const open = (view: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}/alerts?${fixed}&view=${view}`, size)

test('what fires: its value, its rule and its labels beside the page, texts of traffic as texts', async () => {
  const { page, complaints } = await open('now')
  const rows = page.getByRole('table', { name: 'Active alerts' }).locator('tbody tr')
  await rows.first().waitFor()
  expect(await rows.count()).toBe(1)
  expect(await rows.first().textContent()).toMatch(/firing.*HighP95Latency.*P95 of <img.*8/)
  await rows.first().focus()
  await page.keyboard.press('Enter')
  const side = page.getByRole('dialog')
  await side.getByText('above 5').waitFor()
  expect(await side.textContent()).toMatch(/severity.*critical/)
  expect(await side.getByText('from requests').first().textContent()).toMatch(/quantile/)
  expect(new URL(page.url()).searchParams.get('row')).toMatch(/^[0-9a-f]{16}$/)
  await page.keyboard.press('Escape')
  await expect.poll(() => side.count()).toBe(0)
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(complaints).toEqual([])
  await page.close()
})

test('every view has its room beside the others', async () => {
  const { page } = await open('now')
  const views = page.getByRole('navigation', { name: 'Views of alerts' })
  await views.getByRole('button', { name: 'Receivers' }).waitFor()
  expect(await views.evaluate((nav) => nav.scrollWidth - nav.clientWidth)).toBe(0)
  await page.close()
})

test('history: when it fired, and who was told, as the tables have it', async () => {
  const { page, complaints } = await open('history')
  const fired = page.getByRole('table', { name: 'Fired' }).locator('tbody tr')
  await fired.first().waitFor()
  expect(await fired.count()).toBe(1)
  const events = await room.events()
  expect(events.filter((change) => change.endsWith('> firing'))).toHaveLength(1)
  await expect.poll(() => page.locator('.lane-bar').count()).toBe(1)
  const told = page.getByRole('table', { name: 'Told' }).locator('tbody tr')
  const notifications = await room.notifications()
  expect(await told.count()).toBe(
    new Set(notifications.map(({ id, channel }) => `${String(id)} ${String(channel)}`)).size,
  )
  // What Slack refused was decided on anew at the next flush.
  expect((await told.locator('.status').allTextContents()).toSorted()).toEqual(['failed', 'sent', 'sent', 'sent'])
  expect(complaints).toEqual([])
  await page.close()
})

test('rules: how the last evaluation went, and what it asked', async () => {
  const { page, complaints } = await open('rules')
  await page.getByRole('table', { name: 'Rules' }).getByText('HighP95Latency').click()
  const side = page.getByRole('dialog')
  await side.getByText('SQL of the last evaluation').waitFor()
  expect(await side.textContent()).toMatch(/latency in rules\.yaml/)
  await side.getByRole('link', { name: 'Open on the SQL page' }).click()
  await page.getByLabel('Query', { exact: true }).getByText('quantile').first().waitFor()
  const valueOf = async (name: string) => page.getByLabel(name, { exact: true }).inputValue()
  expect(Number(await valueOf('to_ms')) - Number(await valueOf('from_ms'))).toBe(5 * minute)
  expect(await valueOf('quantile')).toBe('0.95')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.locator('.sql-facts').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('receivers: a test notification, and what became of it on each channel', async () => {
  const { page, complaints } = await open('receivers')
  await page.getByRole('button', { name: 'Send a test to on-call' }).click()
  await page.getByText('arrived on every channel').waitFor()
  expect(room.webhook.messages.at(-1)).toMatchObject({
    status: 'resolved',
    commonLabels: { alertname: 'InferwatchTest' },
  })
  room.slack.failNext({ status: 404 })
  await page.getByRole('button', { name: 'Send a test to on-call' }).click()
  await page.getByText(/^slack: .*404/).waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

describe('the menu of a list', () => {
  const lists = [
    { view: 'now', title: 'Active', head: 'alert,state,', one: 'HighP95Latency,firing,', stored: true },
    {
      view: 'groups',
      title: 'Groups',
      head: 'state,group,',
      one: 'alertname=HighP95Latency",on-call,1,',
      stored: true,
    },
    { view: 'silences', title: 'Silences', head: 'id,state,', one: 'team=""infra""', stored: true },
    { view: 'silences', title: 'Maintenance windows', head: 'id,name,', one: 'new racks', stored: true },
    { view: 'rules', title: 'Rules', head: 'rule,group,', one: 'HighP95Latency,latency,', stored: false },
    { view: 'receivers', title: 'Channels', head: 'receiver,channel,', one: 'on-call,slack', stored: false },
  ]
  const openMenu = async ({ view, title }: (typeof lists)[number]) => {
    const opened = await open(view)
    await opened.page.getByRole('region', { name: title, exact: true }).locator('td, .window-row').first().waitFor()
    await opened.page.getByRole('button', { name: `Menu of ${title}`, exact: true }).click()
    return opened
  }
  beforeAll(async () => {
    const said = { matchers: [{ name: 'team', value: 'infra' }], ends_at: Date.now() + 60 * minute, created_by: 'Ada' }
    alerts.routing.setSilence({ ...said, comment: 'known' })
    alerts.routing.setSilence({ ...said, name: 'new racks', comment: 'more of them' })
    await alerts.routing.stored()
  })

  test.each(lists)('$title: its rows are a file', async (list) => {
    const { page, complaints } = await openMenu(list)
    const { name, bytes } = await download(page, () => page.getByRole('menuitem', { name: 'Download CSV' }).click())
    expect(name).toBe(`${list.title.toLowerCase().replace(' ', '-')}.csv`)
    const csv = bytes.toString()
    expect(csv.startsWith(list.head)).toBe(true)
    expect(csv).toContain(list.one)
    expect(complaints).toEqual([])
    await page.close()
  })

  test.each(lists.filter(({ stored }) => stored))('$title: leads to the rows of its table', async (list) => {
    const { page, complaints } = await openMenu(list)
    await page.getByRole('menuitem', { name: 'Open in SQL page' }).click()
    await page.waitForURL(({ pathname }) => pathname === '/sql')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('table', { name: 'Rows' }).locator('tbody tr').first().waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  test.each(lists.filter(({ stored }) => !stored))('$title: offers no query, since no table holds it', async (list) => {
    const { page } = await openMenu(list)
    const offered = await page.getByRole('menuitem').allTextContents()
    expect(offered.map((text) => text.trim())).toEqual([
      'Show as table',
      'Download CSV',
      'Copy as image',
      'Download image',
      'Copy link',
    ])
    await page.close()
  })
})

test('nothing scrolls sideways on a phone', async () => {
  const { page, complaints } = await open('history', phone)
  await page.getByRole('table', { name: 'Fired' }).waitFor()
  for (const view of ['Now', 'Rules', 'Receivers', 'History']) {
    await page.getByRole('button', { name: view, exact: true }).click()
    await page.getByRole('table').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  }
  expect(complaints).toEqual([])
  await page.close()
})
