/** The kinds that read requests one by one: expected values are recounted from the rows. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, requestStatuses, type LlmRequest } from '../../records/llm-request.ts'
import { testStorage } from '../../storage/testing.ts'
import { random } from '../../test/dashboard/seed.ts'
import { ask, questionAt } from '../ask.ts'
import type { Sample } from '../instance.ts'
import { parseRuleFile } from '../rule-file.ts'

const to = Date.UTC(2026, 10, 21, 10)
const second = 1_000
const minute = 60 * second
const draw = random(7)
const below = (limit: number) => Math.floor(draw() * limit)
const oneOf = <T>(values: readonly [T, ...T[]]): T => values[below(values.length)] ?? values[0]

/** Two hours; what no client or server would say is unknown as often as not. */
const requests: LlmRequest[] = Array.from({ length: 800 }, (_, index) => {
  const span_id = index.toString(16).padStart(16, '0')
  const output_tokens = oneOf([null, 0, 1, below(500), below(500), below(500)])
  return {
    ...emptyRequest(),
    trace_id: span_id.repeat(2),
    span_id,
    timestamp: (to - below(120 * minute) - 1) * 1000,
    model: oneOf(['gpt-4o', 'llama', 'qwen']),
    provider: oneOf(['openai', 'vllm']),
    duration_ms: oneOf([null, 0, below(9_000), below(9_000), below(9_000)]),
    tpot_ms: oneOf([null, below(900) / 8, below(900) / 8]),
    output_tokens,
    status: requestStatuses[below(requestStatuses.length)] ?? 'ok',
    http_status: oneOf([null, 200, 400, 404, 429, 500, 503]),
    cost_usd: oneOf([null, 0, 0.5, 0.25]),
  }
})

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await storage.db.insert('requests', requests)
})
afterAll(() => storage.stop())

async function samples(fields: object): Promise<Sample[]> {
  const file = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', ...fields }] }] })
  const { groups, problems } = parseRuleFile(file, 'rules.yaml')
  expect(problems).toEqual([])
  const rule = groups[0]?.rules[0]
  return rule ? ask(storage.reader, rule, questionAt(rule, to, 0), AbortSignal.timeout(10_000)) : []
}

/** What `value` makes of the rows of each model in the window; a null one is no result. */
function recount(window_ms: number, value: (rows: LlmRequest[]) => number | null): Sample[] {
  const rows = requests.filter(({ timestamp }) => timestamp / 1000 >= to - window_ms)
  return ['gpt-4o', 'llama', 'qwen'].flatMap((model) => {
    const counted = value(rows.filter((row) => row.model === model))
    return counted === null ? [] : [{ labels: { model }, value: counted }]
  })
}

const ratio = (rows: LlmRequest[], holds: (row: LlmRequest) => boolean) => rows.filter(holds).length / rows.length
const failed = ({ status }: LlmRequest) => status === 'error'
const httpStatus = (row: LlmRequest) => row.http_status ?? 0
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

function quantile(level: number, values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b)
  return known[Math.floor(level * known.length)] ?? null
}

const by = { by: ['model'], window: '1h' }

