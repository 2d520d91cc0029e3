import { describe, expect, test } from 'vitest'
import { parseExposition } from './exposition.ts'
import { mappedServer, metricMapping } from './mapping.ts'
import { MissingReport } from './missing.ts'
import { PageReader, type PageSettings } from './page-reader.ts'
import { servers } from './servers/index.ts'
import { vllm } from './servers/vllm.ts'
import { capture, fixture, haveCaptures, plainTarget } from './testing.ts'

const read = (page: string, target: Partial<PageSettings> = {}) =>
  new PageReader({ maxSeries: 10_000 }).read(page, { ...plainTarget, ...target }, 0)

const missing = (page: string) => new Map(read(page).missing.map((found) => [found.measure, found]))

test('a page that has everything misses nothing that is not an option', () => {
  const everything = Object.values(vllm.measures).flatMap((measure) => ('names' in measure ? measure.names : []))
  const page = everything.map(({ name }) => `${name}{model_name="m"} 1\n`).join('')
  expect(new MissingReport().of([vllm], [], parseExposition(page).families)).toEqual([])
})

test('a measure, the names looked for, why, and what to change', () => {
  expect(missing(fixture('sglang-ranks.prom')).get('request_input_tokens')).toEqual({
    measure: 'request_input_tokens',
    names: ['sglang:prompt_tokens_histogram'],
    reason: 'off by default',
    fix: 'start SGLang with --collect-tokens-histogram',
  })
  expect(missing(fixture('trtllm-serve.prom')).get('ttft_ms')?.fix).toContain('return_perf_metrics: true')
  expect(missing(fixture('trtllm-serve-early.prom')).get('running')?.fix).toBe('upgrade TensorRT-LLM')
  expect(missing(fixture('llama-cpp.prom')).get('kv_cache_ratio')?.reason).toContain('dropped')
  expect(missing(fixture('vllm-v0.prom')).get('prefix_hits')).toMatchObject({
    names: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'],
    fix: 'upgrade vLLM to the V1 engine',
  })
})

test('what a server never has is told with the rest', () => {
  expect(missing(fixture('tgi.prom')).get('ttft_ms')).toMatchObject({ names: [], reason: 'TGI does not measure it' })
})

test('what an older name serves is not missing', () => {
  expect(missing(fixture('vllm-v0.prom')).has('kv_cache_ratio')).toBe(false)
})

test('a series of nearly the same name is shown: it was renamed', () => {
  const page = fixture('vllm-v1.prom').replaceAll('vllm:num_requests_waiting', 'vllm:requests_waiting_num_all')
  expect(missing(page).get('waiting')).toEqual({
    measure: 'waiting',
    names: ['vllm:num_requests_waiting'],
    reason: 'not on the page of this version; the page has vllm:requests_waiting_num_all',
    fix: expect.stringContaining(
      'write kind: vllm and mapping: { waiting: "vllm:requests_waiting_num_all" } at the target',
    ) as string,
  })
  const server = mappedServer('vllm', metricMapping.parse({ waiting: 'vllm:requests_waiting_num_all' }))
  const followed = read(page, { kind: 'vllm', server })
  expect(followed.missing.map(({ measure }) => measure)).not.toContain('waiting')
  expect(followed.rows.server_samples).toMatchObject([
    { server: 'vllm', model: 'acme/tiny-chat', running: 7, waiting: 2 },
  ])
})

test('the list is the same object until the page changes', () => {
  const reader = new PageReader({ maxSeries: 1000 })
  const page = fixture('vllm-v1.prom')
  const lists = [page, page, page.replace(/^.*num_requests_waiting.*\n/gm, '')].map(
    (text, index) => reader.read(text, plainTarget, index).missing,
  )
  expect(lists[1]).toBe(lists[0])
  expect(lists[2]?.length).toBe((lists[0]?.length ?? 0) + 1)
})

describe('a page of a server that says nothing of its engine', () => {
  const http = '# TYPE http_request_duration_highr_seconds histogram\nhttp_request_duration_highr_seconds_count 3\n'

  test('is an error where the kind is configured', () => {
    expect(() => read(http, { kind: 'vllm' })).toThrow('start vLLM without --disable-log-stats')
    expect(() => read('sglang_num_running_reqs 1\n', { kind: 'sglang' })).toThrow('--enable-metrics')
  })

  test('is told where an endpoint is served', () => {
    expect(read(http, { endpoint: 'chat' }).missing).toEqual([
      {
        measure: '',
        names: ['vllm:num_requests_running'],
        reason: expect.stringContaining('HTTP server') as string,
        fix: 'start vLLM without --disable-log-stats',
      },
    ])
    expect(read(http).missing).toEqual([])
    expect(read('other 1\n', { endpoint: 'chat' }).missing).toEqual([])
  })
})

test('every hint has a reason, and says what to change unless nothing helps', () => {
  for (const { name, hints = {}, otherwise, silent } of servers)
    for (const hint of [...Object.values(hints).flat(), otherwise, silent])
      expect({ server: name, reason: hint?.reason ?? 'none' }).not.toMatchObject({ reason: '' })
})

describe.skipIf(!haveCaptures)('captures', () => {
  test.each([
    ['vllm-v1-2026-03-kops-conformance.prom', []],
    ['vllm-v1-2025-11-idle-qwen1.5-0.5b-chat.prom', []],
    [
      'vllm-v0-2024-06-datadog.prom',
      ['prefix_hits', 'prefix_queries', 'steps', 'step_tokens', 'tpot_ms', 'queue_ms', 'prefill_ms', 'decode_ms'],
    ],
    [
      'triton-datadog.prom',
      ['kv_cache_ratio', 'kv_capacity_tokens', 'max_concurrency', 'output_tokens', 'running', 'ttft_ms'],
    ],
    ['tgi-datadog.prom', ['kv_cache_ratio', 'prefix_hits', 'ttft_ms']],
    ['nim-llama-3.1-8b-datadog.prom', ['queue_ms']],
    [
      'dcgm-exporter-l4-driver580-kops-eks.prom',
      ['ecc_uncorrected', 'power_limit_watts', 'sm_active_ratio', 'throttle_reasons', 'xid'],
    ],
    [
      'dcgm-exporter-vgpu-a100-10c-driver580-vks.prom',
      ['ecc_uncorrected', 'gr_engine_active_ratio', 'throttle_reasons', 'xid'],
    ],
  ])('%s', (name, fields) => {
    expect([...missing(capture(name)).keys()].sort()).toEqual(fields.sort())
  })
})
