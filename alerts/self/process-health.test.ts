import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { processHealth } from './process-health.ts'

const spool = {
  bytes: 250,
  max_bytes: 1_000,
  segments: 1,
  oldest_ms: null,
  appended: {},
  inserted: {},
  refused: 3,
  last_refusal: 'the disk was full',
  rejected_segments: 1,
  reason: 'ClickHouse is behind',
  no_room: '',
}

test('storage is down since it first did not answer', async () => {
  const state = { now: 1_000, ok: true }
  const storage = { ready: () => Promise.resolve({ ok: state.ok, reason: state.ok ? '' : 'nobody there' }) }
  const read = processHealth({ storage, collector: null, dataDir: tmpdir(), now: () => state.now })
  const down = async () => (await read()).find(({ measure }) => measure === 'storage_down')
  expect(await down()).toMatchObject({ value: 0, details: { error: '' } })
  state.ok = false
  expect(await down()).toMatchObject({ value: 0, details: { error: 'nobody there' } })
  state.now = 31_000
  expect(await down()).toMatchObject({ value: 30_000 })
  state.ok = true
  expect(await down()).toMatchObject({ value: 0 })
})

test('the spool, what was not taken, and the disk', async () => {
  const storage = { ready: () => Promise.resolve({ ok: true, reason: '' }) }
  const collector = { stats: () => ({ spool, issues: { 'otlp_http zero_trace_id': 5 } }), targets: () => [] }
  const readings = await processHealth({ storage, collector, dataDir: tmpdir() })()
  const values = Object.fromEntries(readings.map(({ measure, value }) => [measure, value]))
  // Nothing waits: its age is unknown, not 0.
  expect(values).toEqual({
    storage_down: 0,
    disk_used: expect.any(Number),
    spool_used: 0.25,
    refused: 3,
    rejected_segments: 1,
    targets_down: 0,
    ingest_issues: 5,
  })
  // Whoever is told of it may be told when there is room again.
  expect(readings.find(({ measure }) => measure === 'refused')?.details).toEqual({ error: 'the disk was full' })
  expect(values['disk_used']).toBeGreaterThan(0)
  expect(values['disk_used']).toBeLessThanOrEqual(1)
  expect(readings.at(-1)?.labels).toEqual({ source: 'otlp_http', reason: 'zero_trace_id' })
})
