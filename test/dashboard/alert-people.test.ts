/** What people do about alerts, in a real browser over the real engine: groups, acknowledgement, silences. */
import { afterAll, expect, test } from 'vitest'
import {
  alertsHarness,
  latencyRules,
  minute,
  t0,
  type Harness,
  type LeadingAlerts,
} from '../../alerts/testing/harness.ts'
import { testSite } from './site.ts'

const phone = { width: 390, height: 844 }
const fixed = `from=${t0 - 10 * minute}&to=${t0 + 10 * minute}`
const evil = '<img src=x onerror="window.hurt = true">, "b"'

let room: Harness
let alerts: LeadingAlerts
const here = testSite({
  prepare: async (storage) => {
    room = await alertsHarness(storage, latencyRules)
    await room.slowForTwoMinutes(evil)
    await room.slowForTwoMinutes('gpt-4o')
    alerts = await room.start()
    await room.clock.advance(3 * minute)
    return { alerts }
  },
})
afterAll(() => room?.stop())

const open = (path: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}${path}`, size)

const groupOf = (model: string) => {
  const found = alerts.routing.groups().find(({ labels }) => labels['model'] === model)
  if (!found) throw new Error(`no group of ${model}`)
  return found
}

const actions = () =>
  here.storage.db.query<Record<string, string>>(
    'select action, who, comment, silence_id, matchers from alert_actions order by timestamp, action',
  )

test('groups: a group is acknowledged with a word, commented on and given back', async () => {
  const { page, complaints } = await open(`/alerts?${fixed}&view=groups`)
  const rows = page.getByRole('table', { name: 'Groups' }).locator('tbody tr')
  await rows.first().waitFor()
  expect(await rows.count()).toBe(alerts.routing.groups().length)
  expect(await rows.allTextContents()).toContainEqual(expect.stringMatching(/^firing.*model=<img.*on-call/))
  await rows.filter({ hasText: 'model=gpt-4o' }).focus()
  await page.keyboard.press('Enter')
  const side = page.getByRole('dialog')
  expect(await side.getByRole('button', { name: 'Acknowledge' }).isDisabled()).toBe(true)
  await side.getByLabel('Your name').fill('Ada')
  await side.getByLabel('Comment', { exact: true }).fill(evil)
  await side.getByRole('button', { name: 'Acknowledge' }).click()
  await side.getByText(/^Acknowledged by Ada/).waitFor()
  expect(groupOf('gpt-4o').acknowledged).toMatchObject({ by: 'Ada', comment: evil })
  await rows.filter({ hasText: 'acknowledged' }).waitFor()
  const comment = side.getByLabel('Comment', { exact: true })
  await expect.poll(() => comment.inputValue()).toBe('')
  await comment.fill('a new rack')
  await side.getByRole('button', { name: 'Comment', exact: true }).click()
  await side.getByRole('region', { name: 'Comments' }).getByText('a new rack').waitFor()
  await expect.poll(() => comment.inputValue()).toBe('')
  await side.getByRole('button', { name: 'Take back' }).click()
  await side.getByRole('button', { name: 'Acknowledge' }).waitFor()
  expect(groupOf('gpt-4o').acknowledged).toBeNull()
  await room.clock.advance(0)
  await expect
    .poll(async () => (await actions()).map(({ action, who }) => `${action} ${who}`))
    .toEqual(['acknowledge Ada', 'comment Ada', 'unacknowledge Ada'])
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(complaints).toEqual([])
  await page.close()
})

test('an alert is acknowledged and silenced from beside it; the group says why nobody is told', async () => {
  const { page, complaints } = await open(`/alerts?${fixed}`)
  const row = page.getByRole('table', { name: 'Active alerts' }).locator('tbody tr').filter({ hasText: '<img' })
  await row.click()
  const side = page.getByRole('dialog')
  await side.getByLabel('Your name').fill('Ada')
  await side.getByRole('button', { name: 'Acknowledge' }).click()
  await side.getByRole('button', { name: 'Take back' }).waitFor()
  expect(groupOf(evil).acknowledged).toMatchObject({ by: 'Ada' })
  await row.filter({ hasText: 'firing, acknowledged by Ada' }).waitFor()
  await side.getByRole('link', { name: 'Silence' }).click()
  await side.getByText('One alert that fires now matches:').waitFor()
  expect(await side.getByLabel('Alerts with').inputValue()).toContain('alertname="HighP95Latency"')
  await side.getByLabel('Alerts with').fill(`model=~"<img.*"`)
  await side.getByRole('button', { name: '8 h' }).click()
  await side.getByRole('button', { name: 'Silence', exact: true }).click()
  // The browser asks for the reason; nothing was sent.
  expect(alerts.routing.silences()).toEqual([])
  await side.getByLabel('Why').fill('known')
  await side.getByRole('button', { name: 'Silence', exact: true }).click()
  await side.getByRole('button', { name: 'Expire now' }).waitFor()
  const [silence] = alerts.routing.silences()
  expect(silence).toMatchObject({ text: 'model=~"<img.*"', comment: 'known', created_by: 'Ada', state: 'active' })
  expect((silence?.ends_at ?? 0) - Date.now()).toBeGreaterThan(7 * 60 * minute)
  await expect
    .poll(() => here.storage.db.query<{ id: string }>('select id from silences final'))
    .toEqual([{ id: silence?.id }])

  await page.getByRole('button', { name: 'Now', exact: true }).click()
  await row.filter({ hasText: 'firing, silenced' }).waitFor()
  await page.getByRole('button', { name: 'Groups', exact: true }).click()
  await page.getByRole('table', { name: 'Groups' }).locator('tbody tr').filter({ hasText: 'muted' }).click()
  await side.getByText('Not told:').waitFor()
  await side.getByRole('link', { name: 'silenced' }).click()
  await side.getByRole('button', { name: 'Expire now' }).waitFor()
  expect(new URL(page.url()).searchParams.get('row')).toBe(silence?.id)
  expect(complaints).toEqual([])
  await page.close()
})

test('a silence is edited, and ended', async () => {
  const [silence] = alerts.routing.silences()
  const { page, complaints } = await open(`/alerts?${fixed}&view=silences`)
  await page.getByRole('table', { name: 'Silences' }).getByText('model=~"<img.*"').click()
  const side = page.getByRole('dialog')
  await side.getByRole('button', { name: 'Edit' }).click()
  await side.getByLabel('Why').fill('known since Monday')
  await side.getByRole('button', { name: '7 d' }).click()
  await side.getByRole('button', { name: 'Save' }).click()
  await side.getByText('known since Monday').first().waitFor()
  await expect.poll(() => alerts.routing.silences()).toMatchObject([{ id: silence?.id, comment: 'known since Monday' }])
  await side.getByRole('button', { name: 'Expire now' }).click()
  await side.getByRole('button', { name: 'Silence again' }).waitFor()
  expect(alerts.routing.silences()).toMatchObject([{ id: silence?.id, state: 'expired' }])
  expect(complaints).toEqual([])
  await page.close()
})

test('the link of a message opens the form with its labels; matchers that are none are refused at their place', async () => {
  const { labels } = groupOf('gpt-4o')
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(labels)) query.append('matcher', `${name}=${JSON.stringify(value)}`)
  const { page } = await open(`/alerts/silence?${query.toString()}`, phone)
  const side = page.getByRole('dialog')
  await side.getByText('One alert that fires now matches:').waitFor()
  expect(new URL(page.url()).pathname).toBe('/alerts')
  expect(await side.getByLabel('Alerts with').inputValue()).toBe(
    Object.entries(labels)
      .map(([name, value]) => `${name}="${value}"`)
      .join(', '),
  )
  await side.getByLabel('Alerts with').fill('model=~"("')
  await side.getByText(/expected a regular expression/).waitFor()
  await side.getByLabel('Alerts with').fill('model="none"')
  await side.getByText('Nothing that fires now matches.').waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  await page.keyboard.press('Escape')
  await expect.poll(() => side.count()).toBe(0)
  await page.waitForURL((url) => !url.searchParams.has('matchers'))
  await page.close()
})
