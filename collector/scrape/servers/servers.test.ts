import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { emptyServerSample } from '../../../records/server-sample.ts'
import { parseExposition } from '../exposition.ts'
import { knownKinds } from '../page-reader.ts'
import { capture, fixture, haveCaptures, readServerPages } from '../testing.ts'
import { servers } from './index.ts'
import { vllm } from './vllm.ts'

test('every server file is in the list', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => !/index|\.test\./.test(name))
  for (const file of files) expect(knownKinds).toContain(file.replace('.ts', ''))
})

/** A page with `edits` made, in order: each replaces every occurrence. */
const edited = (page: string, ...edits: [string | RegExp, string][]) =>
  edits.reduce((text, [from, to]) => text.replaceAll(from, to), page)

const v1 = fixture('vllm-v1.prom')
const v0 = fixture('vllm-v0.prom')

describe('vLLM V1', () => {
  test('the first scrape: gauges, and nothing of counters', () => {
    expect(readServerPages(vllm, v1)).toEqual([
      {
        ...emptyServerSample(),
        role: 'engine',
        timestamp: 0,
        instance: 'i',
        endpoint: 'e',
        server: 'vllm',
        model: 'acme/tiny-chat',
        interval_ms: null,
        running: 7,
        waiting: 2,
        kv_cache_ratio: 0.75,
        input_tokens: null,
        output_tokens: null,
        requests_ok: null,
        requests_failed: null,
        preemptions: null,
        prefix_hits: null,
        prefix_queries: null,
        finished: new Map(),
        ttft_ms: null,
        itl_ms: null,
        tpot_ms: null,
        e2e_ms: null,
        queue_ms: null,
        prefill_ms: null,
        decode_ms: null,
        restarted: false,
      },
    ])
  })

  const later = edited(
    v1,
    [/(prompt_tokens_total\{engine="0".*) 1000.0/g, '$1 1300.0'],
    [/(prompt_tokens_total\{engine="1".*) 500.0/g, '$1 520.0'],
    [/(prefix_cache_hits_total\{engine="0".*) 400.0/g, '$1 410.0'],
    [/(finished_reason="stop".*) 10.0/g, '$1 13.0'],
    [/(finished_reason="abort".*) 1.0/g, '$1 2.0'],
    [/(finished_reason="length".*) 0.0/g, '$1 1.0'],
    [/(time_to_first.*engine="0".*\+Inf.*) 12.0/g, '$1 15.0'],
    [/(time_to_first.*engine="0".*1\.0".*) 11.0/g, '$1 14.0'],
    [/(time_to_first.*_sum\{engine="0".*) 4.5/g, '$1 6.5'],
    [/(time_to_first.*engine="1",le="0.3".*) 5.0/g, '$1 6.0'],
    [/(time_to_first.*engine="1",le="1.0".*) 5.0/g, '$1 6.0'],
    [/(time_to_first.*engine="1",le="\+Inf".*) 5.0/g, '$1 6.0'],
    [/(time_to_first.*_sum\{engine="1".*) 0.5/g, '$1 0.75'],
    [/(_latency_seconds.*) 288.0/g, '$1 290.0'],
    [/(_token_seconds.*) 288.0/g, '$1 290.0'],
  )

  test('increases are summed over engines, aliases are not', () => {
    expect(readServerPages(vllm, v1, later)[0]).toMatchObject({
      interval_ms: 10_000,
      input_tokens: 320,
      output_tokens: 0,
      prefix_hits: 10,
      prefix_queries: 0,
      preemptions: 0,
      requests_ok: 4,
      requests_failed: 1,
      finished: new Map([
        ['stop', 3],
        ['length', 1],
        ['abort', 1],
      ]),
      ttft_ms: { bounds_ms: [300, 1000], counts: [1, 3, 0], sum_ms: 2250 },
      itl_ms: { bounds_ms: [25], counts: [0, 2], sum_ms: 0 },
      tpot_ms: null,
      restarted: false,
    })
  })

  test('one engine restarts: its values count from 0, the other goes on', () => {
    const restarted = edited(later, [/(generation_tokens_total\{engine="0".*) 300.0/g, '$1 12.0'])
    expect(readServerPages(vllm, v1, restarted)[0]).toMatchObject({
      output_tokens: 12,
      input_tokens: 320,
      restarted: true,
    })
  })

  test('a family goes missing and comes back', () => {
    const without = edited(v1, [/^.*generation_tokens.*\n/gm, ''])
    expect(readServerPages(vllm, v1, without)[0]).toMatchObject({ output_tokens: null, input_tokens: 0 })
    const back = edited(v1, [/(generation_tokens_total\{engine="0".*) 300.0/g, '$1 350.0'])
    expect(readServerPages(vllm, v1, without, back)[0]).toMatchObject({ output_tokens: 50, restarted: false })
  })

  test('nothing but a running gauge is needed', () => {
    const page = 'vllm:num_requests_running{model_name="m"} 1\n'
    expect(readServerPages(vllm, page, page)[0]).toMatchObject({
      model: 'm',
      running: 1,
      waiting: null,
      kv_cache_ratio: null,
      output_tokens: null,
      requests_ok: null,
      requests_failed: null,
      ttft_ms: null,
    })
  })

  test('engines with different bounds are not added up', () => {
    const other = (page: string) => edited(page, [/(time_to_first.*engine="1",le=)"0.3"/g, '$1"0.2"'])
    expect(readServerPages(vllm, other(v1), other(later))[0]?.ttft_ms).toEqual({
      bounds_ms: [300, 1000],
      counts: [0, 3, 0],
      sum_ms: 2000,
    })
  })

  test('OpenMetrics: TYPE without _total', () => {
    const page = edited(v1, [/^# TYPE (.*)_total counter/gm, '# TYPE $1 counter'])
    expect(
      readServerPages(vllm, page, edited(later, [/^# TYPE (.*)_total counter/gm, '# TYPE $1 counter']))[0],
    ).toMatchObject({
      input_tokens: 320,
      requests_ok: 4,
    })
  })
})

describe('vLLM V0', () => {
  test('old names, one row per model, -1 is unknown', () => {
    const [chat, code] = readServerPages(vllm, v0)
    expect(chat).toMatchObject({ model: 'acme/tiny-chat', running: 1, waiting: 6, kv_cache_ratio: 0.5 })
    expect(code).toMatchObject({ model: 'acme/tiny-code', running: 0, waiting: null, kv_cache_ratio: null })
  })

  test('a finish reason that appears later counts from 0', () => {
    const later = v0.replace(
      'vllm:request_success_total{finished_reason="length",model_name="acme/tiny-chat"} 7.0\n',
      'vllm:request_success_total{finished_reason="length",model_name="acme/tiny-chat"} 8.0\n' +
        'vllm:request_success_total{finished_reason="abort",model_name="acme/tiny-chat"} 2.0\n',
    )
    expect(readServerPages(vllm, v0, v0)[0]).toMatchObject({ requests_ok: 0, requests_failed: 0 })
    expect(readServerPages(vllm, v0, later)[0]).toMatchObject({ requests_ok: 1, requests_failed: 2 })
  })

  test('the per-token histogram is inter-token latency, whatever it is called', () => {
    const later = edited(
      v0,
      [/(_token_seconds_(?:bucket\{le="\+Inf".*|count.*)) 63.0/g, '$1 65.0'],
      [' 1.9\n', ' 2.0\n'],
    )
    const [chat] = readServerPages(vllm, v0, later)
    expect(chat).toMatchObject({ itl_ms: { bounds_ms: [50], counts: [0, 2] }, tpot_ms: null })
    expect(chat?.itl_ms?.sum_ms).toBeCloseTo(100, 6)
  })
})

describe.skipIf(!haveCaptures)('captures', () => {
  const empty = 'vllm:num_requests_running{model_name="none"} 0\nray_vllm:num_requests_running{model_name="none"} 0\n'

  // Scraped after a page without the series, so that increases are the capture's own values.
  test.each([
    [
      'vllm-v1-2026-03-kops-conformance.prom',
      'vllm',
      {
        model: 'Qwen/Qwen2.5-0.5B-Instruct',
        running: 0,
        waiting: 0,
        kv_cache_ratio: 0,
        input_tokens: 0,
        output_tokens: 0,
      },
    ],
    [
      'vllm-v1-2025-11-idle-qwen1.5-0.5b-chat.prom',
      'vllm',
      {
        model: 'Qwen/Qwen1.5-0.5B-Chat',
        running: 0,
        kv_cache_ratio: 0,
        preemptions: 0,
        requests_ok: 0,
        requests_failed: 0,
      },
    ],
    [
      'vllm-v0-2024-06-datadog.prom',
      'vllm',
      {
        model: 'facebook/opt-125m',
        kv_cache_ratio: 0,
        input_tokens: 5,
        output_tokens: 7,
        requests_ok: 1,
        requests_failed: 0,
        prefix_hits: null,
        finished: new Map([['length', 1]]),
        tpot_ms: null,
        queue_ms: null,
      },
    ],
    [
      'ray-serve-vllm-datadog.prom',
      'ray-vllm',
      { model: 'facebook/opt-125m', prefix_queries: 117, prefix_hits: 64, kv_cache_ratio: 0 },
    ],
  ])('%s', (name, kind, expected) => {
    const text = capture(name)
    const detecting = servers.filter(({ detect }) => detect(parseExposition(text).families))
    expect(detecting.map((server) => server.name)).toEqual([kind])
    const [server] = detecting
    const rows = server ? readServerPages(server, empty, text) : []
    expect(rows.find(({ model }) => model === expected.model)).toMatchObject(expected)
  })

  test('histograms of vLLM V0, by hand', () => {
    const [row] = readServerPages(vllm, empty, capture('vllm-v0-2024-06-datadog.prom'))
    const ttft = row?.ttft_ms
    expect(ttft?.bounds_ms.slice(8, 12)).toEqual([250, 500, 750, 1000])
    expect(ttft?.counts[ttft.bounds_ms.indexOf(500)]).toBe(1)
    expect(ttft?.counts.reduce((sum, count) => sum + count, 0)).toBe(1)
    expect(ttft?.sum_ms).toBeCloseTo(313.267, 3)
    expect(row?.e2e_ms?.sum_ms).toBeCloseTo(503.43, 2)
    expect(row?.itl_ms?.counts.reduce((sum, count) => sum + count, 0)).toBe(6)
  })

  test('no other capture is taken for vLLM', () => {
    for (const name of ['sglang-v0.4-docs-loaded.prom', 'nim-llama-3.1-8b-datadog.prom', 'tgi-datadog.prom'])
      expect(servers.some(({ detect }) => detect(parseExposition(capture(name)).families))).toBe(false)
  })
})
