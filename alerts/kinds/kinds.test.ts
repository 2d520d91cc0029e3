/** Every kind asks real ClickHouse; the expected numbers are computed by hand from the rows. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { testStorage } from '../../storage/testing.ts'
import { ask, questionAt } from '../ask.ts'
import type { Sample } from '../instance.ts'
import { parseRuleFile } from '../rule-file.ts'
import { kinds } from './index.ts'

const to = Date.UTC(2026, 10, 21, 10)
const second = 1_000

let storage: Awaited<ReturnType<typeof testStorage>>
let spans = 0

function request(secondsBefore: number, fields: Partial<LlmRequest>): LlmRequest {
  const span_id = (++spans).toString(16).padStart(16, '0')
  const base = { trace_id: span_id.repeat(2), span_id, timestamp: (to - secondsBefore * second) * 1000 }
  return Object.assign(emptyRequest(), base, fields)
}

beforeAll(async () => {
  storage = await testStorage()
  const tens = (index: number) => (index + 1) * 100
  await storage.db.insert('requests', [
    // gpt-4o: 100, 200 … 1000 ms, each streamed with a TTFT of a tenth; 2 of 10 fail, one is cancelled; $0.25 each.
    ...Array.from({ length: 10 }, (_, index) =>
      request(10 + index, {
        model: 'gpt-4o',
        team: index < 5 ? 'search' : 'chat',
        environment: 'production',
        duration_ms: tens(index),
        ttft_ms: tens(index) / 10,
        status: (['error', 'rate_limited', 'cancelled'] as const)[index] ?? 'ok',
        cost_usd: 0.25,
      }),
    ),
    // llama: two requests, not streamed, no price known.
    request(30, { model: 'llama', environment: 'staging', duration_ms: 5_000, status: 'timeout' }),
    request(40, { model: 'llama', environment: 'staging', duration_ms: 7_000 }),
    // Duration unknown: no latency, but a request.
    request(50, { model: 'log', environment: 'production', duration_ms: null, cost_usd: 0.5 }),
    // Outside the half-open window of five minutes: just before it, and at its end.
    request(301, {
      model: 'gpt-4o',
      environment: 'production',
      duration_ms: 1e9,
      ttft_ms: 1e9,
      status: 'error',
      cost_usd: 1e3,
    }),
    request(0, {
      model: 'gpt-4o',
      environment: 'production',
      duration_ms: 1e9,
      ttft_ms: 1e9,
      status: 'error',
      cost_usd: 1e3,
    }),
  ])
})
afterAll(() => storage.stop())

async function samples(rule: object): Promise<Sample[]> {
  const file = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', ...rule }] }] })
  const { groups, problems } = parseRuleFile(file, 'rules.yaml')
  expect(problems).toEqual([])
  const parsed = groups[0]?.rules[0]
  if (!parsed) return []
  return ask(storage.reader, parsed, questionAt(parsed, to, 0), AbortSignal.timeout(10_000))
}

const gpt = (value: number) => ({ labels: { model: 'gpt-4o' }, value })
const llama = (value: number) => ({ labels: { model: 'llama' }, value })

test.each([
  // Ten values sorted, index floor(0.95 × 10) = 9; two values, index 1.
  [{ kind: 'latency', by: ['model'], above: '1ms' }, [gpt(1_000), llama(7_000)]],
  [{ kind: 'latency', by: ['model'], above: '1ms', quantile: 0.5 }, [gpt(600), llama(7_000)]],
  [{ kind: 'latency', by: ['model'], above: '1s' }, [llama(7_000)]],
  [{ kind: 'latency', by: ['model'], below: '7s' }, [gpt(1_000)]],
  [{ kind: 'latency', by: ['model'], above: '1ms', min_requests: 3 }, [gpt(1_000)]],
  [{ kind: 'latency', by: ['model'], above: '1ms', where: { environment: 'production' } }, [gpt(1_000)]],
  [{ kind: 'latency', by: ['model'], above: '1ms', where: { model: ['llama', 'x'] } }, [llama(7_000)]],
  // Of all twelve: 100 … 1000, 5000, 7000: index floor(0.9 × 12) = 10.
  [{ kind: 'latency', above: '1ms', quantile: 0.9 }, [{ labels: {}, value: 5_000 }]],
  // Teams by model: search has 100 … 500, chat 600 … 1000.
  [
    { kind: 'latency', by: ['team'], quantile: 0.5, above: '1ms', where: { model: 'gpt-4o' } },
    [
      { labels: { team: 'chat' }, value: 800 },
      { labels: { team: 'search' }, value: 300 },
    ],
  ],
  [{ kind: 'ttft', by: ['model'], quantile: 0.5, above: '1ms' }, [gpt(60)]],
  [{ kind: 'ttft', by: ['model'], above: '1ms', where: { model: 'llama' } }, []],
  // Failed: error and rate_limited of ten; cancelled is no failure. A time-out of two.
  [{ kind: 'error_ratio', by: ['model'], above: '0%' }, [gpt(0.2), llama(0.5)]],
  [{ kind: 'error_ratio', by: ['model'], above: 0.2 }, [llama(0.5)]],
  [{ kind: 'error_ratio', above: '1%' }, [{ labels: {}, value: 3 / 13 }]],
  // $2.50 in five minutes is $30 an hour; llama has no price, which is not $0.
  [{ kind: 'spend_rate', by: ['model'], window: '5m', above: 0 }, [gpt(30), { labels: { model: 'log' }, value: 6 }]],
  [{ kind: 'spend_rate', by: ['model'], window: '5m', below: 1 }, []],
  [{ kind: 'spend_rate', window: '5m', above: '$35.99' }, [{ labels: {}, value: 36 }]],
  [{ kind: 'spend_rate', window: '5m', above: '$36' }, []],
  // An hour back there is $1000 more.
  [{ kind: 'spend_rate', window: '1h', above: 0 }, [{ labels: {}, value: 1_003 }]],
  // Nothing matches: no result, not 0.
  [{ kind: 'latency', above: '0ms', where: { model: 'none' } }, []],
  [{ kind: 'error_ratio', below: '100%', where: { model: 'none' } }, []],
  [{ kind: 'spend_rate', below: 1, where: { model: 'none' } }, []],
])('%j', async (rule, expected) => {
  expect(await samples(rule)).toEqual(
    expected.map(({ labels, value }) => ({ labels, value: expect.closeTo(value, 9) })),
  )
})

const counts = `select model, count() as value from requests
  where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)} group by model order by model`

test.each([
  ['every row', { sql: counts }, [10, 2, 1]],
  ['above', { sql: counts, above: 1 }, [10, 2]],
  ['below', { sql: counts, below: 2 }, [1]],
  ['decimals and big integers', { sql: 'select toDecimal64(1.5, 2) as value, 1 as n' }, [1.5]],
  ['null is no result', { sql: 'select null as value' }, []],
])('sql: %s', async (_, rule, values) => {
  expect((await samples(rule)).map(({ value }) => value)).toEqual(values)
})

test('sql: other columns are labels', async () => {
  const [sample] = await samples({ sql: "select 1 as value, 'a' as x, 2 as y, true as z, null as gone" })
  expect(sample).toEqual({ value: 1, labels: { x: 'a', y: '2', z: 'true' } })
})

test.each([
  ['select 1 as wrong', /no column `value`/],
  ["select 'abc' as value", /not a number/],
  ['select 1 as value, [1] as list', /column `list` is no label/],
  ['select number as value, number from numbers(2000)', /more than 1000 instances/],
  ['select sum(nope) as value from requests', /nope/],
  ['insert into requests (model) values (1)', /./],
])('sql: %s fails', async (sql, why) => {
  await expect(samples({ sql })).rejects.toThrow(why)
})

test.each(kinds.map((kind) => [kind.name, kind.example] as const))('the example of %s works', async (_, example) => {
  expect(await samples(example as object)).toBeInstanceOf(Array)
})
