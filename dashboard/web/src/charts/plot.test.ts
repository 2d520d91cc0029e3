import { expect, test } from 'vitest'
import { infinite } from '../../../../records/infinite.ts'
import type { ChartLine } from './lines.ts'
import { plotOf, runsOf, type PlotInput } from './plot.ts'

const line = (key: string, values: (number | null)[], more: Partial<ChartLine> = {}): ChartLine => ({
  key,
  label: key,
  group: key,
  color: '#000',
  values,
  ...more,
})
const frame = { from: 0, to: 4000, step_ms: 1000, times: [0, 1000, 2000, 3000] }
/** 58 and 18 px beside, 8 above and 22 below: 100 by 100 is left. */
const plot = (lines: ChartLine[], more: Partial<PlotInput> = {}) =>
  plotOf({ frame, lines, width: 176, height: 130, stacked: false, logarithmic: false, max: undefined, ...more })

test('a gap breaks the line, and a point alone is a dot', () => {
  const [shape] = plot([line('a', [0, 4, null, 2])]).shapes
  expect(shape?.path).toBe('M58.0 108.0L83.0 8.0M133.0 58.0')
  expect(shape?.lone).toEqual([[133, 58]])
})

test('parts of a whole stand on each other; the period before stays a line over them', () => {
  const { axis, shapes } = plot(
    [line('a', [1, 1, 1, 1]), line('b', [3, 3, 3, 3]), line('old', [2, 2, 2, 2], { before: true })],
    {
      stacked: true,
    },
  )
  expect(axis.to).toBe(4)
  expect(shapes.map(({ kind }) => kind)).toEqual(['area', 'area', 'line'])
  expect(shapes[1]?.path.startsWith('M58.0 8.0')).toBe(true)
  expect(shapes[1]?.path.endsWith('L58.0 83.0Z')).toBe(true)
})

test('a value without bounds is at the edge, and the axis is that of the others', () => {
  const { axis, shapes } = plot([line('a', [0, infinite, 4, -infinite])])
  expect(axis.to).toBe(4)
  expect(shapes[0]?.path).toBe('M58.0 108.0L83.0 8.0L108.0 8.0L133.0 108.0')
})

test('the pointer finds the bucket nearest to it, and none in an empty chart', () => {
  const { nearest } = plot([line('a', [1, 2, 3, 4])])
  expect([0, 58, 72, 94, 1000].map(nearest)).toEqual([0, 0, 1, 1, 3])
  expect(plot([], { frame: { ...frame, times: [] } }).nearest(80)).toBeNull()
})

test('samples that come less often than buckets make a line, with a gap where one is missing', () => {
  const times = Array.from({ length: 11 }, (_, index) => index * 1000)
  const values = [1, null, 1, null, 1, null, null, null, 1, null, 1]
  const [sampled, raw] = ['gpu_samples', 'raw'].map(
    (source) => plot([line('a', values)], { frame: { ...frame, to: 11_000, times, source } }).shapes[0],
  )
  expect(sampled?.path.match(/M/g)).toHaveLength(2)
  expect(sampled?.lone).toEqual([])
  expect(raw?.lone).toHaveLength(5)
})

test('runs of what is known', () => {
  expect(runsOf([null, 1, 2, null, 3])).toEqual([
    [
      [1, 1],
      [2, 2],
    ],
    [[4, 3]],
  ])
})
