/** Windows against those around the same time of earlier days, recounted from every request. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LlmRequest } from '../../records/llm-request.ts'
import { testStorage } from '../../storage/testing.ts'
import { random } from '../../test/dashboard/seed.ts'
import { requestAt } from '../testing/request-at.ts'
import { ask, questionAt } from '../ask.ts'
import type { Sample } from '../instance.ts'
import { parseRuleFile } from '../rule-file.ts'

const minute = 60_000
const day = 1440 * minute
/** A Wednesday in Berlin, ten days after clocks went back there. */
const now = Date.UTC(2026, 10, 4, 9, 2) + 20_500
const draw = random(9)
const below = (limit: number) => Math.floor(draw() * limit)

/** From an hour before the time of day to an hour after it, at ten in Berlin; nothing at other times. */
function traffic(model: string, days: number[], perDay: number, fields: () => Partial<LlmRequest>): LlmRequest[] {
  return days.flatMap((back) => {
    const summer = now - back * day < Date.UTC(2026, 9, 25, 1) ? 60 * minute : 0
    const hours = back === 0 ? 1 : 2
    return Array.from({ length: (perDay * hours) / 2 }, () =>
      requestAt(now - back * day - summer - 60 * minute + draw() * hours * 60 * minute, { model, ...fields() }),
    )
  })
}

const lately = Array.from({ length: 15 }, (_, index) => index)
const usual = () => ({
  status: draw() < 0.1 ? ('error' as const) : ('ok' as const),
  duration_ms: draw() < 0.1 ? null : below(3_000),
  input_tokens: draw() < 0.2 ? null : below(2_000),
  output_tokens: draw() < 0.2 ? null : below(500),
  cost_usd: draw() < 0.2 ? null : below(1e6) / 1e6,
})
const requests = [
  ...traffic('steady', lately, 320, usual),
  // Six times as many as ever, dearer and slower, and half of them fail.
  ...traffic('surge', lately.slice(1), 240, usual),
  ...traffic('surge', [0], 1_440, () => ({
    ...usual(),
    duration_ms: 9_000 + below(100),
    cost_usd: 3,
    status: 'error',
  })),
  ...traffic('gone', lately.slice(1), 320, usual),
  // Two days are no habit yet.
  ...traffic('new', [0, 1, 2], 200, usual),
  ...traffic('rare', lately.slice(1), 4, usual),
  ...traffic('rare', [0], 9, () => ({ status: 'error' })),
  ...traffic('unpriced', lately, 120, () => ({ ...usual(), cost_usd: null, input_tokens: null, output_tokens: null })),
]

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await storage.db.insert('requests', requests)
  await storage.rollups.flush()
}, 240_000)
afterAll(() => storage.stop())

async function samples(fields: object): Promise<Sample[]> {
  const rule = { alert: 'X', kind: 'anomaly', time_zone: 'Europe/Berlin', by: ['model'], ...fields }
  const { groups, problems } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }), 'rules.yaml')
  expect(problems).toEqual([])
  const parsed = groups[0]?.rules[0]
  return parsed ? ask(storage.reader, parsed, questionAt(parsed, now, 0), AbortSignal.timeout(30_000)) : []
}

type Value = (rows: LlmRequest[]) => number | null
interface Expected {
  window_ms: number
  value: Value
  counts: (rows: LlmRequest[]) => number
  rate: boolean
  min_requests: number
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2
}

/** The band of a model as the definition says it; null before there are 16 windows, or where a value or traffic is missing. */
function bandOf(model: string, { window_ms, value, counts, rate, min_requests }: Expected) {
  const rows = requests.filter((row) => row.model === model)
  const between = (from: number, to: number) => rows.filter(({ timestamp: at }) => at / 1000 >= from && at / 1000 < to)
  const side = Math.floor((30 * minute) / window_ms)
  const windows = Array.from({ length: 14 }, (_, index) => 14 - index).flatMap((back) => {
    const summer = now - back * day < Date.UTC(2026, 9, 25, 1) ? 60 * minute : 0
    const end = Math.floor((now - back * day - summer) / minute) * minute
    return Array.from({ length: 2 * side + 1 }, (_, index) => {
      const to = end + (index - side) * window_ms
      return between(to - window_ms, to)
    })
  })
  const begun = windows.slice(windows.findIndex((window) => counts(window) > 0))
  const telling = begun.filter((window) => rate || counts(window) >= Math.max(min_requests, 1))
  const known = telling.map(value).filter((found) => found !== null)
  const latest = between(now - window_ms, now)
  const found = value(latest)
  const heard = begun.reduce((total, window) => total + counts(window), 0) / known.length
  const traffic_ = rate ? Math.max(heard, counts(latest)) : counts(latest)
  if (known.length < 16 || found === null || traffic_ < min_requests) return null
  const expected = median(known)
  const spread = (4 / 0.6745) * Math.max(median(known.map((one) => Math.abs(one - expected))), 0.05 * expected)
  return { found, expected, low: Math.max(expected - spread, 0), high: expected + spread, samples: known.length }
}

const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0)
const some = (values: (number | null)[]) => values.length === 0 || values.some((value) => value !== null)
const count = (rows: LlmRequest[]) => rows.length

function quantile(level: number, values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b)
  return known[Math.floor(level * known.length)] ?? null
}

