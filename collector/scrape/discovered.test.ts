/** Targets that come and go by themselves, next to those of the configuration. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fixture } from './testing.ts'
import { settled, testConfig, testExporter, until, type TestExporter } from './testing-exporter.ts'

let exporter: TestExporter
let folder: string

const at = (path: string) => exporter.url.replace('/metrics', path)
const write = (...targets: { path: string; labels?: object }[]) =>
  writeFileSync(
    join(folder, 'targets.json'),
    JSON.stringify(
      targets.map(({ path, labels }) => ({
        targets: [new URL(exporter.url).host],
        labels: { __metrics_path__: path, ...labels },
      })),
    ),
  )
const discovery = () => ({ discovery: { file: [{ name: 'racks', files: [join(folder, '*.json')] }] } })

beforeEach(async () => {
  exporter = await testExporter()
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-discovered-'))
})
afterEach(async () => {
  await exporter.stop()
  rmSync(folder, { recursive: true })
})

test('they are scraped, say where they come from, keep their counters while others go, and end as such', async () => {
  exporter.answer = fixture('vllm-v1.prom')
  write({ path: '/a', labels: { rack: 'r1', __endpoint__: 'chat' } }, { path: '/b' })
  const scraper = exporter.scrape([{ url: at('/fixed') }], discovery())
  await until(() => scraper.targets().length === 3)
  await settled(scraper)
  expect(scraper.targets()).toMatchObject([
    { url: at('/fixed'), source: 'static', labels: {} },
    { url: at('/a'), source: 'racks', labels: { rack: 'r1' }, endpoint: 'chat', kind: 'vllm', state: 'up' },
    { url: at('/b'), source: 'racks' },
  ])
  expect(scraper.providers()).toMatchObject([{ provider: 'racks', type: 'file', found: 2, targets: 2, error: '' }])

  exporter.answer = fixture('vllm-v1.prom').replace(/(generation_tokens_total\{engine="0".*) 300.0/, '$1 301.0')
  write({ path: '/a', labels: { rack: 'r2', __endpoint__: 'chat' } })
  await until(() => scraper.providers()[0]?.found === 1)
  exporter.clock.advance(5_000)
  await until(() => exporter.inserted.some(({ error }) => error === 'no longer discovered'))
  expect(exporter.inserted.find(({ state }) => state === 'unknown')).toMatchObject({ url: at('/b'), source: 'racks' })
  exporter.batches = []
  await exporter.next(scraper)
  const rows = exporter.batches.flatMap(({ server_samples = [] }) => server_samples)
  expect(rows.find(({ endpoint }) => endpoint === 'chat')).toMatchObject({ output_tokens: 1, restarted: false })
  expect(scraper.targets()[1]).toMatchObject({ url: at('/a'), labels: { rack: 'r2' } })
})

test('one that is configured, too, is scraped once, as configured; taken out there, it is discovered', async () => {
  exporter.answer = 'a 1\n'
  write({ path: '/a', labels: { __endpoint__: 'found' } })
  const scraper = exporter.scrape([{ url: at('/a'), endpoint: 'configured' }], discovery())
  await until(() => scraper.providers()[0]?.found === 1)
  expect(scraper.targets()).toMatchObject([{ source: 'static', endpoint: 'configured' }])
  scraper.reload(testConfig([], discovery()), [])
  await exporter.next(scraper)
  expect(scraper.targets()).toMatchObject([{ url: at('/a'), source: 'racks', endpoint: 'found', state: 'up' }])
  expect(exporter.inserted.filter(({ state }) => state === 'unknown')).toEqual([])
})

test('what discovered targets are told is their provider’s secret, never that of all targets', async () => {
  exporter.answer = 'a 1\n'
  write({ path: '/a' })
  const auth = { bearer_token: 'of-all' }
  const own = { target: { auth: { bearer_token: 'of-provider' } } }
  const files = [join(folder, '*.json')]
  const scraper = exporter.scrape([{ url: at('/fixed') }], { auth, discovery: { file: [{ files }] } })
  await until(() => scraper.targets().length === 2)
  await settled(scraper)
  const seen = () => exporter.requests.map(({ url, headers }) => `${url} ${headers.authorization ?? 'none'}`)
  expect(seen().toSorted()).toEqual(['/a none', '/fixed Bearer of-all'])
  scraper.reload(testConfig([{ url: at('/fixed') }], { auth, discovery: { file: [{ files, ...own }] } }), [])
  await until(() => scraper.providers()[0]?.targets === 1)
  await exporter.next(scraper)
  await until(() => seen().includes('/a Bearer of-provider'))
  expect(seen()).not.toContain('/a Bearer of-all')
})
