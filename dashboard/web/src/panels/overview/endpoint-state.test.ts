import { expect, test } from 'vitest'
import type { ActiveAlert } from '../../data/alerts.ts'
import type { EndpointHealth } from '../../data/overview.ts'
import type { SloOf } from '../traffic/slos-of.ts'
import { endpointState, firesFor, inWords, worstFirst } from './endpoint-state.ts'

type Row = EndpointHealth
const usual = { requests: 10_000, errors: 100, p95_ms: 1000 }
const row = (fields: Partial<Row>): Row => ({
  name: 'e',
  requests: 1000,
  errors: 10,
  p95_ms: 1000,
  models: ['m'],
  usual,
  spark: { requests: [], errors: [] },
  ...fields,
})
const fires = (severity: string) =>
  [{ rule: 'Slow', group: 'g', labels: { alertname: 'Slow', severity, endpoint: 'e' } }] as unknown as ActiveAlert[]
const slo = (budget_left_ratio: number, severity?: 'page' | 'ticket') =>
  [
    {
      slo: { rule: 'Good', group: 'g' },
      group: { budget_left_ratio, burn: 14.4, windows: severity ? [{ severity, holds: true }] : [] },
    },
  ] as unknown as SloOf[]

test.each<[string, Row, SloOf[], ActiveAlert[], string, string[]]>([
  ['as usual', row({}), [], [], 'ok', []],
  [
    'nothing came',
    row({ requests: 0, errors: 0, p95_ms: null }),
    [],
    [],
    'no traffic',
    ['10 k requests in the week before'],
  ],
  ['one that never had any', row({ requests: 0, errors: 0, p95_ms: null, usual: null }), [], [], 'no traffic', []],
  ['a tenth fails', row({ errors: 100 }), [], [], 'failing', ['10 % errors, usually 1 %']],
  ['twice as many as usual', row({ errors: 20 }), [], [], 'degraded', ['2 % errors, usually 1 %']],
  ['many, but as usual', row({ errors: 30, usual: { ...usual, errors: 200 } }), [], [], 'ok', []],
  ['many, and nobody knows what is usual', row({ errors: 30, usual: null }), [], [], 'degraded', ['3 % errors']],
  ['too few to say', row({ requests: 19, errors: 19, p95_ms: 9000 }), [], [], 'ok', []],
  ['slow', row({ p95_ms: 2500 }), [], [], 'degraded', ['P95 2.5 times the usual']],
  ['slow, but what is usual is of few', row({ p95_ms: 2500, usual: { ...usual, requests: 99 } }), [], [], 'ok', []],
  ['an alert', row({}), [], fires('warning'), 'degraded', ['Slow fires']],
  ['a grave one of none that calls', row({ requests: 0, errors: 0 }), [], fires('page'), 'failing', ['Slow fires']],
  [
    'a budget that burns',
    row({}),
    slo(0.5, 'page'),
    [],
    'failing',
    ['budget of Good burns 14 times as fast as allowed'],
  ],
  [
    'one that burns slowly',
    row({}),
    slo(0.5, 'ticket'),
    [],
    'degraded',
    ['budget of Good burns 14 times as fast as allowed'],
  ],
  ['one that is gone', row({}), slo(-0.1), [], 'degraded', ['budget of Good overspent']],
  ['one that is gone, of what is not called', row({ requests: 0, usual: null }), slo(-0.1), [], 'no traffic', []],
  [
    'one that burns and whose alert says so',
    row({}),
    slo(0.5, 'page'),
    [{ rule: 'Good', group: 'g', labels: { severity: 'ticket' } }] as unknown as ActiveAlert[],
    'degraded',
    ['Good fires'],
  ],
  [
    'several: the gravest reason first',
    row({ p95_ms: 2000 }),
    [],
    fires('critical'),
    'failing',
    ['Slow fires', 'P95 2 times the usual'],
  ],
])('%s', (_, given, slos, alerts, word, reasons) => {
  const state = endpointState(given, slos, alerts)
  expect(state.word).toBe(word)
  expect(state.reasons.map((reason) => reason.replaceAll('\u00a0', ' '))).toEqual(reasons)
})

test.each<[labels: Record<string, string>, state: string, fires: boolean]>([
  [{ endpoint: 'e' }, 'firing', true],
  [{ endpoint: 'e' }, 'pending', false],
  [{ endpoint: 'f', model: 'm' }, 'firing', false],
  [{ model: 'm' }, 'firing', true],
  [{ model: 'other' }, 'firing', false],
  [{ team: 'search' }, 'firing', false],
])('an alert with %j that is %s fires for endpoint e with model m: %s', (labels, state, fires) =>
  expect(firesFor({ labels, state } as unknown as ActiveAlert, row({}))).toBe(fires),
)

test('where calls name no model, an alert that names none is of no endpoint, one of calls without a name is', () => {
  const here = row({ models: ['', 'm'] })
  const alert = (labels: object) => ({ labels, state: 'firing' }) as unknown as ActiveAlert
  expect([{ gpu: '0' }, { model: '' }].map((labels) => firesFor(alert(labels), here))).toEqual([false, true])
})

test('an alert of a model says of which', () => {
  const alerts = [{ rule: 'Slow', group: 'g', labels: { alertname: 'Slow', severity: 'page', model: 'm' } }]
  const { word, reasons } = endpointState(row({}), [], alerts as unknown as ActiveAlert[])
  expect([word, reasons]).toEqual(['failing', ['Slow fires for m']])
})

test('the worst first, else as they came; and in words', () => {
  const of = (name: string, fields: Partial<Row>) => {
    const given = row({ name, ...fields })
    return { name, state: endpointState(given, [], []) }
  }
  const rows = [of('a', {}), of('b', { errors: 500 }), of('c', {}), of('d', { requests: 0 }), of('e', { errors: 30 })]
  expect(worstFirst(rows).map(({ name }) => name)).toEqual(['b', 'e', 'd', 'a', 'c'])
  expect(inWords(rows)).toBe('1 failing, 1 degraded, 1 no traffic, 2 ok')
})
