import { expect, test } from 'vitest'
import { scrapeConfig } from '../config.ts'
import { mappedServer } from './mapping.ts'
import { PageReader } from './page-reader.ts'
import { plainTarget } from './testing.ts'

/** Rows of the second of two pages of a target, 10 s apart, and what the page was read as. */
function read(target: object, ...pages: string[]) {
  const config = scrapeConfig.parse({ targets: [{ url: 'http://ollama:8000/metrics', ...target }] })
  const [first] = config.targets
  if (!first) throw new Error('no target')
  const { url, kind, labels, mapping: given } = first
  const settings = { ...plainTarget, url, kind, labels, server: given && mappedServer(kind, given) }
  const reader = new PageReader({ maxSeries: 100 })
  return pages
    .map((page, index) => {
      const found = reader.read(page, settings, index * 10_000)
      found.commit()
      return { kind: found.kind, rows: found.rows }
    })
    .at(-1)
}

const page = (tokens: number, seconds: number) => `
my_tokens{llm="tiny:1b",type="prompt"} ${tokens}
my_tokens{llm="tiny:1b",type="eval"} ${tokens * 2}
my_tokens{llm="tiny:1b",type="total"} ${tokens * 3}
my_jobs{llm="tiny:1b",state="busy"} 2
my_jobs{llm="tiny:1b",state="loading"} 1
my_jobs{llm="tiny:1b",state="idle"} 9
my_cache_percent{llm="tiny:1b"} 40
my_wait_bucket{llm="tiny:1b",le="500"} ${tokens}
my_wait_bucket{llm="tiny:1b",le="+Inf"} ${tokens}
my_wait_sum{llm="tiny:1b"} ${seconds * 1000}
my_wait_count{llm="tiny:1b"} ${tokens}
`

const mapping = {
  model_label: 'llm',
  running: { name: 'my_jobs', where: { state: ['busy', 'loading'] } },
  kv_cache_ratio: { name: 'my_cache_percent', unit: 'percent' },
  input_tokens: { name: ['their_tokens', 'my_tokens'], where: { type: 'prompt' } },
  output_tokens: { name: 'my_tokens', where: { type: 'eval' } },
  requests: 'my_wait_count',
  finished: { name: 'my_tokens', label: 'type', where: { type: 'eval' } },
  queue_ms: { name: 'my_wait', unit: 'ms' },
  request_input_tokens: 'my_wait',
}

test('an exporter nobody knows, by its own names', () => {
  const found = read({ kind: 'my-exporter', mapping }, page(10, 1), page(13, 3))
  expect(found?.kind).toBe('my-exporter')
  expect(found?.rows.server_samples).toMatchObject([
    {
      server: 'my-exporter',
      role: 'engine',
      model: 'tiny:1b',
      running: 3,
      kv_cache_ratio: 0.4,
      input_tokens: 3,
      output_tokens: 6,
      requests: 3,
      finished: new Map([['eval', 6]]),
      queue_ms: { bounds_ms: [500], counts: [3, 0], sum_ms: 2000 },
      request_input_tokens: { bounds: [500], counts: [3, 0], sum: 2000 },
    },
  ])
  // What it maps of a name is not stored twice, the rest of the name is.
  const plain = found?.rows.metric_samples.map(({ labels }) => labels.get('state') ?? labels.get('type'))
  expect(plain).toEqual(['total', 'idle'])
})

test('without a kind it is called custom, and takes its model from the labels of the target', () => {
  const found = read({ mapping: { running: 'busy' }, labels: { model: 'tiny:1b' } }, 'busy 4\n')
  expect(found?.rows.server_samples).toMatchObject([{ server: 'custom', model: 'tiny:1b', running: 4 }])
})

test('it changes measures of a known kind and keeps the others', () => {
  const known = 'ollama_prompt_tokens_total{model="m"} 1\nollama_eval_count{model="m"} 2\n'
  const found = read(
    { kind: 'ollama', mapping: { output_tokens: 'ollama_eval_count' } },
    known,
    known.replaceAll(/\d\n/g, '9\n'),
  )
  expect(found?.rows.server_samples).toMatchObject([
    { server: 'ollama', model: 'm', input_tokens: 8, output_tokens: 7 },
  ])
})

test('a page without any of its names is an error that says so', () => {
  expect(() => read({ kind: 'mine', mapping: { running: 'busy' } }, 'idle 1\n')).toThrow('configured as kind "mine"')
})

test.each([
  [{ runing: 'x' }, 'runing'],
  [{ running: { name: 'x', unit: 's' } }, 'running'],
  [{ input_tokens: { name: 'x', unit: 's' } }, 'input_tokens'],
  [{ ttft_ms: { name: 'x', unit: 'percent' } }, 'ttft_ms'],
  [{ running: [] }, 'running'],
])('%j is refused by its key', (wrong, key) => {
  const result = scrapeConfig.safeParse({ targets: [{ url: 'http://h/metrics', mapping: wrong }] })
  expect(JSON.stringify(result.error?.issues)).toContain(key)
})

test('a page that names no model takes it from the url of a router', () => {
  const [router, labelled] = [
    { url: 'http://h/metrics?model=tiny' },
    { url: 'http://h/metrics?model=tiny', labels: { model: 'acme/tiny' } },
  ].map((target) => read(target, 'llamacpp:requests_processing 1\n')?.rows.server_samples[0]?.model)
  expect([router, labelled]).toEqual(['tiny', 'acme/tiny'])
})
