import { describe, expect, test } from 'vitest'
import { scrapeConfig } from './config.ts'
import { ExpositionParser } from './exposition.ts'
import { MetricSelection } from './metric-selection.ts'
import { refusalsOf } from './refusals.ts'
import { capture, haveCaptures } from './testing.ts'

const settings = (metrics: object) => scrapeConfig.parse({ metrics }).metrics

/** What is stored of the pages of one target. */
function target(metrics: object = {}, labels: Record<string, string> = {}) {
  const config = settings(metrics)
  const selection = new MetricSelection(config, { url: 'http://t/metrics', labels })
  const parser = new ExpositionParser()
  return (...lines: string[]) => {
    const page = parser.parse(lines.join('\n'))
    const selected = selection.select(page.families.values(), () => false, 7)
    const limits = { maxSeries: 50_000, maxStored: config.max_series }
    return {
      ...selected,
      stored: selected.rows.map(({ name, labels, value }) => `${name}{${[...labels].join(' ')}}=${value}`),
      refusals: refusalsOf(page, selected, selection, limits).map(({ reason, items, example }) => ({
        reason,
        items,
        example: example(),
      })),
    }
  }
}

test('every series is a row, on every page', () => {
  const read = target()
  expect(read('a 1', 'b{x="1"} 2').rows).toEqual([
    { timestamp: 7, target: 'http://t/metrics', name: 'a', labels: new Map(), value: 1 },
    { timestamp: 7, target: 'http://t/metrics', name: 'b', labels: new Map([['x', '1']]), value: 2 },
  ])
  expect(read('b{x="1"} 3', 'c NaN').stored).toEqual(['b{x,1}=3'])
  expect(read('a 4').stored).toEqual(['a{}=4'])
})

test('configured labels win, the page keeps its own as exported', () => {
  const read = target({}, { rack: 'r7', job: 'ours' })
  expect(read('a{job="theirs"} 1').stored).toEqual(['a{job,ours rack,r7 exported_job,theirs}=1'])
})

describe('names and labels', () => {
  test.each<[object, string[], number]>([
    [{}, ['go_x{}', 'vllm:y{}', 'vllm:y_seconds{}'], 0],
    [{ keep: ['VLLM:*'] }, ['vllm:y{}', 'vllm:y_seconds{}'], 1],
    [{ drop: ['go_*', '*_seconds'] }, ['vllm:y{}'], 2],
    [{ keep: ['vllm:*'], drop: ['vllm:y'] }, ['vllm:y_seconds{}'], 2],
    [{ keep: [] }, [], 3],
  ])('%j', (metrics, stored, dropped) => {
    const read = target(metrics)
    for (let page = 0; page < 2; page++)
      expect(read('go_x 1', 'vllm:y 1', 'vllm:y_seconds 1')).toMatchObject({
        stored: stored.map((name) => `${name}=1`),
        dropped,
        refusals: [],
      })
  })

  test.each<[object, string]>([
    [{}, 'a{a,1 le,2 quantile,3 b,4}=1'],
    [{ labels: { keep: ['a*'] } }, 'a{a,1 le,2 quantile,3}=1'],
    [{ labels: { drop: ['*'] } }, 'a{le,2 quantile,3}=1'],
    [{ labels: { drop: ['B'] } }, 'a{a,1 le,2 quantile,3}=1'],
  ])('labels with %j', (metrics, stored) => {
    expect(target(metrics)('a{a="1",le="2",quantile="3",b="4"} 1').stored).toEqual([stored])
  })

  test('persons are left out unless they are asked for', () => {
    const line = 'litellm_x_total{user="u",end_user="e",hashed_api_key="h",client_ip="1",user_email="m",team="t"} 1'
    expect(target()(line).stored).toEqual(['litellm_x_total{team,t}=1'])
    expect(target({ labels: { drop: [] } })(line).stored[0]).toContain('user_email,m')
  })
})

