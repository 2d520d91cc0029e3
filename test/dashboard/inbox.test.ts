/** The inbox in a real browser: what is wrong, how to put it right, and the request in which it can be seen. */
import { expect, test } from 'vitest'
import { plainIssue, type IngestIssue } from '../../records/ingest-issue.ts'
import { requests, trace } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const call = requests(now, 5).at(-1)
const phone = { width: 390, height: 844 }

const issue = (parts: Partial<IngestIssue>): IngestIssue => ({
  ...plainIssue,
  timestamp: (now - 60_000) * 1000,
  source: 'spans',
  reason: 'no_ttft',
  items: 1,
  example: '',
  example_trace_id: call?.trace_id ?? '',
  example_span_id: call?.span_id ?? '',
  ...parts,
})

const here = testSite()

/** First: nothing is stored yet. */
test('nothing is wrong: the page says so', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/ingest`)
  await page.getByText('All is well').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('each issue says what, how many and what to do; its example opens the request, its row the advice', async () => {
  if (!call) throw new Error('the seed is empty')
  const unmapped = { example_trace_id: call.trace_id, example_span_id: call.parent_span_id }
  await store(here.storage.db, 'requests', [call])
  await store(here.storage.db, 'spans', trace(call))
  await store(here.storage.db, 'ingest_issues', [
    issue({ severity: 'hint', subject: '@opentelemetry/instrumentation-openai@0.22.0', items: 1284 }),
    issue({ reason: 'unpriced_model', subject: 'mistral_ai / new-model', items: 12 }),
    issue({ reason: 'unmapped_call', subject: 'my-client@1.0.0', items: 3, example: 'a model', ...unmapped }),
    issue({
      source: 'otlp_http',
      reason: 'zero_trace_id',
      example: 'span 3',
      example_trace_id: '',
      example_span_id: '',
    }),
  ])
  const { page, complaints } = await here.browser.open(`${here.site.url}/ingest`)
  const rows = page.getByRole('table', { name: 'Inbox' }).locator('tbody tr')
  await expect.poll(() => rows.count()).toBe(4)
  expect(await rows.locator('.status').allTextContents()).toEqual(['problem', 'problem', 'problem', 'hint'])
  expect(await rows.first().textContent()).toMatch(/Models without a price.*mistral_ai \/ new-model.*12/)

  await rows.first().focus()
  await page.keyboard.press('Enter')
  const side = page.getByRole('dialog')
  await side.getByRole('heading', { name: 'Models without a price' }).waitFor()
  expect(await side.locator('pre').textContent()).toContain('model: "new-model"')
  await side.getByRole('button', { name: 'Copy: inferwatch.yaml' }).waitFor()
  await rows.first().focus()
  await page.keyboard.press('j')
  await side.getByRole('heading', { name: 'Spans that look like model calls but are none' }).waitFor()
  await page.keyboard.press('k')
  await side.getByRole('heading', { name: 'Models without a price' }).waitFor()
  await side.getByRole('button', { name: /^Open the example/ }).click()
  await page.waitForURL((url) => url.searchParams.get('open') === `${call.trace_id}.${call.span_id}`)
  await page.getByRole('dialog').getByRole('heading', { level: 2, name: call.model }).waitFor()
  await page.keyboard.press('Escape')
  await page.waitForURL((url) => !url.searchParams.has('open'))
  await page.keyboard.press('Escape')
  await page.waitForURL((url) => !url.searchParams.has('issue'))
  expect(complaints).toEqual([])
  await page.close()
})

test('the example of a span that is no request opens its trace', async () => {
  const { page } = await here.browser.open(`${here.site.url}/ingest`)
  await page.getByRole('button', { name: 'Open the example of: Spans that look like model calls but are none' }).click()
  const side = page.getByRole('dialog')
  await side.getByText('This span is not counted as a request').waitFor()
  expect(await side.locator('.waterfall > li[data-current="true"]').textContent()).toContain('POST /answer')
  await page.close()
})

test('on a phone nothing scrolls sideways, and the advice fits', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/ingest`, phone)
  await page.getByRole('table', { name: 'Inbox' }).locator('tbody tr').first().click()
  await page.getByRole('dialog').getByRole('heading', { name: 'What to do' }).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  const list = page.getByRole('table', { name: 'Inbox' })
  expect(await list.evaluate((table) => table.parentElement?.scrollWidth === table.parentElement?.clientWidth)).toBe(
    true,
  )
  const copy = await page.getByRole('button', { name: 'Copy: inferwatch.yaml' }).boundingBox()
  expect((copy?.x ?? Infinity) + (copy?.width ?? 0)).toBeLessThanOrEqual(phone.width)
  expect(complaints).toEqual([])
  await page.close()
})

test('what traffic names is text, in the list and in the advice with its snippet', async () => {
  const evil = '<img src=x onerror="window.hurt = true">'
  await store(here.storage.db, 'ingest_issues', [
    issue({ reason: 'unpriced_model', subject: `${evil} / ${evil}`, items: 5000, example: evil }),
  ])
  const { page, complaints } = await here.browser.open(`${here.site.url}/ingest`)
  await page.getByRole('table', { name: 'Inbox' }).locator('tbody tr', { hasText: evil }).click()
  const side = page.getByRole('dialog')
  await expect.poll(() => side.locator('pre').textContent()).toContain('onerror')
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(complaints).toEqual([])
  await page.close()
})
