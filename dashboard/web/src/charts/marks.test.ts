import { expect, test } from 'vitest'
import type { Change } from '../data/changes.ts'
import { groupMarks, labelPeriods, placeMarks, weightOf } from './marks.ts'

const change = (at: number, until: Change['until'] = null, more: Partial<Change> = {}): Change => ({
  id: String(at),
  kind: 'deploy',
  at,
  until,
  title: 'a rollout',
  text: '',
  scope: {},
  severity: '',
  link: '',
  by: '',
  annotation: null,
  ...more,
})
/** 100 px of a chart that shows times from 1000 to 2000. */
const plot = { box: { left: 50, right: 150, top: 0, bottom: 100 }, x: (at: number) => 50 + (at - 1000) / 10 }
const place = (...changes: Change[]) => placeMarks(changes, plot)

test('moments in view lie at their time; periods that reach into it end at its edges', () => {
  const found = place(
    change(1900),
    change(999),
    change(2001),
    change(1500),
    change(500, 1200),
    change(1800, 'now'),
    change(1, 2),
  )
  expect(found.map(({ x, end }) => [x, end])).toEqual([
    [50, 70],
    [100, null],
    [130, 150],
    [140, null],
  ])
})

test('what lies too close shares a glyph, so that glyphs stay apart', () => {
  const groups = groupMarks(place(...[1000, 1100, 1239, 1240, 1500].map((at) => change(at))))
  expect(groups.map(({ x, marks }) => [x, marks.length])).toEqual([
    [50, 3],
    [74, 1],
    [100, 1],
  ])
  const many = groupMarks(place(...Array.from({ length: 400 }, (_, index) => change(1000 + index * 2.5))))
  expect(many.reduce((sum, { marks }) => sum + marks.length, 0)).toBe(400)
  expect(many.length).toBeLessThan(6)
})

test('a period says its word where there is room, and below another one that is in the way', () => {
  const marks = place(change(1000, 1900), change(1050, 2000), change(1100, 1150), change(1300, 1400))
  const found = labelPeriods(marks)
  const labels = marks.map((mark) => found.get(mark))
  expect(labels.map((label) => label && [label.text, label.lane])).toEqual([
    ['a rollout', 0],
    ['a rollout', 1],
    undefined,
    undefined,
  ])
})

test.each([
  ['critical', 'critical'],
  ['page', 'critical'],
  ['Warning', 'warning'],
  ['info', 'calm'],
  ['', 'calm'],
])('severity %s weighs as %s', (severity, weight) => expect(weightOf({ severity })).toBe(weight))
