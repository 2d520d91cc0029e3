import { expect, test } from 'vitest'
import {
  alertsToTell,
  decide,
  firstFlushAt,
  groupKey,
  isOver,
  shiftGroup,
  tidy,
  toldOf,
  visibleAlerts,
  withoutEnded,
  type AlertGroup,
  type GroupedAlert,
  type Timings,
} from './group.ts'

const timings: Timings = { group_wait_ms: 30, group_interval_ms: 300, repeat_interval_ms: 14_400 }

/** `a` fires; `A` has resolved. */
function alerts(letters: string): GroupedAlert[] {
  return Array.from(letters).map((letter) => ({
    fingerprint: letter.toLowerCase(),
    labels: { alertname: 'X', model: letter.toLowerCase() },
    annotations: {},
    value: null,
    starts_at: 100,
    ends_at: letter === letter.toLowerCase() ? null : 200,
  }))
}

const told = (letters: string, at = 0) => (letters === '' ? null : { firing: Array.from(letters), at })

test.each([
  // told, now in the group, reason
  ['', '', null],
  ['', 'a', 'first'],
  // Resolved before anybody was told: nobody has to know.
  ['', 'A', null],
  ['', 'aB', 'first'],
  ['a', 'a', null],
  ['a', 'ab', 'new_alerts'],
  ['a', 'Ab', 'new_alerts'],
  ['a', 'aB', null],
  ['ab', 'aB', 'resolved'],
  ['ab', 'AB', 'resolved'],
  ['a', 'A', 'resolved'],
  ['ab', 'a', null],
])('told %j, now %j: %s', (known, now, reason) => {
  expect(decide(told(known), alerts(now), timings, 1_000)).toBe(reason)
})

test('a repeat comes at the flush nearest to its interval', () => {
  expect(decide(told('a', 7), alerts('a'), timings, 14_100)).toBeNull()
  // The delivery took 7 ms; the flush at exactly the interval counts.
  expect(decide(told('a', 7), alerts('a'), timings, 14_400)).toBe('repeat')
  expect(decide(told('a', 7), alerts('A'), timings, 14_400)).toBe('resolved')
})

test('alerts that are news once are not repeated by themselves', () => {
  const budget = alerts('a').map((alert) => Object.assign(alert, { once: true }))
  expect(decide(told('a'), budget, timings, 14_400)).toBeNull()
  expect(decide(told('ab'), [...budget, ...alerts('b')], timings, 14_400)).toBe('repeat')
  expect(decide(null, budget, timings, 14_400)).toBe('first')
})

function group(letters: string, channels: AlertGroup['channels'] = {}): AlertGroup {
  const entries = alerts(letters).map((alert) => [alert.fingerprint, alert] as const)
  return { receiver: 'r', key: 'k', labels: {}, next_flush_at: 0, alerts: Object.fromEntries(entries), channels }
}

const outbox = { id: '1', reason: 'first', expires_at: 9, attempts: 1, next_attempt_at: 2, owed: ['c'] } as const
const toldAll = { sendResolved: true }
const prints = (list: GroupedAlert[]) => list.map(({ fingerprint }) => fingerprint).join('')

test('told are the firing ones, and those whose firing was told or is owed', () => {
  const log = { told: told('b'), outbox: { ...outbox, owed: ['c'] } }
  expect(prints(alertsToTell(group('aBCD'), log, toldAll))).toBe('abc')
})

test('a channel that wants no word of ends is told what fires, and what ended is forgotten there', () => {
  const log = { told: told('b'), outbox: { ...outbox, owed: ['c'] } }
  expect(prints(alertsToTell(group('aBCD'), log, { sendResolved: false }))).toBe('a')
  expect(withoutEnded(told('ab', 7), group('aB'))).toEqual({ firing: ['a'], at: 7 })
  expect(withoutEnded(told('ab'), group('A'))).toBeNull()
  expect(withoutEnded(null, group('a'))).toBeNull()
})

