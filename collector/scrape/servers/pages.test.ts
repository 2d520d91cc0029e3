/** Every page of a server that is in the repository, and every capture beside it, with values checked by hand. */
import { describe, expect, test } from 'vitest'
import type { ServerSample } from '../../../records/server-sample.ts'
import { parseExposition } from '../exposition.ts'
import { PageReader } from '../page-reader.ts'
import type { InferenceServer } from '../server.ts'
import { capture, capturedPages, fixture, haveCaptures, plainTarget, readServerPages } from '../testing.ts'
import { servers } from './index.ts'

type Expected = Partial<Record<keyof ServerSample, unknown>>

const detected = (page: string): InferenceServer[] => {
  const { families } = parseExposition(page)
  return servers.filter(({ detect }) => detect(families))
}

/** Rows of a page after one without its series, so that increases are the page's own values. */
const rowsOf = (page: string) => detected(page).flatMap((server) => readServerPages(server, 'other 0\n', page))

/** Observations and sum in ms of a histogram, sums to a tenth of a microsecond: what is easily counted on a page. */
function summary(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value)
  if (typeof value !== 'object' || value === null || !('counts' in value)) return value
  const { counts, ...rest } = value as { counts: number[]; sum?: number; sum_ms?: number }
  return {
    observed: counts.reduce((sum, count) => sum + count, 0),
    sum: Math.round((rest.sum_ms ?? rest.sum ?? 0) * 1e4) / 1e4,
  }
}

const context = new Set(['timestamp', 'interval_ms', 'instance', 'endpoint', 'server', 'role', 'restarted'])

/** What a row says, without what it leaves out. */
const said = (row: ServerSample) =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([field, value]) => !context.has(field) && value !== null)
      .map(([field, value]) => [field, summary(value)])
      .filter(([, value]) => JSON.stringify(value) !== '[]' && JSON.stringify(value) !== '{}'),
  )

