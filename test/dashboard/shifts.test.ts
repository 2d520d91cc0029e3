/** Nothing on a page moves while it loads, once its panels were seen: by what the browser itself counts as a shift of the layout. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { requests, trace } from './seed.ts'
import { storeFleet } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const rows = requests(now, 60)
const last = rows.at(-1)

/** How much of the window moves, times how far: browsers call a tenth good. */
const most = 0.02
/** Of whom nothing is remembered. */
const atFirst = 0.1

const paths = [
  '/',
  '/models',
  '/models/gpt-4o',
  '/endpoints',
  '/endpoints/openai',
  '/servers',
  '/servers/vllm-1:8000',
  '/gpus',
  '/gpus/gpu-node-1/0',
  '/uptime',
  '/requests',
  '/cost',
  '/sessions',
  '/users',
  `/users/${last?.user_id}`,
  `/traces/${last?.trace_id}`,
  '/alerts',
  '/sql',
  '/schema',
  '/targets',
  '/ingest',
  '/settings',
  '/settings?view=prices',
  '/settings?view=keys',
  '/settings?view=retention',
  '/settings?view=installation',
]

const here = testSite({
  prepare: async (storage) => {
    await store(storage.db, 'requests', rows)
    await store(storage.db, 'spans', rows.slice(-20).flatMap(trace))
    await storeFleet(storage.db, now, 60)
  },
})

/** The sum of all shifts until every panel is drawn. */
async function load(page: Page, path: string): Promise<number> {
  await page.goto(`${here.site.url}${path}`)
  await page.locator('main *').first().waitFor()
  await expect.poll(() => page.locator('.skeleton').count(), { timeout: 30_000 }).toBe(0)
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0
        const shifts = new PerformanceObserver((list) => {
          for (const shift of list.getEntries() as (PerformanceEntry & { value: number })[]) sum += shift.value
        })
        shifts.observe({ type: 'layout-shift', buffered: true })
        // Two frames: what is drawn last is counted in the first.
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum))))
      }),
  )
}

test.each(paths)('%s stands still while it loads, and all the more for who was there before', async (path) => {
  const { page } = await here.browser.open('about:blank')
  // Windows of one browser remember together what was seen.
  await page.goto(here.site.url)
  await page.evaluate(() => localStorage.clear())
  expect(await load(page, path)).toBeLessThanOrEqual(atFirst)
  expect(await load(page, path)).toBeLessThanOrEqual(most)
  await page.close()
})

test('charts keep their width while the window has none, as while a picture is taken', async () => {
  const { page } = await here.browser.open('about:blank')
  await load(page, '/servers')
  const drawn = () =>
    page.locator('.chart svg, .strip svg').evaluateAll((charts) => charts.map((chart) => chart.getAttribute('width')))
  const before = await drawn()
  expect(before.length).toBeGreaterThan(2)
  const hidden = await page.evaluate(async () => {
    document.body.style.display = 'none'
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))
    return document.querySelector('.chart')?.clientWidth
  })
  expect(hidden).toBe(0)
  expect(await drawn()).toEqual(before)
  await page.close()
})
