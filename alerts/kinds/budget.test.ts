/** Budgets against a recount of every request, over rollups, time zones, changes of clocks and months of all lengths. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { piecesOf } from '../../storage/queries/request-pieces.ts'
import { testStorage } from '../../storage/testing.ts'
import { random } from '../../test/dashboard/seed.ts'
import { ask, questionAt } from '../ask.ts'
import { applySamples, type Instance, type Sample } from '../instance.ts'
import { formatLabels } from '../labels.ts'
import { parseRuleFile } from '../rule-file.ts'
import type { Rule } from '../rule.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const draw = random(3)
const begun = Date.UTC(2026, 9, 3, 7)
const end = Date.UTC(2026, 10, 22)

/** The hours in which there are requests: some of seven weeks, and those around the bounds of the periods below. */
const busy = [
  ...Array.from({ length: 15 }, () => begun + Math.floor((draw() * (end - begun)) / hour) * hour),
  ...[
    '2026-10-05T23 2026-10-08T06 2026-10-20T21 2026-10-20T22 2026-10-27T22 2026-10-27T23 2026-10-28T08 2026-10-28T09',
    '2026-10-31T22 2026-10-31T23 2026-11-11T18 2026-11-15T18 2026-11-15T23 2026-11-16T00 2026-11-18T04 2026-11-18T05',
    '2026-11-18T18 2026-11-18T19 2026-11-18T20 2026-11-19T23 2026-11-20T00 2026-11-20T11 2026-11-20T12 2026-11-20T13',
  ].flatMap((hours) => hours.split(' ').map((text) => Date.parse(`${text}:00Z`))),
]

/** `late` sends its first request on 10 November, `free` never has a price. */
const requests: LlmRequest[] = Array.from({ length: 2_500 }, (_, index) => {
  const span_id = index.toString(16).padStart(16, '0')
  const team = ['search', 'chat', 'late', 'free'][Math.floor(draw() * 4)] ?? ''
  const open = team === 'late' ? busy.filter((at) => at >= Date.UTC(2026, 10, 10, 5)) : busy
  // Few different minutes, as each is a bucket of rollups to compute.
  const minutes = [0, 7, 29.5, 30, 45, 59.5][Math.floor(draw() * 6)] ?? 0
  const at = (open[Math.floor(draw() * open.length)] ?? begun) + (minutes + draw() / 2) * minute
  return {
    ...emptyRequest(),
    trace_id: span_id.repeat(2),
    span_id,
    timestamp: Math.floor(at * 1000),
    team,
    user_id: `u${Math.floor(draw() * 3)}`,
    model: draw() < 0.5 ? 'gpt-4o' : 'llama',
    cost_usd: team === 'free' || draw() < 0.1 ? null : Math.floor(draw() * 1e6) / 1e6,
  }
})

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await storage.db.insert('requests', requests)
  await storage.rollups.flush()
}, 240_000)
afterAll(() => storage.stop())

function ruleOf(fields: object): Rule {
  const rule = { alert: 'X', kind: 'budget', ...fields }
  const { groups, problems } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }), 'rules.yaml')
  expect(problems).toEqual([])
  const [parsed] = groups[0]?.rules ?? []
  if (!parsed) throw new Error('no rule')
  return parsed
}

const samplesAt = (rule: Rule, at: number) =>
  ask(storage.reader, rule, questionAt(rule, at, 0), AbortSignal.timeout(20_000))

interface Period {
  name: string
  from: number
  to: number
  /** When today began, and when the day a week before. */
  today: number
  week: number
}

/** Every group's spend, its pace and what is said of it. */
function recount(rows: LlmRequest[], { from, to, today, week }: Period, now: number) {
  const at = (row: LlmRequest) => row.timestamp / 1000
  const seen = rows.filter((row) => at(row) >= Math.min(from, week) - 14 * day && at(row) < now)
  const inPeriod = seen.filter((row) => at(row) >= from)
  const spent = inPeriod.reduce((total, row) => total + (row.cost_usd ?? 0), 0)
  const weekSpent = seen
    .filter((row) => at(row) >= week && at(row) < today)
    .reduce((total, row) => total + (row.cost_usd ?? 0), 0)
  const first = Math.min(...seen.map(at))
  const known = now - Math.max(Math.floor(first / day) * day, from)
  const trusted = known >= Math.max(3 * day, (to - from) / 20)
  const pace = first < week ? weekSpent / (today - week) : trusted ? spent / known : null
  const forecast = pace === null ? null : spent + pace * (to - now)
  const priced = inPeriod.some((row) => row.cost_usd !== null)
  return priced ? { spent, forecast, unpriced: inPeriod.filter((row) => row.cost_usd === null).length } : null
}

const noon = Date.UTC(2026, 10, 20, 12)
const utc = (text: string) => Date.parse(`${text}Z`)
const period = (name: string, from: string, to: string, today: string, week: string): Period => ({
  name,
  from: utc(from),
  to: utc(to),
  today: utc(today),
  week: utc(week),
})

