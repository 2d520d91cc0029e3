/** Rules and objectives in a real browser: last evaluations, budgets, and the editor with its backtest. */
import { afterAll, expect, test } from 'vitest'
import { alertsHarness, minute, t0, type Harness, type LeadingAlerts } from '../../alerts/testing/harness.ts'
import { testSite } from './site.ts'

const phone = { width: 390, height: 844 }
const fixed = `from=${t0}&to=${t0 + 20 * minute}`
const evil = '<img src=x onerror="window.hurt = true">'
/** Objectives look back from the clock of the process. */
const now = Date.now()

const rules = `
groups:
  - name: latency
    interval: 30s
    rules:
      - alert: HighP95Latency
        kind: latency
        quantile: 0.95
        by: [model]
        above: 5s
        min_requests: 3
        for: 1m
        labels: { severity: critical } # somebody now
  - name: objectives
    rules:
      - { alert: Availability, kind: slo, objective: 90%, by: [model], where: { endpoint: chat }, min_requests: 1, min_bad: 1 }
      - { alert: Unused, kind: slo, objective: 99%, where: { endpoint: none } }
`

let room: Harness
let alerts: LeadingAlerts
const here = testSite({
  prepare: async (storage) => {
    room = await alertsHarness(storage, rules)
    await room.slowForTwoMinutes(evil)
    await room.insertRequests(now - 20 * minute, 18, 1_000, { endpoint: 'chat', model: evil })
    await room.insertRequests(now - 20 * minute, 2, 1_000, { endpoint: 'chat', model: evil, status: 'error' })
    await room.insertRequests(now - 20 * minute, 20, 1_000, { endpoint: 'chat', model: 'good' })
    await storage.rollups.flush()
    alerts = await room.start()
    await room.clock.advance(3 * minute)
    return { alerts }
  },
})
afterAll(() => room?.stop())