test.each([
  [
    { kind: 'tpot', quantile: 0.9, above: '0ms', ...by },
    (rows) =>
      quantile(
        0.9,
        rows.map((row) => row.tpot_ms),
      ),
  ],
  [
    { kind: 'error_ratio', class: 'rate_limited', above: 0, ...by },
    (rows) => ratio(rows, (row) => row.status === 'rate_limited'),
  ],
  [
    { kind: 'error_ratio', class: 'timeout', above: 0, ...by },
    (rows) => ratio(rows, (row) => row.status === 'timeout'),
  ],
  [
    { kind: 'error_ratio', class: 'client', above: 0, ...by },
    (rows) => ratio(rows, (row) => failed(row) && httpStatus(row) >= 400 && httpStatus(row) < 500),
  ],
  [
    { kind: 'error_ratio', class: 'server', above: 0, ...by },
    (rows) => ratio(rows, (row) => failed(row) && httpStatus(row) >= 500),
  ],
  [
    { kind: 'error_ratio', class: 'other', above: 0, ...by },
    (rows) => ratio(rows, (row) => failed(row) && httpStatus(row) < 400),
  ],
  [
    { kind: 'error_ratio', class: ['cancelled', 'filtered'], above: 0, ...by },
    (rows) => ratio(rows, ({ status }) => status === 'cancelled' || status === 'filtered'),
  ],
  [
    { kind: 'error_ratio', class: ['client', 'server', 'other', 'timeout', 'rate_limited'], above: 0, ...by },
    (rows) => ratio(rows, ({ status }) => ['error', 'timeout', 'rate_limited'].includes(status)),
  ],
  [
    { kind: 'tokens_per_second', of: 'all', below: 1_000, ...by },
    (rows) => sum(rows.map((row) => row.output_tokens ?? 0)) / 3_600,
  ],
  [
    { kind: 'tokens_per_second', below: 1e6, quantile: 0.1, ...by },
    (rows) =>
      quantile(
        0.1,
        rows.map(({ output_tokens, duration_ms }) =>
          output_tokens === null || !duration_ms ? null : (output_tokens / duration_ms) * 1_000,
        ),
      ),
  ],
  [
    { kind: 'unpriced', above: 0, ...by },
    (rows) =>
      ratio(
        rows.filter(({ status }) => status === 'ok' || status === 'filtered'),
        (row) => row.cost_usd === null,
      ),
  ],
] as [object, (rows: LlmRequest[]) => number | null][])('%j', async (rule, value) => {
  const found = await samples(rule)
  expect(found).toEqual(
    recount(60 * minute, value).map((sample) => ({ labels: sample.labels, value: expect.closeTo(sample.value, 9) })),
  )
  expect(found).toHaveLength(3)
})

test.each([
  // Of the requests that tell their tokens, their TPOT, or were answered: those of the others don't count.
  [{ kind: 'tokens_per_second', of: 'all', below: '1000/s' }, (row: LlmRequest) => row.output_tokens !== null],
  [
    { kind: 'tokens_per_second', below: '1000000/s' },
    (row: LlmRequest) => row.output_tokens !== null && Boolean(row.duration_ms),
  ],
  [{ kind: 'tpot', above: '0ms' }, (row: LlmRequest) => row.tpot_ms !== null],
  [{ kind: 'unpriced', above: 0 }, ({ status }: LlmRequest) => status === 'ok' || status === 'filtered'],
  [{ kind: 'error_ratio', class: 'rate_limited', above: 0 }, () => true],
])('%j keeps to min_requests', async (rule, counts) => {
  const behind = requests.filter((row) => row.timestamp / 1000 >= to - 10 * minute && counts(row)).length
  expect(await samples({ ...rule, window: '10m', min_requests: behind })).toHaveLength(1)
  expect(await samples({ ...rule, window: '10m', min_requests: behind + 1 })).toEqual([])
})

test('no request, no result', async () => {
  for (const rule of [
    { kind: 'tpot', below: '1h' },
    { kind: 'tokens_per_second', below: 1e9 },
    { kind: 'tokens_per_second', of: 'all', below: 1e9 },
    { kind: 'error_ratio', class: 'server', below: '100%' },
    { kind: 'unpriced', below: '100%' },
  ])
    expect(await samples({ ...rule, where: { model: 'none' }, min_requests: 0 })).toEqual([])
})

test.each([
  [
    { kind: 'error_ratio', class: 'unlucky', above: 0 },
    'rules.0.class: expected one of, or a list of: rate_limited, timeout, ',
  ],
  [
    { kind: 'tokens_per_second', of: 'all', quantile: 0.1, below: 5 },
    'rules.0.quantile: expected with `of: request` only',
  ],
  [{ kind: 'tokens_per_second', below: 'slow' }, 'rules.0.below: expected a number per second, such as 20/s or 20'],
])('%j is refused', (rule, why) => {
  const { problems } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', ...rule }] }] }), 'a')
  expect(problems.join('\n')).toContain(why)
})
