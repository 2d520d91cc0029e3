/** The settings page in a real browser: figures against SQL, what the file fixes and what people set, and no secret anywhere. */
import { pino } from 'pino'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { createPriceDesk } from '../../collector/price-desk.ts'
import { createKeyDesk } from '../../collector/proxy/keys/desk.ts'
import { parseConfig } from '../../config.ts'
import { settingsControl } from '../../dashboard/api/settings/installation.ts'
import { parseYaml } from '../../alerts/yaml-file.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import { download } from './download.ts'
import { requests } from './seed.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
/** The machine may be busy. */
const patient = { timeout: 60_000 }
const phone = { width: 390, height: 844 }
const evil = `<img src=x onerror="document.title='owned'">`
const secrets = [
  'ingest-secret-0123456789',
  'sk-vendor-secret-123',
  'hook-secret-5f1d3c',
  'written-secret-77',
  'f'.repeat(64),
]
const yaml = `
ingest: { api_keys: ["${secrets[0]}"] }
retention: { spans_days: 7, content_days: 3 }
endpoints:
  - { name: openai, upstream: "https://api.openai.com", api_key: "${secrets[1]}" }
  - { name: idle, upstream: "http://vllm-9:8000", gpu_hour_usd: 2.5 }
proxy: { keys: [{ name: fixed, hash: "sha256:${secrets[4]}" }] }
prices: { overrides: [{ name: contract, provider: openai, model: gpt-4o, input_usd: 1, output_usd: 2 }] }
scrape: { targets: [{ url: "http://vllm-1:8000/metrics?token=${secrets[3]}", endpoint: llama-70b }] }
alerts:
  receivers: [{ name: r, notify: [{ type: slack, webhook_url: "https://hooks.slack.com/services/${secrets[2]}" }] }]
  route: { receiver: r }
`

const seeded = requests(now, 50)
const odd: LlmRequest = {
  ...seeded[0]!,
  trace_id: 'd'.repeat(32),
  span_id: 'e'.repeat(16),
  timestamp: (now - 60_000) * 1000,
}
const rows = [
  ...seeded,
  {
    ...odd,
    provider: evil,
    model: evil,
    endpoint: evil,
    environment: evil,
    cost_usd: null,
    input_tokens: 11,
    output_tokens: null,
  },
]

const here = testSite({
  async prepare(storage) {
    await store(storage.db, 'requests', rows)
    const config = parseConfig(yaml, 'inferwatch.yaml')
    const log = pino({ level: 'silent' })
    const parts = { dataDir: storage.data_dir, log, clock: () => Date.now(), onChange: () => undefined }
    const running = {
      config,
      written: parseYaml(yaml, 'inferwatch.yaml').value as Record<string, unknown>,
      loaded_at: now,
      problem: '',
      waiting: [],
    }
    const settings = settingsControl({
      running: () => running,
      file: '/etc/inferwatch/inferwatch.yaml',
      rooms: ['collector', 'alerts', 'dashboard'],
      dataDir: storage.data_dir,
      storage,
      collector: {
        prices: createPriceDesk({ ...parts, config: config.prices, db: storage.db }),
        virtualKeys: createKeyDesk({ ...parts, context: () => ({ ...config, data_dir: storage.data_dir }) }),
      },
    })
    return { settings, writer: storage.db }
  },
})