const open = (path: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}${path}`, size)

test('the last evaluations of a rule, as the engine keeps them', async () => {
  const { page, complaints } = await open(`/alerts?${fixed}&view=rules&row=latency+HighP95Latency`)
  const rows = page.getByRole('table', { name: 'Last evaluations' }).locator('tbody tr')
  await rows.first().waitFor()
  const kept = alerts.rules().find(({ name }) => name === 'HighP95Latency')?.evaluations ?? []
  expect(await rows.count()).toBe(kept.length)
  expect(await rows.first().textContent()).toMatch(/ok8\u00a0s1/)
  expect(kept.at(-1)).toMatchObject({ value: 8_000, instances: 1 })
  await page.getByRole('img', { name: /Values of the last \d+ evaluations; it fires above 5/ }).waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('objectives: budget and burn as the API has them; the page holds on a phone', async () => {
  const answer = (await (await fetch(`${here.site.url}/api/slos`)).json()) as {
    slos: { groups: { labels: object; budget_left_ratio: number; burn: number }[] }[]
  }
  const [worst, best] = answer.slos[0]?.groups ?? []
  expect(worst?.budget_left_ratio).toBeCloseTo(0, 9)
  expect(best).toMatchObject({ labels: { model: 'good' }, budget_left_ratio: 1, burn: 0 })
  const { page, complaints } = await open('/alerts?view=slos', phone)
  const rows = page.getByRole('table', { name: 'Objectives' }).locator('tbody tr')
  await rows.first().waitFor()
  const texts = await rows.allTextContents()
  expect(texts).toHaveLength(3)
  expect(texts).toContainEqual(expect.stringMatching(/^Availability90.*model=good100\u00a0%100\u00a0%200×0×0×0×$/))
  expect(texts).toContainEqual(expect.stringMatching(/model=<img.*1×1×1×1×$/))
  expect(texts).toContainEqual(expect.stringMatching(/^Unused.*no requests—/))
  await page.getByRole('img', { name: 'Budget left of Availability over time' }).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(complaints).toEqual([])
  await page.close()
})

test('a copy of a rule: its values, a mistake at its line, and its backtest with a threshold to take', async () => {
  const { page } = await open(`/alerts?${fixed}&view=rules&row=latency+HighP95Latency`)
  await page.getByRole('link', { name: 'Edit as a copy' }).click()
  const editor = page.getByLabel('Rule as YAML')
  await editor.waitFor()
  expect(await editor.textContent()).toMatch(
    /my-rules.*alert: HighP95Latency.*labels: \{ severity: critical \} # somebody now$/,
  )
  await page.getByRole('heading', { name: 'Values of HighP95Latency' }).waitFor()
  await page.getByRole('img', { name: /^Values of HighP95Latency over time; it fires above 5/ }).waitFor()

  await page.getByRole('button', { name: 'Backtest' }).click()
  const fired = page.getByRole('table', { name: 'Would have fired' }).locator('tbody tr')
  await fired.first().waitFor()
  expect(await fired.count()).toBe(1)
  // Pending from 0:30 on, firing at 1:30, until its window holds no slow request.
  expect(await fired.first().textContent()).toMatch(/model=<img.*5\u00a0min 30\u00a0s8\u00a0s12$/)
  expect((await room.events()).filter((change) => change.endsWith('> firing'))).toHaveLength(1)
  const panel = page.getByRole('region', { name: 'Backtest' })
  expect(await panel.textContent()).toMatch(/Firedonce.*Pages1.*Suggested thresholdabove 8000ms/)
  await panel.getByRole('button', { name: 'Use it' }).click()
  await panel.getByText('of the rule before your last change').waitFor()
  await expect.poll(() => editor.textContent()).toContain('above: 8000ms')

  await editor.getByText('min_requests').click()
  await page.keyboard.press('End')
  await page.keyboard.type('x')
  const values = page.getByRole('region', { name: 'Values' })
  await values.getByText('Line 10:').waitFor()
  expect(await values.textContent()).toMatch(/min_requests: /)
  await page.locator('.cm-lintRange-error').waitFor()
  expect(await page.locator('.cm-lintRange-error').textContent()).toMatch(/^min_requests/)
  // What was refused is no result.
  await page.getByRole('button', { name: 'Backtest' }).click()
  await panel.getByRole('button', { name: 'Retry' }).waitFor()
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  await page.close()
})

test('an example of a kind, run from the keyboard, on a phone', async () => {
  const { page, complaints } = await open(`/alerts/rule?${fixed}`, phone)
  const editor = page.getByLabel('Rule as YAML')
  await editor.waitFor()
  await page.getByLabel('example').selectOption('sql')
  await expect.poll(() => editor.textContent()).toMatch(/sql:/)
  await page.getByLabel('example').selectOption('latency')
  await expect.poll(() => editor.textContent()).toMatch(/kind: latency/)
  await editor.click()
  await page.keyboard.press('ControlOrMeta+Enter')
  await page.getByText(/^It would not have fired/).waitFor()
  await page.getByText(/nothing is saved here/).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  expect(complaints).toEqual([])
  await page.close()
})

test('a backtest says what silences of that time held back', async () => {
  const silence = {
    id: 'known',
    matchers: JSON.stringify([{ name: 'alertname', value: 'HighP95Latency', is_regex: false, is_equal: true }]),
    comment: evil,
    created_by: 'ada',
    deleted: false,
    starts_at: new Date(t0),
    ends_at: new Date(t0 + 20 * minute),
    updated_at: new Date(t0),
  }
  await here.storage.db.insert('silences', [{ ...silence, version: 1 }])
  const { page, complaints } = await open(`/alerts?${fixed}&view=rules&row=latency+HighP95Latency`, phone)
  await page.getByRole('link', { name: 'Edit as a copy' }).click()
  await page.getByLabel('Rule as YAML').waitFor()
  await page.getByRole('button', { name: 'Backtest' }).click()
  const panel = page.getByRole('region', { name: 'Backtest' })
  await panel.getByText('Pages without silences').waitFor()
  expect(await panel.textContent()).toMatch(/Firedonce.*Pages0Pages without silences1Pages a week0/)
  // Ended as if it had never been.
  await here.storage.db.insert('silences', [{ ...silence, deleted: true, version: 2 }])
  await page.getByRole('button', { name: 'Backtest' }).click()
  await panel.getByText('Pages without silences').waitFor({ state: 'detached' })
  await expect.poll(() => panel.textContent()).toMatch(/Firedonce.*Pages1Pages a week/)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  expect(complaints).toEqual([])
  await page.close()
})
