/** What was typed into a form and not sent, in a real browser: it is there again after a reload and a wrong click, until it is sent or given up. */
import type { Locator, Page } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import {
  alertsHarness,
  latencyRules,
  minute,
  t0,
  type Harness,
  type LeadingAlerts,
} from '../../alerts/testing/harness.ts'
import { testSite } from './site.ts'

const fixed = `from=${t0 - 10 * minute}&to=${t0 + 10 * minute}`

let room: Harness
let alerts: LeadingAlerts
const here = testSite({
  prepare: async (storage) => {
    room = await alertsHarness(storage, latencyRules)
    await room.slowForTwoMinutes('gpt-4o')
    alerts = await room.start()
    await room.clock.advance(3 * minute)
    return { alerts, writer: storage.db }
  },
})
afterAll(() => room?.stop())

const open = (path: string) => here.browser.open(`${here.site.url}${path}`)
/** With its day, of one that was typed before midnight. */
const note = (page: Page) => page.getByText(/^Unsaved draft from (.+ )?\d\d:\d\d$/)
const kept = (page: Page) => page.evaluate(() => Object.values(sessionStorage).join('\n'))

const forms: [form: string, path: string, show: (page: Page) => Promise<void>, field: string][] = [
  ['silence', `/alerts?${fixed}&view=silences&matchers=`, () => Promise.resolve(), 'Why'],
  ['maintenance window', `/alerts?${fixed}&view=silences&row=new+window`, () => Promise.resolve(), 'Name'],
  ['group', `/alerts?${fixed}&view=groups`, (page) => rows(page, 'Groups').first().click(), 'Comment'],
  ['key', '/settings?view=keys&row=new', () => Promise.resolve(), 'Team'],
  ['annotation', `/?${fixed}`, (page) => page.keyboard.press('a'), 'What happened'],
]

const rows = (page: Page, name: string): Locator => page.getByRole('table', { name }).locator('tbody tr')

describe('what was typed and not sent', () => {
  test.each(forms)(
    'into the form of a %s is there after a reload, until it is discarded',
    async (_, path, show, label) => {
      const { page, complaints } = await open(path)
      const field = page.getByRole('dialog').getByRole('textbox', { name: label, exact: true })
      await page.locator('main').waitFor()
      await show(page)
      await field.fill('half a sen')
      expect(await note(page).count()).toBe(0)
      await page.reload()
      await page.locator('main').waitFor()
      await show(page)
      await note(page).waitFor()
      expect(await field.inputValue()).toBe('half a sen')
      await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
      await expect.poll(() => field.inputValue()).toBe('')
      expect([await note(page).count(), await kept(page)]).toEqual([0, ''])
      expect(complaints).toEqual([])
      await page.close()
    },
  )

  test('into the rule editor is there after another page; a copy of another rule has nothing of it', async () => {
    const { page, complaints } = await open(`/alerts/rule?${fixed}&row=latency+HighP95Latency`)
    const editor = page.getByLabel('Rule as YAML')
    await editor.waitFor()
    await editor.click()
    await page.keyboard.press('ControlOrMeta+Home')
    await page.keyboard.type('# half a rule\n')
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Models' }).click()
    await page.waitForURL(({ pathname }) => pathname === '/models')
    await page.goBack()
    await note(page).waitFor()
    expect(await editor.textContent()).toMatch(/^# half a rule.*HighP95Latency/)
    await page.goto(`${here.site.url}/alerts/rule?${fixed}`)
    await expect.poll(() => editor.textContent()).toMatch(/kind:/)
    expect(await editor.textContent()).not.toContain('half a rule')
    expect(await note(page).count()).toBe(0)
    await page.goBack()
    await page.getByRole('button', { name: 'Discard' }).click()
    await expect.poll(() => editor.textContent()).not.toContain('half a rule')
    expect(complaints).toEqual([])
    await page.close()
  })

  test('outlives a wrong click, belongs to what it edits, and ends with being sent or cancelled', async () => {
    const { page, complaints } = await open(`/alerts?${fixed}&view=silences&matchers=`)
    const side = page.getByRole('dialog')
    const why = side.getByLabel('Why')
    await why.fill('a new rack')
    await page.keyboard.press('Escape')
    await expect.poll(() => why.count()).toBe(0)
    await page.goto(`${here.site.url}/alerts?${fixed}&view=silences&matchers=model%3D%22other%22`)
    await side.getByLabel('Alerts with').waitFor()
    expect([await why.inputValue(), await note(page).count()]).toEqual(['', 0])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'New silence' }).click()
    await note(page).waitFor()
    expect(await why.inputValue()).toBe('a new rack')
    await side.getByLabel('Alerts with').fill('model="gpt-4o"')
    await side.getByLabel('Your name').fill('Ada')
    await side.getByRole('button', { name: 'Silence', exact: true }).click()
    await side.getByRole('button', { name: 'Edit' }).click()
    expect(alerts.routing.silences()).toMatchObject([{ comment: 'a new rack' }])
    expect([await note(page).count(), await kept(page)]).toEqual([0, ''])

    await why.fill('an old rack')
    await expect.poll(() => kept(page)).toContain('an old rack')
    await side.getByRole('button', { name: 'Cancel' }).click()
    await side.getByRole('button', { name: 'Edit' }).click()
    expect(await why.inputValue()).toBe('a new rack')
    expect(await kept(page)).toBe('')
    expect(complaints).toEqual([])
    await page.close()
  })
})
