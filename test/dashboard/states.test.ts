/** The page when there is nothing, when the database is away, and when it wants a key. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DemoState } from '../../dashboard/api/deps.ts'
import { testStorage } from '../../storage/testing.ts'
import { testBrowser, type TestBrowser } from './browser.ts'
import { requests } from './seed.ts'
import { serveTestPage } from './serve.ts'
import { store } from './store.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let browser: TestBrowser

beforeAll(async () => {
  storage = await testStorage()
  browser = await testBrowser('dark')
})
afterAll(async () => {
  await browser?.close()
  await storage?.stop()
})

test('nothing yet: how to send the first trace, and demo traffic by a button', async () => {
  let state: DemoState = 'off'
  const demo = {
    state: () => state,
    start: () => {
      state = 'starting'
      return Promise.resolve()
    },
    stop: () => Promise.resolve(),
  }
  const site = await serveTestPage(storage.reader, { demo })
  const { page, complaints } = await browser.open(`${site.url}/`, { width: 390, height: 844 })
  await page.getByRole('heading', { name: 'No requests yet' }).waitFor()
  for (const client of ['OpenAI SDK', 'Vercel AI SDK', 'Python']) {
    await page.getByRole('tab', { name: client }).click()
    await page.getByText('127.0.0.1:4318').last().waitFor()
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await page.getByRole('button', { name: 'Start demo traffic' }).click()
  await expect.poll(() => state).toBe('starting')
  expect(complaints).toEqual([])
  await page.close()
  await site.stop()
})

test('a range without requests says so, and offers a longer one', async () => {
  await store(storage.db, 'requests', requests(Date.now() - 5 * 3_600_000, 10))
  const site = await serveTestPage(storage.reader)
  const { page, complaints } = await browser.open(`${site.url}/`)
  await page.getByText('No request in this range').first().waitFor()
  expect(await page.locator('[data-figure="Output tokens"] .number-value').textContent()).toBe('—')
  await page.getByRole('button', { name: 'Show the last 24 h' }).first().click()
  await page.getByRole('table', { name: 'Latest requests' }).waitFor()
  expect(complaints).toEqual([])
  await page.close()
  await site.stop()
})

test('with a key set, the page asks for it and then shows', async () => {
  const site = await serveTestPage(storage.reader, { config: { api_keys: ['a-key-of-sixteen-or-more'] } })
  const { page } = await browser.open(`${site.url}/`)
  await page.getByLabel('Key').fill('wrong-wrong-wrong-wrong')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('This key is not known').waitFor()
  await page.getByLabel('Key').fill('a-key-of-sixteen-or-more')
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect.poll(() => page.getByRole('navigation', { name: 'Pages' }).count()).toBe(1)
  await page.close()
  await site.stop()
})

test('a slow API: places of the numbers while it is waited for, then the numbers, each asked for once', async () => {
  const site = await serveTestPage(storage.reader)
  const { page, complaints } = await browser.open('about:blank')
  const asked: string[] = []
  let release = () => {}
  const answered = new Promise<void>((resolve) => (release = resolve))
  await page.route(/\/api\/(?!live)/, async (route) => {
    asked.push(route.request().url())
    await answered
    await route.continue()
  })
  await page.goto(`${site.url}/?range=24h&live=off`)
  await page.locator('.panel[aria-busy="true"] .skeleton').first().waitFor({ state: 'attached' })
  await expect.poll(() => page.locator('.number.skeleton').count()).toBeGreaterThan(4)
  expect(await page.getByRole('table').count()).toBe(0)
  expect(await page.getByRole('alert').count()).toBe(0)
  release()
  await page.getByRole('table', { name: 'Latest requests' }).waitFor()
  await expect.poll(() => page.locator('.skeleton').count()).toBe(0)
  expect(await page.locator('[data-figure="Output tokens"] .number-value').textContent()).not.toBe('—')
  expect(asked.filter((url, index) => asked.indexOf(url) !== index)).toEqual([])
  expect(complaints).toEqual([])
  await page.close()
  await site.stop()
})

/** Last: it takes the storage away. */
test('the database gone: values stay, dimmed and dated; a fresh page says what failed and offers a retry', async () => {
  const site = await serveTestPage(storage.reader)
  const { page } = await browser.open(`${site.url}/?range=24h`)
  await page.getByRole('table', { name: 'Models' }).waitFor()
  await storage.stop()
  await page.locator('.stale').first().waitFor()
  await expect.poll(() => page.locator('.panel-body[data-dimmed="true"]').count()).toBeGreaterThan(0)
  const fresh = await browser.open(`${site.url}/?range=24h`)
  await fresh.page.getByText('The database does not answer').first().waitFor()
  await expect.poll(() => fresh.page.getByRole('button', { name: 'Retry' }).count()).toBeGreaterThan(5)
  await Promise.all([page.close(), fresh.page.close()])
  await site.stop()
})
