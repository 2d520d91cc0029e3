/** A share of nothing is without bounds: it fires, and everybody who shows it can say so. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { infinite } from '../records/infinite.ts'
import { testStorage } from '../storage/testing.ts'
import { plotSvg } from './chart/plot.ts'
import { alertsHarness, minute, second, t0, type Harness } from './testing/harness.ts'

const rules = `
groups:
  - name: shares
    interval: 30s
    rules:
      - alert: MoreFailThanWork
        window: 1m
        sql: |
          select countIf(status = 'error') / countIf(status = 'ok') as value from requests
          where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)}
        above: 0.5
        annotations: { summary: '{{ value | number }} times as many' }
`

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage, rules)
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

test('an alert goes on firing while its value is without bounds, over a restart too, and its end says so', async () => {
  await room.insertRequests(t0, 12, 10 * second, { status: 'ok' })
  await room.insertRequests(t0, 48, 10 * second, { status: 'error' })
  const before = await room.start()
  await room.clock.advance(2 * minute)
  expect(before.active()).toMatchObject([{ state: 'firing', value: 1 }])
  await room.clock.advance(4 * minute)
  const firing = [{ state: 'firing', value: infinite, annotations: { summary: 'inf times as many' } }]
  // As the pages get it.
  expect(JSON.parse(JSON.stringify(before.active()))).toMatchObject(firing)
  await before.stop()
  const after = await room.start()
  expect(after.active()).toMatchObject(firing)
  await room.clock.advance(4 * minute)
  expect(after.active()).toEqual([])
  expect(await room.events()).toEqual([' inactive > firing', ' firing > inactive'])
  const [first, last] = room.slack.messages
  expect(first?.blocks).toContain('1, above 0.5')
  expect(last?.blocks).toMatch(/Last inf, above 0.5 · peak inf/)
})

test('a chart has the scale of the values that have bounds', () => {
  const points = [1, infinite, 2, -infinite].map((value, index) => ({ at: index * minute, value }))
  const plot = { title: 'Share', unit: 'number', from: 0, to: 3 * minute, stepMs: minute } as const
  const svg = plotSvg({ ...plot, points, threshold: { side: 'above', value: 0.5 }, fired: { from: 0, to: minute } })
  expect(svg).not.toMatch(/NaN|Infinity|e\+/)
  // Up and down to the edges.
  expect(
    /<polyline points="([^"]*)"/
      .exec(svg)?.[1]
      ?.split(' ')
      .map((point) => Number(point.split(',')[1])),
  ).toEqual([154, 40, 78, 230])
})
