import { afterAll, describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { CallSeries } from './call-series.ts'
import { startTelemetry } from './telemetry.ts'

const call = (fields: Partial<LlmRequest> = {}): LlmRequest => ({
  ...emptyRequest(),
  provider: 'openai',
  operation: 'chat',
  requested_model: 'gpt-4o-2024-08-06',
  model: 'gpt-4o',
  endpoint: 'eu',
  duration_ms: 1000,
  ...fields,
})

const names =
  'gen_ai_provider_name="openai",gen_ai_operation_name="chat",gen_ai_request_model="gpt-4o-2024-08-06",gen_ai_response_model="gpt-4o"'

describe('at /metrics', () => {
  const telemetry = startTelemetry('test', {})
  afterAll(() => telemetry.stop())
  /** Lines about one endpoint, without its label. */
  const lines = async (endpoint: string) => {
    const label = `,endpoint="${endpoint}"`
    const text = (await telemetry.metricsText()).split('\n')
    return text.filter((line) => line.includes(label)).map((line) => line.replace(label, ''))
  }

  test('no calls, no series', async () => {
    expect(await telemetry.metricsText()).not.toMatch(/gen_ai|inferwatch_requests/)
  })

  test('a call is in every series that it says something of', async () => {
    const known = { ttft_ms: 250, tpot_ms: 30, input_tokens: 100, output_tokens: 20, cost_usd: 0.5 }
    telemetry.calls.count(call({ ...known, duration_ms: 1280, endpoint: 'whole' }))
    const text = await lines('whole')
    // A value belongs to the bucket whose bound it equals.
    for (const line of [
      `inferwatch_requests_total{${names},status="ok"} 1`,
      `gen_ai_client_operation_duration_seconds_count{${names}} 1`,
      `gen_ai_client_operation_duration_seconds_sum{${names}} 1.28`,
      `gen_ai_client_operation_duration_seconds_bucket{${names},le="0.64"} 0`,
      `gen_ai_client_operation_duration_seconds_bucket{${names},le="1.28"} 1`,
      `gen_ai_client_operation_duration_seconds_bucket{${names},le="+Inf"} 1`,
      `gen_ai_server_time_to_first_token_seconds_bucket{${names},le="0.1"} 0`,
      `gen_ai_server_time_to_first_token_seconds_bucket{${names},le="0.25"} 1`,
      `gen_ai_server_time_per_output_token_seconds_sum{${names}} 0.03`,
      `gen_ai_client_token_usage_sum{${names},gen_ai_token_type="input"} 100`,
      `gen_ai_client_token_usage_sum{${names},gen_ai_token_type="output"} 20`,
      `inferwatch_cost_usd_total{${names}} 0.5`,
    ])
      expect(text).toContain(line)
    expect(text.join()).not.toContain('inferwatch_requests_unpriced')
  })

  test('what is unknown is in no series', async () => {
    telemetry.calls.count(call({ duration_ms: null, endpoint: 'unknown' }))
    expect(await lines('unknown')).toEqual([
      `inferwatch_requests_total{${names},status="ok"} 1`,
      `inferwatch_requests_unpriced_total{${names}} 1`,
    ])
  })

  test('names of people, teams and keys are in no label', async () => {
    const who = { user_id: 'jane', team: 'search', session_id: 's-17', api_key: 'k-abc', service: 'shop' }
    telemetry.calls.count(call(who))
    const text = await telemetry.metricsText()
    for (const name of Object.values(who)) expect(text).not.toContain(name)
  })

  test('names from outside break no line, and how many there are is said', async () => {
    telemetry.calls.count(call({ model: 'a"b\nc\\d', endpoint: 'odd' }))
    expect((await lines('odd'))[0]).toContain(String.raw`gen_ai_response_model="a\"b\nc\\d"`)
    const text = (await telemetry.metricsText()).split('\n')
    expect(text).toContain(`inferwatch_call_series ${telemetry.calls.size}`)
    expect(text).toContain('inferwatch_call_series_overflowed_total 0')
  })
})

test('names that are unknown are no labels', () => {
  const series = new CallSeries()
  series.count(call({ provider: '', endpoint: '', operation: '' }))
  expect(series.all()[0]?.attributes).toEqual({
    'gen_ai.request.model': 'gpt-4o-2024-08-06',
    'gen_ai.response.model': 'gpt-4o',
  })
})

test('counters only rise', () => {
  const series = new CallSeries()
  for (const cost_usd of [2, -1]) series.count(call({ cost_usd }))
  expect(series.all()[0]).toMatchObject({ costUsd: 2, priced: 2, unpriced: 0 })
})

describe('errors', () => {
  test.each<[Partial<LlmRequest>, string]>([
    [{ status: 'ok' }, ''],
    [{ status: 'cancelled', error_type: 'AbortError' }, ''],
    [{ status: 'filtered' }, ''],
    [{ status: 'error', error_type: 'APIError' }, 'APIError'],
    [{ status: 'error' }, '_OTHER'],
    [{ status: 'error', error_type: 'x'.repeat(201) }, '_OTHER'],
    [{ status: 'rate_limited' }, 'rate_limited'],
    [{ status: 'rate_limited', error_type: '429' }, '429'],
    [{ status: 'timeout' }, 'timeout'],
  ])('%o', (fields, type) => {
    const series = new CallSeries()
    series.count(call(fields))
    expect([...(series.all()[0]?.durations.keys() ?? [])]).toEqual([type])
  })

  test('beyond ten types are counted together', () => {
    const series = new CallSeries()
    for (let id = 0; id < 20; id++) series.count(call({ status: 'error', error_type: `request ${id} failed` }))
    series.count(call())
    const durations = series.all()[0]?.durations
    expect(durations?.size).toBe(12)
    expect(durations?.get('_OTHER')?.count).toBe(10)
    expect(durations?.get('')?.count).toBe(1)
  })
})

describe('names beyond the limit', () => {
  test('are counted without them; known ones go on', () => {
    const series = new CallSeries(2)
    for (const model of ['a', 'b', 'c', 'd', 'a']) series.count(call({ model, cost_usd: 1 }))
    expect(series.all().map(({ attributes, costUsd }) => [attributes['gen_ai.response.model'], costUsd])).toEqual([
      ['a', 2],
      ['b', 1],
      [undefined, 2],
    ])
    expect(series.all()[2]?.attributes).toEqual({ 'otel.metric.overflow': true })
    expect([series.size, series.overflowed]).toEqual([2, 2])
  })

  test('long names count as such', () => {
    const series = new CallSeries()
    series.count(call({ requested_model: 'x'.repeat(201) }))
    expect([series.size, series.overflowed]).toEqual([0, 1])
  })
})
