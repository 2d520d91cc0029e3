import { expect, test } from 'vitest'
import { pastRequests } from './past/requests.ts'
import { pastServerSample, sampleMs } from './past/samples.ts'
import { pastSpans } from './past/spans.ts'
import { seeded } from './random.ts'
import { defaultFaults, drawCall, faults, liveFault, pastFault, requestRate, vllmEndpoint } from './scenario.ts'

const minuteMs = 60_000
const day = Date.UTC(2026, 10, 18)
const quiet = day / minuteMs + 12 * 60
const limited = day / minuteMs + 15 * 60 + 20
const saturated = day / minuteMs + 9 * 60 + 40
const places = { vllm_instance: '127.0.0.1:8000' }

test('any 24 hours of the past hold every fault', () => {
  for (const start of [0, 5, 11, 18]) {
    const seen = new Set(Array.from({ length: 1440 }, (_, at) => pastFault(day + start * 3_600_000 + at * minuteMs)))
    expect(seen).toEqual(new Set([null, ...faults]))
  }
})

test('live faults come one after the other, with quiet times between', () => {
  const { first_after_ms: first, every_ms: every, lasts_ms: lasts } = defaultFaults
  expect(liveFault(defaultFaults, first - 1)).toBeNull()
  expect([0, 1, 2, 3].map((at) => liveFault(defaultFaults, first + at * every))).toEqual([...faults, faults[0]])
  expect(liveFault(defaultFaults, first + lasts)).toBeNull()
})

test('the rate has a day and a night', () => {
  const at = (hour: number) => requestRate(day + hour * 3_600_000)
  expect(at(14) / at(3)).toBeGreaterThan(1.8)
  expect(at(14)).toBeLessThan(6)
  // The 21st is a Saturday.
  expect(requestRate(day + 3 * 86_400_000)).toBeLessThan(at(0))
})

test('a minute of the past is the same each time, and no other', () => {
  const requests = pastRequests(quiet, places)
  expect(pastRequests(quiet, places)).toEqual(requests)
  expect(pastRequests(quiet + 1, places)[0]?.trace_id).not.toBe(requests[0]?.trace_id)
  expect(requests.length).toBeGreaterThan(100)
  for (const { timestamp, trace_id, span_id, environment, duration_ms } of requests) {
    expect(Math.floor(timestamp / 60e6)).toBe(quiet)
    expect(trace_id).toMatch(/^[0-9a-f]{32}$/)
    expect(span_id).toMatch(/^[0-9a-f]{16}$/)
    expect(environment).toBe('demo')
    expect(duration_ms).toBeGreaterThan(0)
  }
})

test('unknown is null: a failed request has no tokens and no first token', () => {
  const failed = pastRequests(limited, places).filter(({ status }) => status === 'rate_limited')
  expect(failed.length).toBeGreaterThan(10)
  for (const request of failed)
    expect(request).toMatchObject({
      input_tokens: null,
      output_tokens: null,
      ttft_ms: null,
      tpot_ms: null,
      http_status: 429,
    })
})

test('samples agree with the requests of their interval, and show the queue of a saturated server', () => {
  const own = (minute: number) =>
    pastRequests(minute, places).filter(
      ({ endpoint, timestamp }) => endpoint === vllmEndpoint && timestamp < (minute * minuteMs + sampleMs) * 1000,
    )
  const sample = (minute: number) => pastServerSample(minute * minuteMs + sampleMs, own(minute), places.vllm_instance)
  const ok = own(quiet).filter(({ status }) => status === 'ok')
  const total = (counts: readonly number[] | undefined) => (counts ?? []).reduce((sum, count) => sum + count, 0)
  const calm = sample(quiet)
  expect(calm).toMatchObject({ requests_ok: ok.length, waiting: 0, instance: places.vllm_instance })
  expect(calm.output_tokens).toBe(ok.reduce((sum, { output_tokens }) => sum + (output_tokens ?? 0), 0))
  expect(total(calm.e2e_ms?.counts)).toBe(ok.length)
  expect(total(calm.itl_ms?.counts)).toBe(calm.output_tokens)
  const busy = sample(saturated)
  expect(busy.waiting).toBeGreaterThan(10)
  expect(busy.kv_cache_ratio).toBeGreaterThan(0.9)
})

test('three spans a request, in one trace, the call below the user request', () => {
  const [request] = pastRequests(quiet, places)
  if (!request) throw new Error('a minute without requests')
  const [root, work, call] = pastSpans(request)
  expect(new Set([root, work, call].map((span) => span?.trace_id))).toEqual(new Set([request.trace_id]))
  expect([root?.parent_span_id, work?.parent_span_id, call?.parent_span_id]).toEqual(['', root?.span_id, root?.span_id])
  expect(call?.span_id).toBe(request.span_id)
  expect(new Set([root?.span_id, work?.span_id, call?.span_id]).size).toBe(3)
})

test('random numbers: in range, and as distributed as they say', () => {
  const random = seeded(1)
  const drawn = Array.from({ length: 20_000 }, () => random.lognormal(100, 0.5)).sort((a, b) => a - b)
  expect(drawn[10_000]).toBeGreaterThan(97)
  expect(drawn[10_000]).toBeLessThan(103)
  for (const mean of [0.7, 30, 200]) {
    const average =
      Array.from({ length: 5000 }, () => random.poisson(mean)).reduce((sum, value) => sum + value, 0) / 5000
    expect(Math.abs(average / mean - 1)).toBeLessThan(0.06)
  }
  for (let at = 0; at < 1000; at++) {
    const { app, answer_tokens, prompt_tokens } = drawCall(random)
    expect(answer_tokens).toBeLessThanOrEqual(app.max_tokens)
    expect(prompt_tokens).toBeGreaterThan(app.shared_tokens)
  }
})
