import { expect, test } from 'vitest'
import { waterfall } from './waterfall.ts'

const span = (span_id: string, parent_span_id: string, start_ms: number, duration_ms: number) => ({
  span_id,
  parent_span_id,
  timestamp_us: start_ms * 1000,
  duration_ms,
})

test('children follow their parent, earliest first, with their share of the whole', () => {
  const bars = waterfall([
    span('b', 'a', 600, 400),
    span('c', 'a', 100, 200),
    span('a', '', 0, 1000),
    span('d', 'c', 150, 50),
  ])
  expect(bars.map(({ span: { span_id }, depth }) => [span_id, depth])).toEqual([
    ['a', 0],
    ['c', 1],
    ['d', 2],
    ['b', 1],
  ])
  expect(bars.map(({ start, width }) => [start, width])).toEqual([
    [0, 1],
    [0.1, 0.2],
    [0.15, 0.05],
    [0.6, 0.4],
  ])
})

test('a span whose parent was never sent stands at the top', () => {
  expect(waterfall([span('x', 'gone', 0, 5)]).map(({ depth }) => depth)).toEqual([0])
})

test('a cycle of parents ends', () => {
  expect(waterfall([span('a', 'b', 0, 5), span('b', 'a', 1, 5)]).map(({ span: { span_id } }) => span_id)).toEqual([
    'a',
    'b',
  ])
})
