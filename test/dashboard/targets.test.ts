/** The targets' page in a real browser: what is scraped, where it was found, and why something is not. */
import { expect, test } from 'vitest'
import type { DiscoveryRow } from '../../records/discovery.ts'
import type { Target } from '../../records/server-sample.ts'
import { testSite } from './site.ts'

const now = Date.now()
const phone = { width: 390, height: 844 }

const target = (parts: Partial<Target>): Target => ({
  timestamp: (now - 20_000) * 1000,
  url: 'http://10.0.0.1:8000/metrics',
  kind: 'vllm',
  endpoint: 'llama-70b',
  source: 'pods',
  labels: { namespace: 'ml', pod: 'llama-0', node: 'gpu-node-1' },
  state: 'up',
  duration_ms: 12.5,
  series: 480,
  samples: 96,
  error: '',
  missing: [],
  ...parts,
})
const provider = (parts: Partial<DiscoveryRow>): DiscoveryRow => ({
  timestamp: (now - 20_000) * 1000,
  provider: 'pods',
  type: 'kubernetes',
  refreshed_at: (now - 30_000) * 1000,
  found: 3,
  targets: 1,
  dropped: 2,
  refused: 0,
  error: '',
  dropped_targets: '[]',
  ...parts,
})
const notAsked = 'it has no annotation inferwatch.io/scrape: "true", and is no server known by its image or labels'
const dropped = [
  {
    labels: {
      __address__: '10.0.0.9:8080',
      __meta_kubernetes_namespace: 'shop',
      __meta_kubernetes_pod_name: 'cart-5f7d',
      __meta_kubernetes_pod_container_image: 'example.com/cart:1',
    },
    reason: notAsked,
  },
  { labels: { __address__: '10.0.0.8' }, reason: 'the pod has ended (Succeeded)' },
]

const here = testSite({
  colorScheme: 'dark',
})