test('the log holds what was told as firing; null when nothing fires', () => {
  expect(toldOf(alerts('abC'), 5)).toEqual({ firing: ['a', 'b'], at: 5 })
  expect(toldOf(alerts('C'), 5)).toBeNull()
})

test('ended alerts leave once every channel knows', () => {
  const waiting = group('aB', { slack: { told: told('ab'), outbox: null }, web: { told: told('a'), outbox: null } })
  expect(tidy(waiting, timings, 300)).toEqual([])
  expect(Object.keys(waiting.alerts)).toEqual(['a', 'b'])
  const known = group('aB', { slack: { told: told('a'), outbox: null } })
  expect(tidy(known, timings, 300)).toEqual(['b'])
  expect(Object.keys(known.alerts)).toEqual(['a'])
  const unknown = group('B', { slack: { told: null, outbox: null } })
  expect(tidy(unknown, timings, 300)).toEqual(['b'])
  expect(isOver(unknown)).toBe(true)
  expect(tidy(group('B', { slack: { told: null, outbox: { ...outbox, owed: ['b'] } } }), timings, 300)).toEqual([])
})

test('an end that can’t be told is given up in time', () => {
  const refused = group('B', { slack: { told: told('b'), outbox: null } })
  expect(tidy(refused, timings, 200 + 3_599_999)).toEqual([])
  expect(tidy(refused, timings, 200 + 3_600_000)).toEqual(['b'])
})

test('a new group waits from the start of its alert, not again after a restart', () => {
  const [alert] = alerts('a')
  if (!alert) throw new Error('no alert')
  expect(firstFlushAt(alert, timings, 110)).toBe(130)
  expect(firstFlushAt(alert, timings, 5_000)).toBe(5_000)
  expect(firstFlushAt({ ...alert, starts_at: 9_000 }, timings, 5_000)).toBe(5_030)
  expect(groupKey(alert.labels)).toBe('{}:{alertname="X", model="a"}')
})

test('what is muted is not told, but its end is where it was told before', () => {
  const muted = { a: [{ kind: 'silenced' as const, silence_id: 's' }], b: [{ kind: 'rerouted' as const }] }
  const log = { told: told('b'), outbox: null }
  expect(prints(visibleAlerts({ ...group('abc'), muted }))).toBe('c')
  expect(prints(alertsToTell({ ...group('abc'), muted }, log, toldAll))).toBe('c')
  expect(prints(alertsToTell({ ...group('aBc'), muted }, log, toldAll))).toBe('cb')
})

test('by a clock that was set, a group waits as long as before, and what others say of their alerts stands', () => {
  const waiting = { ...outbox, decided_at: 1, owed: [] }
  const acknowledgement = { attempts: 1, next_attempt_at: 3 }
  const ours = group('aB', { slack: { told: told('a', 700), outbox: waiting, acknowledgement } })
  ours.alerts['x'] = { ...(ours.alerts['a'] as GroupedAlert), fingerprint: 'x', expires_at: 900 }
  shiftGroup(ours, -50)
  expect(Object.values(ours.alerts).map(({ starts_at, ends_at }) => [starts_at, ends_at])).toEqual([
    [50, null],
    [50, 150],
    [100, null],
  ])
  expect(ours).toMatchObject({
    next_flush_at: -50,
    channels: {
      slack: {
        told: { at: 650 },
        outbox: { decided_at: -49, expires_at: -41, next_attempt_at: -48 },
        acknowledgement: { next_attempt_at: -47 },
      },
    },
  })
})

test('an acknowledged group is not repeated; a change of it is told', () => {
  expect(decide(told('a', 7), alerts('a'), timings, 14_400, true)).toBeNull()
  expect(decide(told('a', 7), alerts('ab'), timings, 14_400, true)).toBe('new_alerts')
  expect(decide(told('a', 7), alerts('A'), timings, 14_400, true)).toBe('resolved')
})