const open = (query = '', size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}/settings${query}`, size)
const table = (page: Page, name: string) => page.getByRole('table', { name, exact: true })
const rowOf = (page: Page, name: string, text: string) => table(page, name).locator('tbody tr', { hasText: text })
const cells = (page: Page, name: string, text: string) => rowOf(page, name, text).locator('td').allTextContents()
/** Once it is there: a table is drawn with all its rows. */
const shown = (page: Page, name: string, text: string) => rowOf(page, name, text).first().waitFor()

test('endpoints: what the file declares beside what was called, and YAML for what it does not', async () => {
  const { page, complaints } = await open()
  await shown(page, 'Declared endpoints', 'openai')
  const [counted] = await here.storage.db.query<{ n: number }>(
    "select count() as n from requests where endpoint = 'openai'",
  )
  const called = await cells(page, 'Declared endpoints', 'endpoints[0]')
  expect(called).toEqual(
    expect.arrayContaining([
      'called',
      (counted?.n ?? 0).toLocaleString('en-US'),
      'https://api.openai.com',
      '/proxy/openai/',
    ]),
  )
  expect(await cells(page, 'Declared endpoints', 'endpoints[1]')).toEqual(expect.arrayContaining(['quiet', '0', '—']))
  await shown(page, 'Declared metrics pages', 'http://vllm-1:8000/metrics?…')

  const names = await table(page, 'Seen, not declared').locator('tbody tr td:first-child').allTextContents()
  expect(names.toSorted()).toEqual([evil, 'anthropic', 'llama-70b', 'qwen-coder'].toSorted())
  // By keyboard.
  await rowOf(page, 'Seen, not declared', 'llama-70b').focus()
  await page.keyboard.press('Enter')
  const side = page.getByRole('dialog')
  await side.getByText('- name: llama-70b').waitFor()
  await page.keyboard.press('Escape')
  await page.waitForURL((url) => !url.searchParams.has('row'))
  await rowOf(page, 'Seen, not declared', evil).click()
  await side.getByRole('heading', { name: evil }).waitFor()
  expect(await page.title()).not.toBe('owned')
  expect(await page.locator('img[src="x"]').count()).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('prices: what nothing says the price of comes first, is unknown, and takes a price; stored requests follow', async () => {
  const { page, complaints } = await open('?view=prices')
  await shown(page, 'Models in use', 'llama-3.1-70b')
  interface Counted {
    model: string
    n: number
    unpriced: number
    input: number
  }
  const counted = await here.storage.db.query<Counted>(
    'select model, count() as n, countIf(cost_usd is null) as unpriced, sumIf(input_tokens, cost_usd is null) as input from requests group by model',
  )
  const of = (model: string) => counted.find((one) => one.model === model)
  const exact = (value: number | undefined) => (value ?? 0).toLocaleString('en-US')
  const states = await table(page, 'Models in use').locator('tbody .status').allTextContents()
  expect(states.slice(0, 3)).toEqual(['no price', 'no price', 'no price'])
  expect(states.slice(3)).not.toContain('no price')
  const llama = rowOf(page, 'Models in use', 'llama-3.1-70b').locator('td')
  expect(await llama.nth(4).getAttribute('title')).toBe(exact(of('llama-3.1-70b')?.unpriced))
  expect(await llama.nth(5).getAttribute('title')).toBe(exact(of('llama-3.1-70b')?.input))
  expect(await llama.nth(7).textContent()).toBe('—')
  expect(await cells(page, 'Models in use', evil)).toEqual(expect.arrayContaining(['11', '—', 'unknown']))

  // Locked: the file says it.
  await rowOf(page, 'Models in use', 'prices.overrides[0]').click()
  const side = page.getByRole('dialog')
  await side.getByRole('heading', { name: 'Fixed by the file' }).waitFor()
  expect(await side.getByRole('form', { name: 'Set a price' }).count()).toBe(0)

  await rowOf(page, 'Models in use', 'llama-3.1-70b').click()
  const form = side.getByRole('form', { name: 'Set a price' })
  await form.waitFor()
  expect(await form.getByLabel('Model').inputValue()).toBe('llama-3.1-70b')
  await form.getByLabel('Input', { exact: true }).fill('0.5')
  await form.getByLabel('Output', { exact: true }).fill('2')
  await form.getByLabel('Your name').fill(evil)
  await form.getByRole('button', { name: 'Set the price' }).click()
  await form.getByRole('status').waitFor()
  await shown(page, 'Prices in force', 'set here')
  await expect
    .poll(() => rowOf(page, 'Models in use', 'llama-3.1-70b').locator('.status').textContent(), patient)
    .toBe('in part')

  const again = side.getByRole('form', { name: 'Work out stored costs anew' })
  await again.getByRole('button', { name: 'Count what would change' }).click()
  const change = again.getByRole('button', { name: /^Change [\d,]+ requests$/ })
  await change.waitFor()
  await change.click()
  await again.getByText(/^[\d,]+ of [\d,]+ requests changed/).waitFor()
  const [after] = await here.storage.db.query<{ known: number; told: number; right: number }>(
    `select countIf(cost_usd is not null) as known, countIf(input_tokens is not null and output_tokens is not null) as told, countIf(toFloat64(cost_usd) = (input_tokens * 0.5 + output_tokens * 2) / 1e6) as right
    from requests where model = 'llama-3.1-70b'`,
  )
  expect(after?.known).toBeGreaterThan(0)
  expect(after?.known).toBe(after?.told)
  expect(after?.right).toBe(after?.known)
  expect(complaints).toEqual([])
  await page.close()
})

test('a price is found by its words, in the URL; one that the file fixes cannot be set', async () => {
  const { page, complaints } = await open('?view=prices')
  await shown(page, 'Prices in force', 'prices.overrides[0]')
  await page.getByPlaceholder('Provider, model').fill('anthropic opus')
  await page.waitForURL((url) => url.searchParams.get('find') === 'anthropic opus')
  await expect
    .poll(async () => {
      const models = await table(page, 'Prices in force').locator('tbody tr').allTextContents()
      return models.length > 0 && models.every((text) => /opus/i.test(text))
    }, patient)
    .toBe(true)
  await page.goto(`${here.site.url}/settings?view=prices&row=new`)
  const form = page.getByRole('dialog').getByRole('form', { name: 'Set a price' })
  await form.getByLabel('Model').fill('gpt-4o')
  await form.getByLabel('Provider').fill('openai')
  await form.getByLabel('Input', { exact: true }).fill('1')
  await form.getByLabel('Output', { exact: true }).fill('1')
  await form.getByLabel('Your name').fill('Ada')
  await form.getByRole('button', { name: 'Set the price' }).click()
  await form.getByRole('alert').getByText('the file fixes this price: prices.overrides[0]').waitFor()
  expect(await form.getByLabel('Model').getAttribute('aria-invalid')).toBe('true')
  // The browser tells of the answer that was asked for.
  expect(complaints.filter((text) => !text.includes('409'))).toEqual([])
  await page.close()
})

test('a price that was typed and not set is there after a reload; another model has nothing of it', async () => {
  const { page, complaints } = await open('?view=prices&row=new')
  const side = page.getByRole('dialog', { name: 'Price' })
  const field = (name: string) => side.getByRole('textbox', { name })
  await field('Model').fill('half-a-model')
  await side.getByLabel('Cached input').fill('0.5')
  await page.reload()
  await side.getByText(/^Unsaved draft from/).waitFor()
  expect([await field('Model').inputValue(), await side.getByLabel('Cached input').inputValue()]).toEqual([
    'half-a-model',
    '0.5',
  ])
  await page.keyboard.press('Escape')
  await shown(page, 'Models in use', 'gpt-4o-mini')
  await rowOf(page, 'Models in use', 'gpt-4o-mini').click()
  await expect.poll(() => field('Model').inputValue()).toBe('gpt-4o-mini')
  expect(await side.getByText(/^Unsaved draft/).count()).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('keys: one that is made shows once, then its name; it is revoked here, one of the file is not', async () => {
  const { page, complaints } = await open('?view=keys')
  await shown(page, 'Virtual keys', 'fixed')
  expect(await cells(page, 'Keys in the file', 'ingest.api_keys[0]')).toEqual(
    expect.arrayContaining(['OTLP', 'in the file']),
  )
  await page.getByRole('button', { name: 'New key' }).click()
  const side = page.getByRole('dialog')
  const form = side.getByRole('form', { name: 'New key' })
  await form.getByLabel('Name, as api_key of its calls').fill('search')
  await form.getByLabel('May call').fill('nowhere')
  await form.getByLabel('Dollars a month').fill('25')
  await form.getByLabel('Your name').fill('Ada')
  await form.getByRole('button', { name: 'Make the key' }).click()
  await form.getByRole('alert').getByText('there is no endpoint "nowhere"').waitFor()
  await form.getByLabel('May call').fill('openai')
  await form.getByRole('button', { name: 'Make the key' }).click()
  await side.getByText('it is kept nowhere and not shown again').waitFor()
  const secret = (await side.locator('.snippet pre').textContent()) ?? ''
  expect(secret).toMatch(/^iw-[\w-]{43}$/)

  await rowOf(page, 'Virtual keys', 'search').click()
  await side.getByRole('heading', { name: 'search' }).waitFor()
  expect(await page.content()).not.toContain(secret)
  await side.getByRole('button', { name: 'Revoke the key' }).click()
  await expect
    .poll(() => rowOf(page, 'Virtual keys', 'search').locator('.status').textContent(), patient)
    .toBe('revoked')
  await rowOf(page, 'Virtual keys', 'fixed').click()
  await side.getByRole('heading', { name: 'Fixed by the file' }).waitFor()
  expect(await side.getByRole('button', { name: 'Revoke the key' }).count()).toBe(0)
  expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
  await page.close()
})

test('retention: figures are those of the engine; who sets them is said, and YAML changes them', async () => {
  const { page, complaints } = await open('?view=retention')
  await shown(page, 'What is kept', 'spans')
  const row = table(page, 'What is kept').locator('tbody tr', { has: page.getByText('requests', { exact: true }) })
  const [counted] = await here.storage.db.query<{ rows: number }>(
    "select sum(rows) as rows from system.parts where database = currentDatabase() and active and table = 'requests'",
  )
  expect(counted?.rows).toBeGreaterThanOrEqual(rows.length)
  expect(await row.locator('td').nth(1).textContent()).toBe('90 days')
  expect(await row.locator('td').nth(2).textContent()).toBe('3 days')
  const shownRows = Number((await row.locator('td').nth(3).getAttribute('title'))?.replaceAll(',', ''))
  expect(shownRows).toBeGreaterThanOrEqual(rows.length)
  expect(await cells(page, 'What is kept', 'retention.spans_days')).toEqual(expect.arrayContaining(['7 days']))
  expect(await row.locator('td').last().textContent()).toBe('default')
  await page.getByText('spans_days: 7').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('the configuration says where each value comes from; no secret is on any view or in any answer', async () => {
  const { page, complaints } = await open('?view=installation')
  const bodies: string[] = []
  page.on('response', (response) => {
    if (response.url().includes('/api/'))
      void response.text().then(
        (text) => bodies.push(text),
        () => undefined,
      )
  })
  await shown(page, 'Configuration in force', 'retention.spans_days')
  expect(await cells(page, 'Configuration in force', 'retention.spans_days')).toEqual([
    'retention.spans_days',
    '7',
    'file',
  ])
  expect(await cells(page, 'Configuration in force', 'ingest.api_keys[0]')).toContain('a secret, not shown')
  expect(await page.getByText('0.0.0-test').first().textContent()).toContain('0.0.0-test')
  await page.getByText('Nothing to warn of').waitFor()
  await page.getByPlaceholder('Key, value').fill('retention')
  await page.getByRole('button', { name: 'Only what is set' }).click()
  await expect.poll(() => table(page, 'Configuration in force').locator('tbody tr').count(), patient).toBe(2)

  const pages = [await page.content()]
  for (const [word, name, text] of [
    ['Endpoints', 'Declared endpoints', 'openai'],
    ['Prices', 'Prices in force', 'prices.overrides[0]'],
    ['Keys', 'Keys in the file', 'ingest.api_keys[0]'],
    ['Retention', 'What is kept', 'spans'],
  ] as const) {
    await page.getByRole('navigation', { name: 'Views of settings' }).getByRole('button', { name: word }).click()
    await shown(page, name, text)
    pages.push(await page.content())
  }
  await expect.poll(() => bodies.some((body) => body.includes('spans_days')), patient).toBe(true)
  for (const secret of secrets)
    expect([secret, [...pages, ...bodies].join('').includes(secret)]).toEqual([secret, false])
  expect(complaints).toEqual([])
  await page.close()
})

test('the API fails: each list says so, and comes back', async () => {
  const { page } = await open('?view=retention')
  await shown(page, 'What is kept', 'spans')
  await page.route('**/api/settings/**', (route) =>
    route.fulfill({ status: 500, json: { error: { message: 'The query failed', hint: 'Retry' } } }),
  )
  await page.goto(`${here.site.url}/settings?view=keys`)
  await page.getByText('The query failed').first().waitFor()
  await page.unroute('**/api/settings/**')
  await page.getByRole('button', { name: 'Retry' }).first().click()
  await shown(page, 'Virtual keys', 'fixed')
  await expect.poll(() => page.getByText('The query failed').count(), patient).toBe(0)
  await page.close()
})

test.each([
  ['', 'Seen, not declared'],
  ['?view=prices', 'Models in use'],
  ['?view=keys', 'Virtual keys'],
  ['?view=retention', 'What is kept'],
  ['?view=installation', 'Configuration in force'],
])('on a phone nothing scrolls sideways: %j', async (query, name) => {
  const { page, complaints } = await open(query, phone)
  await table(page, name).locator('tbody tr').first().waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  expect(complaints).toEqual([])
  await page.close()
})

test('g and x lead there', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/targets`)
  await page.getByText('Targets show once').waitFor(patient)
  // What comes too late after the g is a key of its own.
  await expect
    .poll(async () => {
      await page.keyboard.press('g')
      await page.keyboard.press('x')
      return new URL(page.url()).pathname
    }, patient)
    .toBe('/settings')
  expect(complaints).toEqual([])
  await page.close()
})

test.each([
  { view: 'prices', title: 'Prices in force', one: /openai,gpt-4o,.*prices\.overrides\[0\]/ },
  { view: 'retention', title: 'What is kept', one: /^spans,retention\.spans_days,7,3,/m },
  { view: 'installation', title: 'Configuration in force', one: /^retention\.spans_days,7,file,/m },
])('$title: a file of its rows without a secret, and no query', async ({ view, title, one }) => {
  const { page, complaints } = await open(`?view=${view}`)
  await table(page, title).locator('tbody tr').first().waitFor()
  await page.getByRole('button', { name: `Menu of ${title}`, exact: true }).click()
  expect(await page.getByRole('menuitem', { name: 'Show query' }).count()).toBe(0)
  const { bytes } = await download(page, () => page.getByRole('menuitem', { name: 'Download CSV' }).click())
  const csv = bytes.toString()
  expect(csv).toMatch(one)
  for (const secret of secrets) expect(csv).not.toContain(secret)
  expect(complaints).toEqual([])
  await page.close()
})