/** First: nothing is stored yet. */
test('without targets the page says what brings them', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/targets`)
  await page.getByText('Targets show once scrape.targets in inferwatch.yaml lists metrics pages').waitFor()
  await page.getByText('Providers show once scrape.discovery in inferwatch.yaml names some').waitFor()
  expect(await page.getByText('Found, but not scraped').count()).toBe(0)
  expect(complaints).toEqual([])
  await page.close()
})

test('each target says how it is and where it comes from; its row opens its labels, by keyboard too', async () => {
  const down = { state: 'down', error: 'connection refused by 10.0.0.2:8000: is the server running?' } as const
  await here.storage.db.insert('targets', [
    target({}),
    target({ ...down, url: 'http://10.0.0.2:8000/metrics', timestamp: (now - 40_000) * 1000, series: null }),
    target({
      url: 'http://gpu-node-1:9400/metrics',
      kind: 'dcgm',
      source: 'static',
      labels: {},
      timestamp: (now - 60_000) * 1000,
    }),
  ])
  await here.storage.db.insert('discovery', [
    provider({ dropped_targets: JSON.stringify(dropped), dropped: 250 }),
    provider({
      provider: 'racks',
      type: 'file',
      refreshed_at: null,
      dropped: 0,
      error: '/etc/racks.json: there is no such file',
    }),
  ])
  const { page, complaints } = await here.browser.open(`${here.site.url}/targets`)
  const rows = page.getByRole('table', { name: 'Scrape targets' }).locator('tbody tr')
  await expect.poll(() => rows.count()).toBe(3)
  expect(await rows.locator('.status').allTextContents()).toEqual(['up', 'down', 'up'])
  expect(await rows.nth(1).textContent()).toMatch(/pods.*connection refused by 10\.0\.0\.2:8000/)
  const providers = page.getByRole('table', { name: 'Discovery' }).locator('tbody tr')
  expect(await providers.locator('.status').allTextContents()).toEqual(['in order', 'in trouble'])
  expect(await providers.nth(1).textContent()).toMatch(/racks.*there is no such file—/)

  await rows.first().focus()
  await page.keyboard.press('Enter')
  const side = page.getByRole('dialog')
  await side.getByRole('heading', { name: 'http://10.0.0.1:8000/metrics' }).waitFor()
  expect(await side.getByRole('region', { name: 'Labels' }).textContent()).toContain('podllama-0')
  await page.keyboard.press('j')
  await side.getByText('connection refused').waitFor()
  await page.keyboard.press('Escape')
  await page.waitForURL((url) => !url.searchParams.has('target'))
  expect(complaints).toEqual([])
  await page.close()
})

test('what is not scraped says why, with the labels that decided; a link opens it', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/targets`)
  const rows = page.getByRole('table', { name: 'Found, but not scraped' }).locator('tbody tr')
  await rows.first().waitFor()
  expect(await rows.first().textContent()).toContain(`10.0.0.9:8080shop / cart-5f7dpods${notAsked}`)
  await page.getByText('2 of 250 are shown').waitFor()
  await rows.first().click()
  const side = page.getByRole('dialog')
  await side.getByText('example.com/cart:1').waitFor()
  const link = page.url()
  await page.goto(link)
  await page.getByRole('dialog').getByRole('heading', { name: '10.0.0.9:8080' }).waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('an answering page that lacks measures of its kind says so in the list; its row says which', async () => {
  const off = { measure: 'request_input_tokens', names: ['sglang:prompt_tokens_histogram'], reason: 'off by default' }
  const fix = 'start SGLang with --collect-tokens-histogram'
  const never = { measure: 'ttft_ms', names: [], reason: 'TGI does not measure it', fix: '' }
  const url = (host: string) => `http://${host}:30000/metrics`
  await here.storage.db.insert('targets', [
    target({ url: url('lacks-two'), missing: [{ ...off, fix }, { ...off, measure: 'ttft_ms', fix }, never] }),
    target({ url: url('silent'), missing: [{ ...off, measure: '', fix }] }),
    // No page of its kind has that.
    target({ url: url('whole'), missing: [never] }),
    target({ url: url('away'), state: 'down', error: 'connection refused', missing: [{ ...off, fix }] }),
  ])
  const { page, complaints } = await here.browser.open(`${here.site.url}/targets`)
  const row = (host: string) => page.getByRole('row', { name: url(host) })
  await row('whole').waitFor()
  const lacks = (host: string) => row(host).locator('.status').allTextContents()
  expect(await lacks('lacks-two')).toEqual(['up', 'lacks 2 measures'])
  expect(await lacks('silent')).toEqual(['up', 'lacks all measures'])
  expect(await lacks('whole')).toEqual(['up'])
  expect(await lacks('away')).toEqual(['down'])

  // Sorted by state, those that lack something stand apart from those that are whole.
  const table = page.getByRole('table', { name: 'Scrape targets' })
  await table.getByRole('button', { name: 'State' }).click()
  await expect.poll(() => table.getByText(/^lacks/).count()).toBe(2)
  const lacking = (await table.locator('tbody tr').allInnerTexts()).map((text) => text.includes('lacks'))
  expect(lacking.lastIndexOf(true) - lacking.indexOf(true)).toBe(1)

  await row('lacks-two').focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('region', { name: 'What its page lacks' }).getByText(fix).first().waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('on a phone nothing scrolls sideways', async () => {
  const { page, complaints } = await here.browser.open(`${here.site.url}/targets`, phone)
  const row = page.getByRole('table', { name: 'Scrape targets' }).locator('tbody tr').first()
  await row.waitFor()
  for (const name of ['Scrape targets', 'Discovery', 'Found, but not scraped']) {
    const table = page.getByRole('table', { name })
    const fits = await table.evaluate(({ parentElement: box }) => box && box.scrollWidth <= box.clientWidth)
    expect([name, fits]).toEqual([name, true])
  }
  await row.click()
  await page.getByRole('dialog').getByText('gpu-node-1').waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width)
  expect(complaints).toEqual([])
  await page.close()
})

test('what an exporter or a cluster names is text', async () => {
  const evil = '<img src=x onerror="window.hurt = true">'
  await here.storage.db.insert('targets', [
    target({
      url: `http://10.0.0.7/${evil}`,
      source: evil,
      endpoint: evil,
      labels: { [evil]: evil },
      error: evil,
      state: 'down',
    }),
  ])
  const { page, complaints } = await here.browser.open(`${here.site.url}/targets`)
  await page.getByRole('table', { name: 'Scrape targets' }).locator('tbody tr', { hasText: evil }).click()
  await page.getByRole('dialog').getByRole('region', { name: 'Labels' }).getByText(evil).first().waitFor()
  expect(await page.evaluate(() => 'hurt' in window)).toBe(false)
  expect(complaints).toEqual([])
  await page.close()
})
