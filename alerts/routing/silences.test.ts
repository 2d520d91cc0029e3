import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Db } from '../../storage/client.ts'
import type { SilenceRow } from '../../storage/queries/silences.ts'
import { RowWriter } from '../row-writer.ts'
import { createTelemetry } from '../telemetry.ts'
import { manualClock } from '../testing/manual-clock.ts'
import { Silences } from './silences.ts'

const now = Date.UTC(2026, 10, 21, 10)

function row(id: string, value: string): SilenceRow {
  const matchers = JSON.stringify([{ name: 'model', value, is_regex: true, is_equal: true }])
  const times = { starts_at: now, ends_at: now + 60_000, updated_at: now }
  return { id, name: '', matchers, ...times, comment: 'why', created_by: 'ada', time_intervals: '', version: 1 }
}

test('one that an earlier version stored and this one does not understand keeps no other out', () => {
  const clock = manualClock(now)
  const db = { insert: () => Promise.resolve() } as unknown as Db
  const writer = new RowWriter({ db, clock, log: pino({ level: 'silent' }), telemetry: createTelemetry() })
  const silences = new Silences({ clock, writer })
  silences.restore([row('a', '(?=x).*'), row('b', 'gpt-.*')])
  expect(silences.active(now).map(({ silence }) => silence.id)).toEqual(['b'])
})
