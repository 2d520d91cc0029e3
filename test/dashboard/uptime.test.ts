/** The uptime page in a real browser: what probes of this month say, in numbers that can be recounted. */
import { mkdirSync } from 'node:fs'
import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Probe } from '../../records/probe.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const phone = { width: 390, height: 844 }
const minute = 60_000
/** In the middle of a month, whenever the test runs. */
const now = Date.UTC(2026, 8, 15, 12)
/** Answers about the past are kept: what is asked before and after something is stored has another range. */
const at = (hours: number) => `from=${now - hours * 60 * minute}&to=${now}`

const here = testSite()

function probe(endpoint: string, agoMinutes: number, more: Partial<Probe> = {}): Probe {
  return {
    timestamp: (now - agoMinutes * minute) * 1000,
    endpoint,
    probe: 'completion',
    type: 'completion',
    model: 'tiny',
    ok: true,
    status: 'ok',
    http_status: 200,
    interval_ms: minute,
    connect_ms: 1,
    ttfb_ms: 80,
    ttft_ms: 90,
    duration_ms: 200,
    input_tokens: 12,
    output_tokens: 4,
    tokens_per_second: 42,
    cost_usd: 0.00001,
    certificate_days: 9.4,
    cold_start: '',
    objective_ratio: 0.999,
    error: '',
    ...more,
  }
}

/** With plain spaces for those that do not break. */
const cells = async (row: Locator) =>
  (await row.locator('td').allTextContents()).map((text) => text.replaceAll(/[\u00a0\u202f\u2009]/g, ' '))

test('nothing is probed: the page says how', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/uptime?${at(2)}`)
  await page.getByText('Endpoints show once').waitFor()
  await page.getByText('No probe failed in September 2026').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('up, down, budget, certificate and outages', async () => {
  const failed = { ok: false, status: 'error', http_status: 500, ttft_ms: null, tokens_per_second: null } as const
  const ages = Array.from({ length: 100 }, (_, index) => 100 - index)
  await store(here.storage.db, 'probes', [
    ...ages.map((age) => probe('claude', age)),
    ...ages.map((age) =>
      probe('llama-70b', age, {
        cost_usd: null,
        certificate_days: null,
        ...(age > 40 && age <= 90 ? { ...failed, error: 'not reachable: <img src=x onerror=alert(1)>' } : {}),
      }),
    ),
  ])
  const { page, complaints } = await here.browser.open(`${here.site.url}/uptime?${at(1)}`)
  const rows = page.getByRole('table', { name: 'Endpoints' }).locator('tbody tr')
  await expect.poll(() => rows.count()).toBe(2)
  // 50 of 100 minutes, of a budget of 43 min 12 s.
  const down = await cells(rows.first())
  expect(down.slice(0, 4)).toEqual(['up', 'llama-70b completion', '50.000 %', 'overspent by 6 min 48 s'])
  const steady = await cells(rows.nth(1))
  expect(steady.slice(0, 6)).toEqual([
    'up',
    'claude completion',
    '100.000 %',
    '43 min 12 s',
    expect.stringContaining('90'),
    expect.stringContaining('42'),
  ])
  expect(steady[7]).toBe('9 days')
  expect(steady[8]).toContain('0.001')
  const outage = page.getByRole('table', { name: 'Outages' }).locator('tbody tr')
  expect(await outage.count()).toBe(1)
  expect(await outage.textContent()).toContain('not reachable: <img src=x onerror=alert(1)>')
  expect(await cells(outage)).toContain('50 min')
  mkdirSync('test/.output', { recursive: true })
  await page.screenshot({ path: 'test/.output/uptime.png' })
  expect(complaints).toEqual([])
  await page.close()
})

test('on a phone nothing scrolls sideways', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/uptime?${at(1)}`, phone)
  await page.getByRole('table', { name: 'Outages' }).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  await page.screenshot({ path: 'test/.output/uptime-phone.png' })
  expect(complaints).toEqual([])
  await page.close()
})