const usualCase = { window_ms: 15 * minute, counts: count, rate: true, min_requests: 20 }
const cases: [object, Expected, string[]][] = [
  [{ measure: 'requests' }, { ...usualCase, value: (rows) => rows.length / 15 }, ['gone below', 'surge above']],
  [
    { measure: 'requests', where: { model: ['steady', 'surge', 'gone'] }, window: '5m', min_requests: 5 },
    { ...usualCase, window_ms: 5 * minute, min_requests: 5, value: (rows) => rows.length / 5 },
    ['gone below', 'surge above'],
  ],
  [{ measure: 'requests', direction: 'above' }, { ...usualCase, value: (rows) => rows.length / 15 }, ['surge above']],
  [
    { measure: 'spend' },
    {
      ...usualCase,
      value: (rows) => (some(rows.map((row) => row.cost_usd)) ? sum(rows.map((row) => row.cost_usd)) * 4 : null),
    },
    ['surge above'],
  ],
  [
    { measure: 'tokens' },
    {
      ...usualCase,
      value: (rows) =>
        some(rows.flatMap((row) => [row.input_tokens, row.output_tokens]))
          ? sum(rows.flatMap((row) => [row.input_tokens, row.output_tokens])) / 15
          : null,
    },
    ['surge above'],
  ],
  [
    { measure: 'error_ratio', min_requests: 5 },
    {
      ...usualCase,
      rate: false,
      min_requests: 5,
      value: (rows) => rows.filter(({ status }) => status === 'error').length / rows.length,
    },
    ['surge above'],
  ],
  [
    { measure: 'latency', quantile: 0.5, window: '10m', min_requests: 5 },
    {
      window_ms: 10 * minute,
      counts: (rows) => rows.filter((row) => row.duration_ms !== null).length,
      rate: false,
      min_requests: 5,
      value: (rows) =>
        quantile(
          0.5,
          rows.map((row) => row.duration_ms),
        ),
    },
    ['surge above'],
  ],
]

test.each(cases)('%j: what is outside the band, and the band', async (fields, expected, outside) => {
  const found = await samples(fields)
  expect(found.map(({ labels, details }) => `${labels['model']} ${details?.['direction']}`).sort()).toEqual(outside)
  for (const { labels, value, details } of found) {
    const band = bandOf(labels['model'] ?? '', expected)
    expect(value).toBeCloseTo(band?.found ?? Number.NaN, 6)
    for (const name of ['expected', 'low', 'high', 'samples'] as const)
      expect(Number(details?.[name]), name).toBeCloseTo(band?.[name] ?? Number.NaN, 6)
  }
  // The others are inside it, or there is not enough to say; those below it where only what is above counts.
  const others = ['steady', 'surge', 'gone', 'new', 'rare', 'unpriced'].filter(
    (model) => !outside.some((name) => name.startsWith(`${model} `)),
  )
  for (const band of others.map((model) => bandOf(model, expected)).filter((known) => known !== null)) {
    expect(band.found).toBeLessThanOrEqual(Math.max(band.high, 1.2 * band.expected))
    expect(band.found).toBeGreaterThanOrEqual(outside.length > 1 ? Math.min(band.low, 0.8 * band.expected) : 0)
  }
})

test('too little is known of what is new or rare', () => {
  const [, expected] = cases[0] ?? []
  expect(['new', 'rare'].map((model) => expected && bandOf(model, expected))).toEqual([null, null])
})

test('all of it, without `by`, and from raw rows where rollups know no such column', async () => {
  const surge = { where: { model: 'surge' }, measure: 'requests' }
  const [whole] = await samples({ ...surge, by: [] })
  const [raw] = await samples({ ...surge, by: ['user_id'] })
  expect(whole).toMatchObject({ labels: {}, details: { direction: 'above' } })
  expect(raw).toEqual({ ...whole, labels: { user_id: '' } })
  expect(await samples({ ...surge, by: [], where: { model: 'none' } })).toEqual([])
})

test('what is near to the expected is no anomaly', async () => {
  const surge = { measure: 'requests', where: { model: 'surge' } }
  const [sample] = await samples(surge)
  const expected = Number(sample?.details?.['expected'])
  const away = Number(sample?.value) - expected
  expect(await samples({ ...surge, min_deviation: away - 0.01 })).toHaveLength(1)
  expect(await samples({ ...surge, min_deviation: away + 0.01 })).toEqual([])
  const share = away / expected
  expect(await samples({ ...surge, min_relative_deviation: `${share * 100 - 1}%` })).toHaveLength(1)
  expect(await samples({ ...surge, min_relative_deviation: `${share * 100 + 1}%` })).toEqual([])
  expect(await samples({ ...surge, deviations: 1_000 })).toEqual([])
})

test('the same weekday alone', async () => {
  const weekly = { measure: 'requests', where: { model: 'surge' }, season: 'week', lookback: '14d' }
  // Five windows on each of two Wednesdays.
  expect(await samples({ ...weekly, min_samples: 10 })).toMatchObject([{ details: { samples: '10' } }])
})

test.each([
  [{ measure: 'requests', window: '90s' }, 'window: expected whole minutes, from 1m to 6h; found "90s"'],
  [{ measure: 'requests', window: '7h' }, 'window: expected whole minutes, from 1m to 6h'],
  [{ measure: 'requests', quantile: 0.5 }, 'quantile: expected with latency, ttft or tpot only'],
  [{ measure: 'requests', window: '1h' }, 'lookback: gives 14 windows to compare with; expected min_samples (16) to'],
  [{ measure: 'latency', min_deviation: '5%' }, 'min_deviation: expected a duration such as 800ms'],
  [{ measure: 'luck' }, 'measure: '],
])('%j is refused', (fields, why) => {
  const rule = { alert: 'X', kind: 'anomaly', ...fields }
  const { problems } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }), 'a')
  expect(problems.join('\n')).toContain(why)
})