describe('series that differ in dropped labels alone', () => {
  test.each([
    ['counters', '# TYPE a counter', 'a', 'a{team,t}=3'],
    ['counters without a type', '', 'a_total', 'a_total{team,t}=3'],
    ['buckets', '# TYPE a histogram', 'a_bucket', 'a_bucket{team,t}=3'],
    ['sums of a summary', '# TYPE a summary', 'a_sum', 'a_sum{team,t}=3'],
  ])('%s add up, on every page', (_, type, name, stored) => {
    const read = target()
    const page = [type, `${name}{user="a",team="t"} 1`, `${name}{user="b",team="t"} 2`]
    for (let repeat = 0; repeat < 2; repeat++) expect(read(...page)).toMatchObject({ stored: [stored], refusals: [] })
  })

  test.each([
    ['gauges', '# TYPE a gauge', ''],
    ['quantiles', '# TYPE a summary', ',quantile="0.5"'],
    ['values without a type', '', ''],
  ])('%s are refused, and it is said', (_, type, more) => {
    const read = target()
    const page = ['x', 'y', 'z'].map((user) => `a{user="${user}",team="t"${more}} 1`)
    for (let repeat = 0; repeat < 2; repeat++) {
      const found = read(type, ...page, 'b{user="x"} 1')
      expect(found.stored).toEqual(['b{}=1'])
      expect(found.refusals).toMatchObject([{ reason: 'ambiguous_labels', items: 3 }])
      expect(found.refusals[0]?.example).toContain('series of a differ only in labels that are dropped')
    }
    expect(read(type, page[0] ?? '').rows).toHaveLength(1)
  })

  test('a series that stands twice is not added to itself', () => {
    const found = target()(
      'a_total{user="x"} 1',
      'a_total{user="x"} 1',
      'a_total{ user = "x" } 1',
      'a_total{user="y"} 1',
    )
    expect(found.stored).toEqual(['a_total{}=2'])
    expect(found.refusals).toMatchObject([{ reason: 'duplicate_series', items: 2 }])
  })
})

describe('more series than are stored', () => {
  const series = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `a_total{pod="p${from + index}",zone="z"} 1`)

  test('the excess is refused, and the label that makes it is named', () => {
    const found = target({ max_series: 3 })('b{pod="p"} 1', ...series(0, 1200), 'c 1')
    expect(found.stored).toEqual(['b{pod,p}=1', 'a_total{pod,p0 zone,z}=1', 'a_total{pod,p1 zone,z}=1'])
    expect(found.refusals).toEqual([
      {
        reason: 'metrics_max_series',
        items: 1199,
        example:
          'more than 3 series to store: label pod of a_total has 1,200 values; drop it with scrape.metrics.labels.drop, or ' +
          'raise scrape.metrics.max_series',
      },
    ])
  })

  test('the same ones stay, wherever new ones stand on the page', () => {
    const read = target({ max_series: 3 })
    const first = read(...series(10, 20)).stored
    expect(first).toHaveLength(3)
    for (let page = 0; page < 100; page++) expect(read(...series(0, 20).reverse()).stored.sort()).toEqual(first)
    expect(read(...series(0, 20).reverse()).excess).toBe(17)
  })

  test('one that stays away gives its place to another', () => {
    const read = target({ max_series: 2 })
    read('a 1', 'b 1')
    const after = Array.from({ length: 70 }, () => read('b 1', 'c 1').stored.length)
    expect(after.indexOf(2)).toBeGreaterThan(50)
    expect(read('a 1', 'b 1', 'c 1').stored).toEqual(['b{}=1', 'c{}=1'])
  })

  test('dropping the label makes room', () => {
    const read = target({ max_series: 3, labels: { drop: ['pod'] } })
    expect(read(...series(0, 1200))).toMatchObject({ stored: ['a_total{zone,z}=1200'], refusals: [] })
  })

  test('memory does not grow with series that come and go', () => {
    const read = target({ max_series: 100 })
    for (let page = 0; page < 300; page++) read(...series(page * 50, page * 50 + 50))
    expect(read(...series(0, 1)).rows.length).toBeLessThan(2)
    expect(read(...series(14_950, 15_000)).rows.length).toBeLessThanOrEqual(50)
  })
})

test.runIf(haveCaptures)('of the LiteLLM page no person is stored, and no total is lost', () => {
  const text = capture('litellm-v1.95-datadog-HEAD-EXCERPT.prom')
  const found = target()(text)
  const all = target({ labels: { drop: [] } })(text)
  expect(JSON.stringify(found.rows.map(({ labels }) => [...labels.keys()]))).not.toMatch(/user|key|client_ip/)
  const total = (rows: typeof found.rows) =>
    rows.filter(({ name }) => name.endsWith('_total')).reduce((sum, { value }) => sum + value, 0)
  expect(total(found.rows)).toBeCloseTo(total(all.rows))
  expect(total(all.rows)).toBeGreaterThan(0)
})
