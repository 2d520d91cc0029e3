/** Maintenance windows in a real browser over the real engine: written, refused by field, shown as they come, changed, ended. */
import { mkdirSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { alertsHarness, latencyRules, type Harness, type LeadingAlerts } from '../../alerts/testing/harness.ts'
import { testSite } from './site.ts'

const phone = { width: 390, height: 844 }
const evil = '<img src=x onerror="window.hurt = true">'
const shots = process.env['SHOTS']

let room: Harness
let alerts: LeadingAlerts
const here = testSite({
  prepare: async (storage) => {
    room = await alertsHarness(storage, latencyRules, Date.now())
    alerts = await room.start()
    return { alerts }
  },
})
afterAll(() => room?.stop())

const open = (path: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}${path}`, size)

test('a window that comes every week is written by keyboard; what is missing is said at its field', async () => {
  const { page, complaints } = await open('/alerts?view=silences')
  await page.getByText('No maintenance is planned').waitFor()
  await page.getByRole('button', { name: 'New window' }).focus()
  await page.keyboard.press('Enter')
  const side = page.getByRole('dialog')
  await side.getByRole('button', { name: 'Add window' }).focus()
  await page.keyboard.press('Enter')
  await side.getByText('Give it a name').waitFor()
  expect(await side.getByRole('alert').allTextContents()).toEqual([
    'Give it a name',
    'Say which alerts are meant',
    'Say why',
    'Say who you are',
  ])
  await expect
    .poll(() =>
      side
        .getByLabel('Name', { exact: false })
        .first()
        .evaluate((field) => field === document.activeElement),
    )
    .toBe(true)
  await page.keyboard.type(evil)
  await page.keyboard.press('Tab')
  await page.keyboard.type('model=~"("')
  await side.getByLabel('saturday').focus()
  await page.keyboard.press('Space')
  await side.getByText('Choose at least one day').waitFor()
  for (const day of ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']) {
    await side.getByLabel(day).focus()
    await page.keyboard.press('Space')
  }
  await side.getByLabel('Time zone').fill('Mars/Olympus')
  await side.getByLabel('Why').fill(evil)
  await side.getByLabel('Your name').fill('Ada')
  await page.keyboard.press('Enter')
  await side.locator('.field-problem').filter({ hasText: 'expected a regular expression' }).waitFor()
  await side.getByLabel('Alerts with').fill('model=~"gpt-.*"')
  await side.getByRole('button', { name: 'Add window' }).click()
  await side.locator('.field-problem').filter({ hasText: 'expected a time zone' }).waitFor()
  expect(await side.getByLabel('Time zone').getAttribute('aria-invalid')).toBe('true')
  await side.getByLabel('Time zone').fill('Asia/Tokyo')
  if (shots) await page.screenshot({ path: `${shots}/form.png` })
  await side.getByRole('button', { name: 'Add window' }).click()
  await side.getByText('Holds every day · 22:00–06:00 the next day Asia/Tokyo').waitFor()
  expect(alerts.routing.silences()).toMatchObject([
    {
      name: evil,
      comment: evil,
      created_by: 'Ada',
      text: 'model=~"gpt-.*"',
      time_intervals: [{ location: 'Asia/Tokyo' }, {}],
    },
  ])
  expect(await side.getByText('no end').count()).toBe(1)
  const rows = page.getByRole('region', { name: 'Maintenance windows' }).locator('.window-row')
  await expect.poll(() => rows.count()).toBe(20)
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
  await page.close()
})

test('a window that comes once stands among them; it is changed and ended', async () => {
  const { page } = await open('/alerts?view=silences', phone)
  await page.getByRole('button', { name: 'New window' }).click()
  const side = page.getByRole('dialog')
  await side.getByLabel('Name', { exact: true }).fill('Rack move')
  await side.getByLabel('Alerts with').fill('endpoint="vllm-a"')
  await side.getByRole('button', { name: 'Once' }).click()
  await side.getByLabel('From, in your time').fill('2031-03-01T10:00')
  await side.getByLabel('To', { exact: true }).fill('2031-03-01T09:00')
  await side.getByLabel('Why').fill('new racks')
  await side.getByLabel('Your name').fill('Ada')
  await side.getByRole('button', { name: 'Add window' }).click()
  await side.getByText('It ends before it begins').waitFor()
  await side.getByLabel('To', { exact: true }).fill('2031-03-01T12:00')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  if (shots) await page.screenshot({ path: `${shots}/form-phone.png` })
  await side.getByRole('button', { name: 'Add window' }).click()
  await side.getByRole('button', { name: 'Edit' }).click()
  expect(await side.getByLabel('From, in your time').inputValue()).toBe('2031-03-01T10:00')
  await side.getByLabel('Why').fill('new racks, at last')
  await side.getByRole('button', { name: 'Save' }).click()
  await side.getByText('new racks, at last').first().waitFor()
  await expect.poll(() => alerts.routing.silences().filter(({ state }) => state !== 'expired')).toHaveLength(2)
  await page.keyboard.press('Escape')
  await expect.poll(() => side.count()).toBe(0)
  await page.getByText('Not within 28 days').waitFor()
  if (shots) await page.screenshot({ path: `${shots}/list-phone.png`, fullPage: true })
  await page.getByRole('region', { name: 'Maintenance windows' }).getByText('Rack move').click()
  await side.getByRole('button', { name: 'Expire now' }).click()
  await expect
    .poll(() => page.getByRole('region', { name: 'Maintenance windows' }).getByText('Rack move').count())
    .toBe(0)
  await page.close()
})

test('one that cannot be read says so, and is asked again', async () => {
  const { page } = await open('/', { width: 1440, height: 900 })
  await page.route('**/api/silences/windows', (route) =>
    route.fulfill({ status: 500, json: { error: { message: 'no luck', hint: '' } } }),
  )
  await page.goto(`${here.site.url}/alerts?view=silences`)
  const section = page.getByRole('region', { name: 'Maintenance windows' })
  await section.getByText('no luck').waitFor()
  await page.unroute('**/api/silences/windows')
  await section.getByRole('button', { name: /retry/i }).click()
  await expect.poll(() => section.locator('.window-row').count()).toBeGreaterThan(0)
  if (shots) {
    mkdirSync(shots, { recursive: true })
    await page.screenshot({ path: `${shots}/list.png` })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: `${shots}/list-dark.png` })
  }
  await page.close()
})
