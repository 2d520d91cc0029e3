/** The pages of endpoints in a real browser: what only they say, and the servers and GPUs under one. */
import { expect, test } from 'vitest'
import { formatCount, formatRatio } from '../../dashboard/web/src/lib/format.ts'
import type { Probe } from '../../records/probe.ts'
import { requests } from './seed.ts'
import { storeFleet } from './seed-fleet.ts'
import { testSite } from './site.ts'
import { store } from './store.ts'

const now = Date.now()
const minute = 60_000
const fixed = `?from=${now - 60 * minute}&to=${now}`
const phone = { width: 390, height: 844 }
const patient = { timeout: 60_000 }
const evil = '<img src=x onerror="window.hurt = true">'

const seeded = requests(now, 120).map((row) =>
  Object.assign(row, row.endpoint === 'llama-70b' && { region: 'eu-west' }),
)
const hostile = seeded.slice(-2).map((row, index) =>
  Object.assign({}, row, {
    timestamp: (now - minute - index) * 1000,
    trace_id: `${index}`.padStart(32, 'e'),
    endpoint: `${evil}/x`,
    provider: evil,
    region: evil,
    model: evil,
  }),
)

function probe(endpoint: string, agoMinutes: number, ok: boolean): Probe {
  return {
    timestamp: (now - agoMinutes * minute) * 1000,
    endpoint,
    probe: 'completion',
    type: 'completion',
    model: 'tiny',
    ok,
    status: ok ? 'ok' : 'error',
    http_status: ok ? 200 : 500,
    interval_ms: minute,
    connect_ms: 1,
    ttfb_ms: 80,
    ttft_ms: ok ? 90 : null,
    duration_ms: 200,
    input_tokens: 12,
    output_tokens: 4,
    tokens_per_second: ok ? 42 : null,
    cost_usd: 0.00001,
    certificate_days: 9.4,
    cold_start: '',
    objective_ratio: 0.999,
    error: ok ? '' : 'HTTP 500',
  }
}

const here = testSite({
  colorScheme: 'dark',
  prepare: async (storage) => {
    await store(storage.db, 'requests', [...seeded, ...hostile])
    await storeFleet(storage.db, now, 60)
    await store(storage.db, 'probes', [
      ...[3, 2, 1].map((ago) => probe('llama-70b', ago, true)),
      ...[3, 2, 1].map((ago) => probe('only-probed', ago, false)),
    ])
    await storage.db.insert('topology', [
      {
        server: 'vllm',
        version: 1,
        valid_from: (now - 120 * minute) * 1000,
        endpoint: 'llama-70b',
        endpoint_source: 'config',
        instance: 'vllm-1:8000',
        model: 'llama-3.1-70b',
        host: 'gpu-node-1',
        gpu_uuids: ['GPU-0', 'GPU-1'],
        mig_ids: ['', ''],
        gpu_source: 'host',
        why: 'Endpoint: configured. GPUs: they are on its host gpu-node-1.',
      },
    ])
  },
})

const plain = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ').trim()
const open = (path: string, size?: { width: number; height: number }) =>
  here.browser.open(`${here.site.url}${path}`, size)

test('each endpoint: figures of SQL, where it is, whether it is up, what it runs on; also one that is only probed', async () => {
  const { page, complaints } = await open(`/endpoints${fixed}`)
  const table = page.getByRole('table', { name: 'Endpoints' })
  const row = (name: string) => table.locator('tbody tr').filter({ has: page.getByRole('link', { name, exact: true }) })
  const cell = async (name: string, head: string) => {
    const heads = (await table.locator('thead th').allInnerTexts()).map((text) => text.replace(/[↓↑]/, '').trim())
    return plain(await row(name).locator('td').nth(heads.indexOf(head)).textContent())
  }
  await row('only-probed').waitFor()
  const [llama] = await here.storage.reader.query<{ requests: number; ratio: number }>(
    `select count() as requests, countIf(status in ('error', 'rate_limited', 'timeout')) / count() as ratio from requests
    where endpoint = 'llama-70b' and timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64})`,
    { from: now - 60 * minute, to: now },
  )
  expect(await cell('llama-70b', 'Requests')).toBe(plain(formatCount(llama?.requests)))
  expect(await cell('llama-70b', 'Errors')).toBe(plain(formatRatio(llama?.ratio)))
  expect(await cell('llama-70b', 'Provider')).toBe('vllm')
  expect(await cell('llama-70b', 'Region')).toBe('eu-west')
  await expect.poll(() => cell('llama-70b', 'Servers'), patient).toBe('1')
  expect(await cell('llama-70b', 'GPUs')).toBe('2')
  expect(await cell('llama-70b', 'Uptime')).toBe('100 %')
  expect(await cell('only-probed', 'Uptime')).toBe('0 %')
  expect(await cell('only-probed', 'P95')).toBe('—')
  expect(await cell('openai', 'Uptime')).toBe('—')
  expect(await cell('openai', 'Servers')).toBe('—')
  expect(complaints).toEqual([])
  await row('llama-70b').focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/endpoints\/llama-70b\?/)
  await page.close()
})

