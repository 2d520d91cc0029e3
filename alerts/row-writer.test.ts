import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import { RowWriter } from './row-writer.ts'
import { createTelemetry } from './telemetry.ts'
import { manualClock } from './testing/manual-clock.ts'

test('a write that hangs is waited for as long as is said, and goes on behind', async () => {
  const written: object[][] = []
  let open = () => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  const db: Pick<Db, 'insert'> = {
    async insert(_, rows) {
      await gate
      written.push(rows)
    },
  }
  const lines: string[] = []
  const clock = manualClock(0)
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const writer = new RowWriter({ db, clock, log, telemetry: createTelemetry() })
  writer.put('alert_events', { n: 1 })
  const waits = [writer.flushWithin(5_000), writer.flushWithin(5_000)]
  await clock.advance(5_000)
  await Promise.all(waits)
  expect(written).toEqual([])
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('"waited_ms":5000')
  open()
  await writer.flushWithin(5_000)
  expect(written).toEqual([[{ n: 1 }]])
})

test('calls while a write runs share the next one, which has their rows', async () => {
  const writes: object[][] = []
  const gates: (() => void)[] = []
  const db: Pick<Db, 'insert'> = {
    async insert(_, rows) {
      writes.push(rows)
      await new Promise<void>((resolve) => gates.push(resolve))
    },
  }
  const log = pino({ level: 'silent' })
  const writer = new RowWriter({ db, clock: manualClock(0), log, telemetry: createTelemetry() })
  writer.put('alert_events', { n: 1 })
  const first = writer.flush()
  await Promise.resolve()
  const later = [2, 3, 4].map((n) => {
    writer.put('alert_events', { n })
    return writer.flush()
  })
  gates.shift()?.()
  await first
  await expect.poll(() => writes.length).toBe(2)
  gates.shift()?.()
  await Promise.all(later)
  expect(writes).toEqual([[{ n: 1 }], [{ n: 2 }, { n: 3 }, { n: 4 }]])
})

test('how far a group was stands before what changed since, and how far it is after that', async () => {
  const writes: unknown[] = []
  const db: Pick<Db, 'insert'> = {
    insert(table, rows) {
      // Put while a pass runs: its own order holds for it too, in the next one.
      if (writes.length === 0) putAll(2)
      writes.push([table, ...rows])
      return Promise.resolve()
    },
  }
  const log = pino({ level: 'silent' })
  const writer = new RowWriter({ db, clock: manualClock(0), log, telemetry: createTelemetry() })
  const putAll = (n: number) => {
    writer.put('alert_progress', { n, after: true }, 'g')
    writer.put('alert_state', { n }, `${n}`)
    writer.put('progress_before', { n, before: true }, 'g')
  }
  putAll(1)
  await writer.flush()
  await writer.flush()
  const pass = (n: number) => [
    ['alert_progress', { n, before: true }],
    ['alert_state', { n }],
    ['alert_progress', { n, after: true }],
  ]
  expect(writes).toEqual([...pass(1), ...pass(2)])
})

describe('in ClickHouse', () => {
  let storage: Awaited<ReturnType<typeof testStorage>>
  beforeAll(async () => {
    storage = await testStorage()
  })
  afterAll(() => storage.stop())

  const change = (rule: string, value: number | string, timestamp = new Date(0)) => ({ rule, value, timestamp })

  test('a row that can never be stored holds up no other, and is told of once', async () => {
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const writer = new RowWriter({ db: storage.db, clock: manualClock(0), log, telemetry: createTelemetry() })
    const never = new Date(NaN)
    const bad = [change('no time', 1, never), change('far off', 1, new Date(8.64e15)), change('no number', 'many')]
    for (const row of [change('a', 1), ...bad, change('b', 2), change('c', 3)]) writer.put('alert_events', row)
    writer.put('silences', { id: 's', created_by: 'me', ends_at: new Date(0) })
    await writer.flush()
    expect(writer.lacks('alert_events', 'silences')).toBe(false)
    const stored = await storage.db.query<{ rule: string }>('select rule from alert_events order by rule')
    expect(stored.map(({ rule }) => rule)).toEqual(['a', 'b', 'c'])
    expect(await storage.db.query('select id from silences')).toEqual([{ id: 's' }])
    expect(lines).toHaveLength(bad.length)
    writer.put('alert_events', change('no number', 'many'))
    await writer.flush()
    expect(lines).toHaveLength(bad.length)
  })
})