/** The page as the server would have written it before its first request. */
const zeroed = (page: string) => page.replaceAll(/^([^#\n].*) \S+$/gm, '$1 0')

const h = (observed: number, sum: number) => ({ observed, sum })

const idleVllm = {
  running: 0,
  waiting: 0,
  kv_cache_ratio: 0,
  input_tokens: 0,
  output_tokens: 0,
  requests_ok: 0,
  requests_failed: 0,
  preemptions: 0,
  prefix_hits: 0,
  prefix_queries: 0,
  steps: 0,
  step_tokens: 0,
  ttft_ms: h(0, 0),
  itl_ms: h(0, 0),
  tpot_ms: h(0, 0),
  e2e_ms: h(0, 0),
  queue_ms: h(0, 0),
  prefill_ms: h(0, 0),
  decode_ms: h(0, 0),
  request_input_tokens: h(0, 0),
  request_output_tokens: h(0, 0),
}

describe('pages of our own', () => {
  test.each<[string, string, Expected[]]>([
    [
      'vllm-features.prom',
      'vllm',
      [
        {
          model: 'acme/tiny-chat',
          running: 2,
          kv_capacity_tokens: 24_000,
          draft_tokens: 100,
          accepted_tokens: 71,
          lora_active: 3,
          lora_max: 4,
          lora_adapters: ['sql', 'chat', 'legal'],
          http_4xx: 4,
          http_5xx: 0,
        },
      ],
    ],
    [
      'sglang-ranks.prom',
      'sglang',
      [
        {
          model: 'acme/tiny-chat',
          running: 8,
          waiting: 6,
          kv_cache_ratio: 0.41,
          kv_capacity_tokens: 800_000,
          preemptions: 2,
          queue_ms: h(4, 1500),
          prefill_ms: h(4, 400),
          input_tokens: 900,
          output_tokens: 350,
          prefix_hits: 360,
          prefix_queries: 900,
          requests: 12,
          requests_failed: 1,
          http_4xx: 4,
          http_5xx: 0,
        },
      ],
    ],
    [
      'tgi.prom',
      'tgi',
      [
        {
          model: '',
          running: 6,
          waiting: 4,
          batch_size: 6,
          requests_ok: 10,
          requests_failed: 3,
          input_tokens: 1234,
          output_tokens: 345,
          accepted_tokens: 21,
          queue_ms: h(10, 2500),
          request_input_tokens: h(10, 1234),
          request_output_tokens: h(10, 345),
        },
      ],
    ],
    [
      'tei.prom',
      'tei',
      [
        {
          model: '',
          waiting: 5,
          requests_ok: 8,
          requests_failed: 1,
          input_tokens: 700,
          steps: 4,
          step_tokens: 700,
          e2e_ms: h(8, 50),
          request_input_tokens: h(8, 700),
        },
      ],
    ],
    [
      'nim.prom',
      'nim',
      [
        {
          model: 'acme/tiny-chat',
          running: 2,
          waiting: 1,
          max_concurrency: 64,
          kv_cache_ratio: 0.5,
          input_tokens: 109,
          output_tokens: 174,
          requests_ok: 5,
          requests_failed: 1,
          finished: { length: 5 },
          e2e_ms: h(5, 2500),
        },
      ],
    ],
    [
      'trtllm-serve.prom',
      'trtllm-serve',
      [
        {
          model: 'acme/tiny-chat',
          running: 3,
          waiting: 1,
          max_concurrency: 256,
          kv_cache_ratio: 0.12,
          kv_capacity_tokens: 32_000,
          prefix_hit_ratio: 0.4,
          requests_ok: 9,
          finished: { stop: 8, length: 1 },
          tpot_ms: h(9, 90),
        },
      ],
    ],
    [
      'trtllm-serve-early.prom',
      'trtllm-serve',
      [
        {
          model: 'acme/tiny-chat',
          requests_ok: 4,
          finished: { stop: 4 },
          e2e_ms: h(4, 3500),
          queue_ms: h(4, 20),
        },
      ],
    ],
    [
      'lmdeploy.prom',
      'lmdeploy',
      [
        {
          model: 'acme/tiny-chat',
          running: 3,
          waiting: 0,
          kv_cache_ratio: 0.6,
          input_tokens: 70,
          output_tokens: 40,
          request_output_tokens: h(2, 40),
        },
      ],
    ],
    [
      'llama-cpp.prom',
      'llama-cpp',
      [{ model: '', running: 2, waiting: 1, batch_size: 1.9, input_tokens: 140, output_tokens: 260, steps: 130 }],
    ],
    [
      'ollama.prom',
      'ollama',
      [
        { model: 'tiny:1b', input_tokens: 31, output_tokens: 90, requests: 3, e2e_ms: h(3, 4500) },
        { model: 'code:7b', input_tokens: 8 },
      ],
    ],
    ['ray-vllm.prom', 'ray-vllm', [{ model: 'acme/tiny-chat', running: 5, kv_cache_ratio: 0.7, output_tokens: 100 }]],
    [
      'litellm.prom',
      'litellm',
      [
        {
          model: 'chat',
          running: 4,
          input_tokens: 88,
          output_tokens: 42,
          requests_ok: 8,
          requests_failed: 2,
          http_4xx: 2,
          http_5xx: 0,
          e2e_ms: h(8, 16_000),
        },
      ],
    ],
    [
      'envoy-ai-gateway.prom',
      'envoy-ai-gateway',
      [
        {
          model: 'chat',
          input_tokens: 144,
          output_tokens: 30,
          requests_ok: 3,
          requests_failed: 1,
          e2e_ms: h(4, 2000),
          request_input_tokens: h(3, 144),
          request_output_tokens: h(3, 30),
        },
      ],
    ],
    [
      'kong.prom',
      'kong',
      [
        {
          model: 'gpt-4o',
          input_tokens: 60,
          output_tokens: 25,
          requests: 6,
          http_4xx: 0,
          http_5xx: 2,
          e2e_ms: h(6, 3300),
        },
      ],
    ],
    [
      'epp.prom',
      'epp',
      [{ model: 'chat', running: 3, waiting: 5, kv_cache_ratio: 0.3, requests: 6, requests_failed: 1 }],
    ],
    [
      'dynamo.prom',
      'dynamo',
      [
        {
          model: 'acme/tiny-chat',
          running: 4,
          waiting: 1,
          input_tokens: 300,
          output_tokens: 210,
          prefix_queries: 300,
          requests_ok: 6,
          requests_failed: 2,
          itl_ms: h(200, 3000),
          request_input_tokens: h(6, 300),
        },
      ],
    ],
  ])('%s', (name, kind, expected) => {
    const page = fixture(name)
    expect(detected(page).map((server) => server.name)).toEqual([kind])
    expect(rowsOf(page).map(said)).toEqual(expected)
    const gateways = ['litellm', 'envoy-ai-gateway', 'kong', 'epp', 'dynamo']
    expect(rowsOf(page)[0]?.role).toBe(gateways.includes(kind) ? 'gateway' : 'engine')
  })

  test.each([
    [
      'an application that exports the metrics of its own calls',
      'gen_ai_client_token_usage_count{otel_scope_name="my-app"} 1\n',
    ],
    ['Triton with GPUs only', 'nv_gpu_utilization{gpu_uuid="GPU-0"} 0.5\n'],
    ['the load report of SGLang', 'sglang_num_running_reqs 1\n'],
    ['a web application in Python', 'http_requests_total{status="2xx"} 1\n'],
    ['Ray without vLLM', 'ray_node_cpu_utilization 1\n'],
    ['Kong without its AI plugins', 'kong_http_requests_total{code="200"} 1\n'],
  ])('%s is none of them', (_, page) => {
    expect(
      detected(`# TYPE gen_ai_client_token_usage histogram\n`.repeat(Number(page.startsWith('gen_ai'))) + page),
    ).toEqual([])
  })

  test('an engine behind another server on one page is counted once, the other models stay', () => {
    const read = (name: string) => {
      const reader = new PageReader({ maxSeries: 1000 })
      return [zeroed(fixture(name)), fixture(name)].map((page, index) => {
        const found = reader.read(page, plainTarget, index * 10_000)
        found.commit()
        return found.rows
      })[1]
    }
    const triton = read('triton.prom')
    expect(triton?.server_samples.map((row) => [row.server, said(row)])).toEqual([
      ['vllm', { model: 'vllm_model', input_tokens: 44, output_tokens: 33 }],
      [
        'triton',
        {
          model: 'tiny',
          running: 5,
          waiting: 2,
          kv_cache_ratio: 0.25,
          kv_capacity_tokens: 9600,
          max_concurrency: 64,
          requests_ok: 4,
          requests_failed: 2,
          ttft_ms: h(3, 450),
          e2e_ms: h(4, 4),
        },
      ],
    ])
    // What no row says is kept as it is: other values of a label, the model that was left out.
    const plain = triton?.metric_samples.map(
      ({ name, labels }) => `${name} ${labels.get('request_type') ?? labels.get('model')}`,
    )
    expect(plain).toContain('nv_trt_llm_request_metrics active')
    expect(plain).toContain('nv_inference_request_success vllm_model')
    expect(plain).not.toContain('nv_trt_llm_request_metrics waiting')
    expect(read('kserve-vllm.prom')?.server_samples.map((row) => [row.server, said(row)])).toEqual([
      ['vllm', { model: 'acme/tiny-chat', running: 1, output_tokens: 77 }],
    ])
  })
})

/** Values of every capture of a server; the others belong to none. */
const captured: Record<string, [kind: string, rows: Expected[]]> = {
  'vllm-v1-2026-03-kops-conformance.prom': [
    'vllm',
    [{ model: 'Qwen/Qwen2.5-0.5B-Instruct', kv_capacity_tokens: 101_625 * 16, ...idleVllm }],
  ],
  'vllm-v1-2025-11-idle-qwen1.5-0.5b-chat.prom': [
    'vllm',
    [{ model: 'Qwen/Qwen1.5-0.5B-Chat', kv_capacity_tokens: 2452 * 16, ...idleVllm }],
  ],
  'vllm-v0-2024-06-datadog.prom': [
    'vllm',
    [
      {
        model: 'facebook/opt-125m',
        running: 0,
        waiting: 0,
        kv_cache_ratio: 0,
        kv_capacity_tokens: 7281 * 16,
        input_tokens: 5,
        output_tokens: 7,
        requests_ok: 1,
        requests_failed: 0,
        preemptions: 0,
        finished: { length: 1 },
        ttft_ms: h(1, 313.2672),
        itl_ms: h(6, 190.1631),
        e2e_ms: h(1, 503.4304),
        request_input_tokens: h(1, 5),
        request_output_tokens: h(1, 7),
      },
    ],
  ],
  'ray-serve-vllm-datadog.prom': [
    'ray-vllm',
    [
      {
        model: 'neuralmagic/Meta-Llama-3.1-70B-Instruct-FP8',
        running: 0,
        waiting: 0,
        kv_cache_ratio: 5.882698982295764e-5,
        input_tokens: 58,
        output_tokens: 300,
        requests_ok: 1,
        requests_failed: 0,
        finished: { length: 1 },
        ttft_ms: h(1, 271.0125),
        itl_ms: h(299, 16_178.5376),
        e2e_ms: h(1, 16_449.5502),
        request_input_tokens: h(1, 58),
        request_output_tokens: h(1, 300),
      },
      {
        model: 'facebook/opt-125m',
        kv_cache_ratio: 0,
        preemptions: 0,
        prefix_hits: 64,
        prefix_queries: 117,
        steps: 71,
        step_tokens: 267,
        itl_ms: h(144, 623.7392),
        tpot_ms: h(6, 25.5415),
        queue_ms: h(6, 0.0736),
        prefill_ms: h(6, 214.0041),
        decode_ms: h(6, 623.7392),
      },
    ],
  ],
  'sglang-v0.4-docs-loaded.prom': [
    'sglang',
    [
      {
        model: 'meta-llama/Llama-3.1-8B-Instruct',
        running: 162,
        waiting: 2826,
        kv_cache_ratio: 0.28,
        input_tokens: 8_128_902,
        output_tokens: 7_557_572,
        prefix_queries: 8_128_902,
        ttft_ms: h(11_008, 2_351_897_947.4118),
        itl_ms: h(7_400_757, 866_964_579.155),
        e2e_ms: h(11_228, 3_116_093_850.0199),
      },
    ],
  ],
  'tgi-datadog.prom': [
    'tgi',
    [
      {
        model: '',
        running: 0,
        waiting: 0,
        batch_size: 0,
        input_tokens: 662,
        output_tokens: 3423,
        requests_ok: 109,
        requests_failed: 2,
        accepted_tokens: 0,
        tpot_ms: h(109, 8643.1609),
        e2e_ms: h(109, 541_214.0316),
        queue_ms: h(109, 295_275.962),
        request_input_tokens: h(109, 662),
        request_output_tokens: h(109, 3423),
      },
    ],
  ],
  'nim-llama-3.1-8b-datadog.prom': [
    'nim',
    [
      {
        model: 'meta/llama-3.1-8b-instruct',
        running: 1,
        waiting: 0,
        kv_cache_ratio: 0.0002848191398461977,
        max_concurrency: 64,
        input_tokens: 109,
        output_tokens: 174,
        requests_ok: 5,
        requests_failed: 0,
        finished: { length: 5 },
        ttft_ms: h(5, 611.9843),
        itl_ms: h(169, 1856.8559),
        e2e_ms: h(5, 2468.8401),
        request_input_tokens: h(5, 109),
        request_output_tokens: h(5, 174),
      },
    ],
  ],
  'triton-datadog.prom': [
    'triton',
    [
      ['simple_string', 0, 0, 0],
      ['simple_sequence', 0, 0, 0],
      ['simple_int8', 0, 0, 0],
      ['simple_identity', 0, 0, 0],
      ['densenet_onnx', 3, 1327.965, 0.145],
      ['simple_dyna_sequence', 0, 0, 0],
      ['inception_graphdef', 0, 0, 0],
      ['simple', 0, 0, 0],
    ].map(([model, requests = 0, duration = 0, queued = 0]) => ({
      model,
      waiting: 0,
      requests_ok: requests,
      requests_failed: 0,
      e2e_ms: h(Number(requests), Number(duration)),
      queue_ms: h(Number(requests), Number(queued)),
    })),
  ],
  'triton-trtllm-backend-readme.prom': [
    'triton',
    [
      {
        model: 'tensorrt_llm',
        running: 1,
        waiting: 1,
        kv_cache_ratio: 0.4875,
        kv_capacity_tokens: 6239 * 64,
        max_concurrency: 512,
      },
    ],
  ],
  'litellm-v1.95-datadog-HEAD-EXCERPT.prom': [
    'litellm',
    [
      ['mock-basic', 5 + 3 + 2, 0],
      ['mock-cache-read', 3, 0],
      ['mock-cache-write', 3, 0],
      ['mock-reason', 3, 0],
      ['mock-audio', 3, 0],
      ['mock-fail', 0, 2],
    ].map(([model, requests_ok, requests_failed]) => ({
      model,
      requests_ok,
      requests_failed,
      http_4xx: 0,
      http_5xx: requests_failed,
    })),
  ],
  'litellm-v1.95-datadog-TAIL-EXCERPT.prom': ['litellm', [{ model: '', running: 2 }]],
  ...Object.fromEntries(
    ['2025-12-admin-test-old-token-suffix', '2026-08-admin-test'].map((version) => [
      `envoy-ai-gateway-${version}.prom`,
      [
        'envoy-ai-gateway',
        [
          {
            model: 'qwen2.5:0.5b',
            input_tokens: 44,
            output_tokens: 14,
            requests_ok: 1,
            requests_failed: 0,
            e2e_ms: h(1, 10_808.0953),
            request_input_tokens: h(1, 44),
            request_output_tokens: h(1, 14),
          },
        ],
      ] as [string, Expected[]],
    ]),
  ),
}

/** Of the endpoint picker each capture has one family; those that are not here have none that a row says. */
const capturedEpp: Record<string, Expected[]> = {
  input_tokens_metric: [
    { model: 'm10', input_tokens: 60, prefix_queries: 60, request_input_tokens: h(3, 60) },
    { model: 'm20', input_tokens: 40, prefix_queries: 40, request_input_tokens: h(1, 40) },
  ],
  output_tokens_metric: [
    { model: 'm10', output_tokens: 600, request_output_tokens: h(3, 600) },
    { model: 'm20', output_tokens: 400, request_output_tokens: h(1, 400) },
  ],
  kv_cache_avg_metrics: [{ model: '', kv_cache_ratio: 0.3 }],
  request_duration_seconds_metric: [
    { model: 'm10', e2e_ms: h(3, 1670) },
    { model: 'm20', e2e_ms: h(1, 120) },
  ],
  request_error_total_metric: [
    { model: 'm10', requests_failed: 3 },
    { model: 'm20', requests_failed: 1 },
  ],
  request_total_metric: [
    { model: 'm10', requests: 3 },
    { model: 'm20', requests: 1 },
  ],
  // Its series stand twice.
  request_tpot_seconds_metric: [{ model: 'm20', tpot_ms: h(2, 161) }],
  request_ttft_seconds_metric: [
    { model: 'm10', ttft_ms: h(3, 1670) },
    { model: 'm20', ttft_ms: h(1, 120) },
  ],
  running_requests_metrics: [
    { model: 'm1', running: 1 },
    { model: 'm2', running: 1 },
  ],
}

const ofEpp = /^epp-gaie-testdata\/(.*)\.prom$/

describe.skipIf(!haveCaptures)('captures', () => {
  test.each(capturedPages())('%s', (name) => {
    const page = capture(name)
    const picker = ofEpp.exec(name)?.[1]
    const [kind, expected] = picker === undefined ? (captured[name] ?? [null, []]) : ['epp', capturedEpp[picker] ?? []]
    expect(detected(page).map((server) => server.name)).toEqual(kind === null ? [] : [kind])
    expect(rowsOf(page).map(said)).toEqual(expected)
  })

  test('every page that the table names is there', () => {
    const names = capturedPages()
    expect(Object.keys(captured).filter((name) => !names.includes(name))).toEqual([])
    expect(Object.keys(capturedEpp).filter((name) => !names.includes(`epp-gaie-testdata/${name}.prom`))).toEqual([])
  })
})