test.each([
  [
    'a month in UTC',
    {},
    noon,
    period('2026-11', '2026-11-01T00:00', '2026-12-01T00:00', '2026-11-20T00:00', '2026-11-13T00:00'),
  ],
  [
    'a moment that is no whole minute',
    {},
    noon + 12_345,
    period('2026-11', '2026-11-01T00:00', '2026-12-01T00:00', '2026-11-20T00:00', '2026-11-13T00:00'),
  ],
  [
    'a month that was an hour longer',
    { time_zone: 'Europe/Berlin' },
    utc('2026-10-28T09:10'),
    period('2026-10', '2026-09-30T22:00', '2026-10-31T23:00', '2026-10-27T23:00', '2026-10-20T22:00'),
  ],
  [
    'half an hour off the hours',
    { time_zone: 'Asia/Kolkata', period: 'week' },
    utc('2026-11-18T20:07'),
    period('2026-W47', '2026-11-15T18:30', '2026-11-22T18:30', '2026-11-18T18:30', '2026-11-11T18:30'),
  ],
  [
    'the first minutes of a period',
    { period: 'week' },
    utc('2026-11-16T00:05:30'),
    period('2026-W47', '2026-11-16T00:00', '2026-11-23T00:00', '2026-11-16T00:00', '2026-11-09T00:00'),
  ],
  [
    'a day',
    { period: 'day', time_zone: 'America/New_York' },
    utc('2026-11-18T20:00'),
    period('2026-11-18', '2026-11-18T05:00', '2026-11-19T05:00', '2026-11-18T05:00', '2026-11-11T05:00'),
  ],
  [
    'a quarter',
    { period: 'quarter' },
    noon,
    period('2026-Q4', '2026-10-01T00:00', '2027-01-01T00:00', '2026-11-20T00:00', '2026-11-13T00:00'),
  ],
  [
    'before a week is known',
    {},
    utc('2026-10-08T07:00'),
    period('2026-10', '2026-10-01T00:00', '2026-11-01T00:00', '2026-10-08T00:00', '2026-10-01T00:00'),
  ],
  [
    'before three days are known',
    {},
    utc('2026-10-05T23:59'),
    period('2026-10', '2026-10-01T00:00', '2026-11-01T00:00', '2026-10-05T00:00', '2026-09-28T00:00'),
  ],
] as [string, object, number, Period][])('%s: by team, by user and in all', async (_, fields, now, at) => {
  for (const by of [[], ['team'], ['team', 'model'], ['user_id']] as const) {
    const rule = ruleOf({ amount: 1, thresholds: ['0.01%'], forecast: ['0.01%'], by, ...fields })
    const groups = Map.groupBy(requests, (row) => JSON.stringify(by.map((column) => row[column])))
    const expected = [...groups].flatMap(([key, rows]) => {
      const labels = Object.fromEntries(by.map((column, index) => [column, (JSON.parse(key) as string[])[index] ?? '']))
      const found = recount(rows, at, now)
      const said = { period: at.name, threshold: '0.01%', amount: '$1' }
      const values = { actual: found?.spent ?? 0, forecast: found?.forecast ?? 0 }
      return (['actual', 'forecast'] as const)
        .filter((basis) => values[basis] >= 0.0001)
        .map((basis) => ({ labels: Object.assign({ basis }, labels, said), value: values[basis] }))
    })
    const found = new Map((await samplesAt(rule, now)).map(({ labels, value }) => [formatLabels(labels), value]))
    expect(found).toEqual(
      new Map(expected.map(({ labels, value }) => [formatLabels(labels), expect.closeTo(value, 6) as number])),
    )
  }
})

test('the month is read from rollups, the newest minutes from raw rows', () => {
  const read = piecesOf([Date.UTC(2026, 9, 31, 18, 30)], noon + 10 * minute)
  expect(read.map(({ table, from, to }) => [table, (to - from) / minute])).toEqual([
    ['requests_1m', 30],
    ['requests_1h', 5 * 60],
    ['requests_1d', 19 * 1440],
    ['requests_1h', 11 * 60],
    ['requests_1m', 55],
    ['requests', 15],
  ])
})

test('what has no price is said, not taken as free', async () => {
  const rule = ruleOf({ amount: '$1', by: ['team'], thresholds: ['50%'], forecast: [] })
  const found = await samplesAt(rule, noon)
  expect(found.map(({ labels }) => labels['team'])).toEqual(['chat', 'late', 'search'])
  const inMonth = requests.filter((row) => row.team === 'chat' && row.timestamp / 1000 >= Date.UTC(2026, 10, 1))
  const unpriced = inMonth.filter((row) => row.timestamp / 1000 < noon && row.cost_usd === null).length
  expect(unpriced).toBeGreaterThan(0)
  expect(found[0]?.details).toMatchObject({
    amount: '1',
    unpriced: String(unpriced),
    note: `${unpriced} requests of unknown price are not in it`,
  })
})

