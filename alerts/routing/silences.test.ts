import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Db } from '../../storage/client.ts'
import type { SilenceRow } from '../../storage/queries/silences.ts'
import { RowWriter } from '../row-writer.ts'
import { createTelemetry } from '../telemetry.ts'
import { manualClock } from '../testing/manual-clock.ts'
import { mostSilences, Silences } from './silences.ts'

const now = Date.UTC(2026, 10, 21, 10)

function row(id: string, value: string): SilenceRow {
  const matchers = JSON.stringify([{ name: 'model', value, is_regex: true, is_equal: true }])
  const times = { starts_at: now, ends_at: now + 60_000, updated_at: now }
  return { id, name: '', matchers, ...times, comment: 'why', created_by: 'ada', time_intervals: '', version: 1 }
}

function newSilences(): Silences {
  const clock = manualClock(now)
  const telemetry = createTelemetry()
  const db = { insert: () => Promise.resolve() } as unknown as Db
  const writer = new RowWriter({ db, clock, log: pino({ level: 'silent' }), telemetry })
  return new Silences({ clock, writer, telemetry })
}

test('one that an earlier version stored and this one does not understand keeps no other out', () => {
  const silences = newSilences()
  silences.restore([row('a', '(?=x).*'), row('b', 'gpt-.*')])
  expect(silences.active(now).map(({ silence }) => silence.id)).toEqual(['b'])
})

test('one too many is refused; one that ends makes room', () => {
  const silences = newSilences()
  silences.restore(Array.from({ length: mostSilences }, (_, index) => row(`s${index}`, 'gpt-.*')))
  const one = { matchers: [{ name: 'model', value: 'x' }], ends_at: now + 60_000, created_by: 'ada', comment: 'why' }
  expect(() => silences.set(one)).toThrow(`${mostSilences} silences hold or will`)
  silences.expire('s0', 'ada')
  expect(silences.set(one).state).toBe('active')
})