test('the usual columns of the list fit a screen of 1440 px; a wide one has all of them, as has who chooses them', async () => {
  const { page, complaints } = await open(`/endpoints${fixed}`)
  const table = page.getByRole('table', { name: 'Endpoints' })
  const heads = () => table.locator('thead th').count()
  await table.getByText('eu-west').first().waitFor()
  expect(await heads()).toBe(13)
  expect(await table.evaluate(({ parentElement: box }) => box && box.scrollWidth - box.clientWidth)).toBe(0)
  await page.setViewportSize({ width: 1920, height: 900 })
  await expect.poll(heads, patient).toBe(23)
  await page.setViewportSize({ width: 1440, height: 900 })
  await expect.poll(heads, patient).toBe(13)
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('checkbox', { name: 'TPOT' }).check()
  await expect.poll(heads, patient).toBe(14)
  await page.waitForURL(({ searchParams }) => searchParams.get('cols')?.split(',').includes('tpot_p50_ms') === true)
  expect(complaints).toEqual([])
  await page.close()
})

test('the page of one: its queue, KV cache and GPUs under its requests, and links to its models', async () => {
  const { page, complaints } = await open(`/endpoints/llama-70b${fixed}`)
  const under = page.getByRole('region', { name: 'Servers under it' })
  for (const title of ['Queue', 'Running', 'KV cache'])
    await under
      .getByRole('region', { name: title, exact: true })
      .locator('.legend')
      .getByText('vllm-1:8000 · llama-3.1-70b')
      .waitFor()
  const gpus = under.getByRole('region', { name: 'GPU utilisation' }).locator('.legend tbody tr')
  await expect.poll(() => gpus.count(), patient).toBe(2)
  expect((await gpus.allInnerTexts()).map((text) => plain(text).replaceAll(/\s+/g, ' '))).toEqual([
    expect.stringMatching(/^gpu-node-1 · 0/),
    expect.stringMatching(/^gpu-node-1 · 1/),
  ])
  await page.getByText('Uptime this month').waitFor()
  await page.locator('.thing-head').getByRole('link', { name: 'llama-3.1-70b' }).click()
  await page.waitForURL(/\/models\/llama-3\.1-70b\?/)
  expect(complaints).toEqual([])
  await page.close()
})

test('any name is text, with a slash in it too', async () => {
  const { page, complaints } = await open(`/endpoints${fixed}`)
  await page
    .getByRole('table', { name: 'Endpoints' })
    .getByRole('link', { name: `${evil}/x` })
    .click()
  await page.getByRole('heading', { level: 2, name: `${evil}/x` }).waitFor()
  await page.reload()
  await page.getByRole('heading', { level: 2, name: `${evil}/x` }).waitFor()
  await page.locator('.thing-head').getByText(evil, { exact: true }).first().waitFor()
  await expect
    .poll(async () => plain(await page.locator('[data-figure="Requests"] .number-value').textContent()), patient)
    .toBe('2')
  expect(await page.evaluate('window.hurt')).toBeUndefined()
  expect(complaints).toEqual([])
  await page.close()
})

test('a list without what an endpoint runs on is a list all the same', async () => {
  const page = await here.browser.context.newPage()
  for (const path of ['topology', 'uptime', 'slos'])
    await page.route(`**/api/${path}?**`, (route) =>
      route.fulfill({ status: 400, json: { error: { message: 'The database is away', hint: 'Wait' } } }),
    )
  await page.goto(`${here.site.url}/endpoints${fixed}`)
  await page.getByRole('table', { name: 'Endpoints' }).getByRole('link', { name: 'openai' }).waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
  await page.close()
})

test('nothing yet: what would be here; on a phone nothing runs out of the screen', async () => {
  const { page, complaints } = await open(`/endpoints?from=${now - 30 * minute}&to=${now}&team=nobody`, phone)
  await page.getByText('Endpoints show once a request names one').waitFor()
  await page.goto(`${here.site.url}/endpoints/llama-70b${fixed}`)
  await page.getByRole('region', { name: 'Servers under it' }).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  expect(complaints).toEqual([])
  await page.close()
})
