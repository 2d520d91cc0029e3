import { expect, test } from 'vitest'
import type { TopologyLink, TopologyPeriod } from '../../records/topology.ts'
import { topologyChanges, type Seen } from './history.ts'

const link = (change: Partial<TopologyLink> = {}): TopologyLink => ({
  endpoint: 'chat',
  server: 'vllm',
  instance: 'a:1',
  model: 'llama',
  host: 'node-1',
  gpu_uuids: ['GPU-0'],
  mig_ids: [''],
  gpu_hour_usd: 2,
  endpoint_source: 'config',
  gpu_source: 'host',
  ambiguous: false,
  why: 'so',
  ...change,
})
const period = (
  valid_from_ms: number,
  valid_to_ms: number | null,
  change: Partial<TopologyLink> = {},
): TopologyPeriod => ({
  ...link(change),
  valid_from_ms,
  valid_to_ms,
})
const changes = (
  known: TopologyPeriod[],
  links: TopologyLink[],
  { now_ms = 1000, seen = {}, gone = [] }: { now_ms?: number; seen?: Record<string, Seen>; gone?: string[] } = {},
) =>
  topologyChanges(known, links, {
    now_ms,
    seen: new Map(Object.entries(seen)),
    gone: (instance) => gone.includes(instance),
  })

test('a new server is there since it was first seen, anything else since now', () => {
  const seen = { 'a:1': { first_ms: 400, last_ms: 990 } }
  expect(changes([], [link()], { seen })).toEqual([period(400, null)])
  expect(changes([], [link({ instance: '' })], { seen })).toEqual([period(1000, null, { instance: '' })])
  // Known before, without GPUs: they came now.
  const before = period(100, null, { host: '', gpu_uuids: [], mig_ids: [], gpu_source: '' })
  expect(changes([before], [link()], { seen })).toEqual([period(1000, null), { ...before, valid_to_ms: 1000 }])
})

test('what stays as it is is not written again, also after a restart', () => {
  expect(changes([period(400, null)], [link()], { seen: { 'a:1': { first_ms: 900, last_ms: 990 } } })).toEqual([])
})

test.each([
  ['GPUs', { gpu_uuids: ['GPU-0', 'GPU-1'], mig_ids: ['', ''] }],
  ['the price', { gpu_hour_usd: 3 }],
  ['how it is known', { endpoint_source: 'model' as const }],
  ['doubt', { ambiguous: true }],
])('a change of %s ends one period and begins the next', (_, change) => {
  expect(changes([period(400, null)], [link(change)])).toEqual([period(400, 1000), period(1000, null, change)])
})

test('other words for it are put right in place', () => {
  expect(changes([period(400, null)], [link({ why: 'other words' })])).toEqual([
    period(400, null, { why: 'other words' }),
  ])
})

test('a link ends when its server was last seen; when that is still there, now', () => {
  const seen = { 'a:1': { first_ms: 300, last_ms: 700 } }
  expect(changes([period(400, null)], [], { seen, gone: ['a:1'] })).toEqual([period(400, 700)])
  expect(changes([period(400, null)], [], { seen })).toEqual([period(400, 1000)])
  expect(changes([period(800, null)], [], { seen, gone: ['a:1'] })).toEqual([period(800, 800)])
})

test('one that comes back begins anew, not before it ended', () => {
  const seen = { 'a:1': { first_ms: 300, last_ms: 990 } }
  expect(changes([period(100, 600)], [link()], { seen })).toEqual([period(600, null)])
})

test('of two that were begun at once the earlier one stands', () => {
  expect(changes([period(500, null), period(400, null)], [link()])).toEqual([period(500, 500)])
})

test('a clock that was set back leaves no period that ends before it begins', () => {
  const changed = { gpu_hour_usd: 3 }
  expect(changes([period(2000, null)], [link(changed)])).toEqual([period(2000, null, changed)])
  expect(changes([period(2000, null)], [])).toEqual([period(2000, 2000)])
})