test('a forecast that nobody can make is unknown, not 0', async () => {
  const rule = ruleOf({ amount: '$1', thresholds: ['0.01%'], forecast: ['0.01%'] })
  const forecasts = async (at: number) => (await samplesAt(rule, at)).map(({ details }) => details?.['forecast'])
  expect(await forecasts(utc('2026-10-05T23:59'))).toEqual(['unknown'])
  expect((await forecasts(noon)).map(Number).every((usd) => usd > 0)).toBe(true)
})

/** Evaluations at these moments over what `samples` says, as told: `+` for each that begins to fire, `-` for each that ends. */
function life(rules: [number, Rule, Sample[]][]): string[] {
  let active: ReadonlyMap<string, Instance> = new Map()
  return rules.flatMap(([at, rule, samples]) => {
    const evaluation = applySamples(rule, active, samples, at)
    active = evaluation.active
    return evaluation.transitions.map(({ to, instance: { labels } }) => {
      const { period: name, basis, threshold, amount } = labels
      return `${to === 'firing' ? '+' : '-'} ${name} ${basis} ${threshold} of ${amount}`
    })
  })
}

test('each threshold is told once a period, and again when the period or the amount changes', () => {
  const rule = ruleOf({ amount: '$100' })
  const raised = ruleOf({ amount: '$200' })
  const sample = (labels: string): Sample[] => {
    const [name = '', basis = '', threshold = '', amount = ''] = labels.split(' ')
    return [{ labels: { period: name, basis, threshold, amount }, value: 1 }]
  }
  const november = (date: number) => Date.UTC(2026, 10, date)
  expect(
    life([
      [november(3), rule, sample('2026-11 actual 50% $100')],
      [november(4), rule, sample('2026-11 forecast 100% $100')],
      // The forecast falls and rises; a price is corrected downwards: nobody is told twice.
      [november(5), rule, []],
      [november(6), rule, sample('2026-11 forecast 100% $100')],
      [november(7), raised, []],
      [november(8), raised, sample('2026-11 actual 50% $200')],
      [november(31), raised, sample('2026-12 actual 50% $200')],
    ]),
  ).toEqual([
    '+ 2026-11 actual 50% of $100',
    '+ 2026-11 forecast 100% of $100',
    '- 2026-11 actual 50% of $100',
    '- 2026-11 forecast 100% of $100',
    '+ 2026-11 actual 50% of $200',
    '- 2026-11 actual 50% of $200',
    '+ 2026-12 actual 50% of $200',
  ])
})

test('of thresholds that are reached at once the highest is told; those that are reached later, each', () => {
  const rule = ruleOf({ amount: '$100', by: ['team'] })
  const samples = (team: string, ...reached: string[]): Sample[] =>
    reached.map((text) => {
      const [basis = '', threshold = ''] = text.split(' ')
      return { labels: { team, period: '2026-11', basis, threshold, amount: '$100' }, value: 1 }
    })
  const november = (date: number) => Date.UTC(2026, 10, date)
  const all = ['actual 50%', 'actual 80%', 'actual 100%', 'forecast 100%']
  expect(
    life([
      [november(3), rule, [...samples('far', ...all), ...samples('near', 'actual 50%', 'forecast 100%')]],
      // A price was corrected downwards: less is spent than was told, which is no news.
      [november(4), rule, [...samples('far', 'actual 50%', 'actual 80%'), ...samples('near', ...all.slice(0, 2))]],
      [november(5), rule, [...samples('far', ...all), ...samples('near', ...all)]],
      [november(31), rule, []],
    ]),
  ).toEqual([
    '+ 2026-11 actual 100% of $100',
    '+ 2026-11 actual 50% of $100',
    '+ 2026-11 forecast 100% of $100',
    '+ 2026-11 actual 80% of $100',
    '+ 2026-11 actual 100% of $100',
    '- 2026-11 actual 100% of $100',
    '- 2026-11 actual 50% of $100',
    '- 2026-11 forecast 100% of $100',
    '- 2026-11 actual 80% of $100',
    '- 2026-11 actual 100% of $100',
  ])
})

test.each([
  [{ amount: 'much' }, 'amount: expected dollars, such as $1000 or 1000; found "much"'],
  [{ amount: 0 }, 'amount: expected dollars'],
  [{ amount: 5, above: 3 }, 'above: unknown key; expected one of: alert, '],
  [{ amount: 5, time_zone: 'Berlin' }, 'time_zone: expected a time zone such as UTC or Europe/Berlin; found "Berlin"'],
  [{ amount: 5, period: 'year' }, 'period: '],
  [{ amount: 5, thresholds: ['0%'] }, 'thresholds.0: expected more than 0%'],
])('%j is refused', (fields, why) => {
  const rule = { alert: 'X', kind: 'budget', ...fields }
  const { problems } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }), 'a')
  expect(problems.join('\n')).toContain(why)
})
