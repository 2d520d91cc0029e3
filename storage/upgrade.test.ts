/** Data directories of former versions, and upgrades that a crash ended half-way. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from './client.ts'
import { guarded, migrate, shippedMigrations } from './migrate.ts'
import { compareRollups } from './rollup-check.ts'
import { rollupSpecs } from './rollup-specs.ts'
import { startRollups } from './rollups.ts'
import { splitStatements } from './statements.ts'
import { testStorage } from './testing.ts'
import { bareEngine, migrationsBefore, silent, type OldStorage } from './testing-versions.ts'

const upgrade = '0006_counted_once.sql'
const asIs = (statement: string) => [statement]
const statements = splitStatements(shippedMigrations().find(({ name }) => name === upgrade)?.sql ?? '')

const week = 7 * 86_400
const now = Math.floor(Date.now() / 1000)

/** A row of `requests` with columns that every version had; two weeks, so that there are two partitions. */
const request = (id: number, version = 1) => ({
  timestamp: (now - (id % 2) * week - id) * 1e6,
  trace_id: id.toString(16).padStart(32, '0'),
  span_id: id.toString(16).padStart(16, '0'),
  model: `m${id % 3}`,
  provider: 'openai',
  status: 'ok',
  input_tokens: id * 10 + version,
  output_tokens: id,
  cost_usd: id / 1000,
  version,
})
const span = (id: number) => ({
  timestamp: (now - id) * 1e6,
  trace_id: id.toString(16).padStart(32, '0'),
  span_id: id.toString(16).padStart(16, '0'),
  name: 'chat',
  version: 1,
})
const ids = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index)

/** Some of them corrected. */
async function fillRequests(db: Db): Promise<void> {
  await db.insert(
    'requests',
    ids(40).map((id) => request(id)),
  )
  await db.insert(
    'requests',
    ids(10).map((id) => request(id, 2)),
  )
}

/** What `fillRequests` wrote is all there, as the newest version reads it, and can be taken back. */
async function expectRequests(db: Db): Promise<void> {
  const rows = await db.query<object>(
    `SELECT span_id, input_tokens, role, merged_span_ids, is_deleted FROM requests ORDER BY span_id`,
  )
  const expected = ids(40).map((id) => request(id, id <= 10 ? 2 : 1))
  expect(rows).toEqual(
    expected.map(({ span_id, input_tokens }) => ({
      span_id,
      input_tokens,
      role: 'client',
      merged_span_ids: [],
      is_deleted: 0,
    })),
  )
  const [engine] = await db.query<{ engine_full: string }>(
    "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'requests'",
  )
  expect(engine?.engine_full).toContain('ReplacingMergeTree(version, is_deleted)')
  const left = "SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(name, '_next')"
  expect(await db.query(left)).toEqual([])
  await db.insert('requests', [{ ...request(5, 9), is_deleted: 1 }])
  expect(await db.query('SELECT count() AS n FROM requests')).toEqual([{ n: 39 }])
}

/** A measure that came later: buckets of before keep none, since their raw rows may be gone. */
const firstSpecs = rollupSpecs.map((spec) => ({
  ...spec,
  measures: spec.measures.filter(({ name }) => name !== 'cost_usd_max'),
}))
const oldSpecs = firstSpecs.filter(({ prefix }) => ['requests', 'gpu', 'server'].includes(prefix))

async function flushRollups(db: Db, specs = rollupSpecs): Promise<void> {
  const rollups = await startRollups(db, silent, specs)
  await rollups.flush()
  await rollups.stop()
}

test('the data directory of the version before: every row is there, rollups equal them', async () => {
  const data_dir = mkdtempSync(join(tmpdir(), 'inferwatch-upgrade-'))
  const old = await bareEngine(data_dir)
  const db = await old.db()
  await migrate(db, migrationsBefore(upgrade), silent, asIs)
  await fillRequests(db)
  await db.insert('spans', ids(50).map(span))
  await db.insert('ingest_issues', [{ timestamp: now * 1e6, source: 'old', reason: 'old', items: 3, example: '' }])
  await flushRollups(db, oldSpecs)
  await old.stop()

  const storage = await testStorage({ data_dir })
  await expectRequests(storage.db)
  expect(await storage.db.query('SELECT count() AS n FROM spans')).toEqual([{ n: 50 }])
  expect(await storage.db.query('SELECT sum(items) AS n FROM ingest_issues')).toEqual([{ n: 3 }])
  // With the row that was taken back: rollups follow what changes from now on.
  await flushRollups(storage.db)
  for (const { table, stored, recount } of await compareRollups(storage.db, firstSpecs))
    expect({ [table]: stored }).toEqual({ [table]: recount })
  await storage.stop()
  rmSync(data_dir, { recursive: true, force: true })
})

let data_dir = ''
let engine: OldStorage
beforeAll(async () => {
  data_dir = mkdtempSync(join(tmpdir(), 'inferwatch-upgrade-'))
  engine = await bareEngine(data_dir)
})
afterAll(async () => {
  await engine.stop()
  rmSync(data_dir, { recursive: true, force: true })
})

const historyUpgrade = '0028_history_once.sql'
const historyStatements = splitStatements(shippedMigrations().find(({ name }) => name === historyUpgrade)?.sql ?? '')
const stateChange = (id: number) => ({
  timestamp: (now - id * week) * 1e6,
  fingerprint: String(id),
  rule: 'Slow',
  group: 'g',
  state: 'firing',
  labels: { model: 'm' },
})

test.each([0, ...ids(historyStatements.length)])(
  'alert history is kept, each change once, by an upgrade that died after %i of its statements',
  async (k) => {
    const db = await engine.db(`history_${k}`)
    const own = new Set(['0004_alerts.sql', '0021_alert_engine.sql', historyUpgrade])
    const migrations = shippedMigrations().filter(({ name }) => own.has(name))
    await migrate(db, migrations.slice(0, 2), silent, asIs)
    await db.insert('alert_events', ids(3).map(stateChange))
    await db.insert('alert_events', ids(2).map(stateChange))
    for (const statement of historyStatements.slice(0, k)) {
      const { done, change } = guarded(statement)
      const [row] = done === null ? [] : await db.query<Record<string, number>>(done)
      if (Object.values(row ?? {})[0] !== 1) await db.command(change)
    }
    await migrate(db, migrations, silent, asIs)
    expect(await db.query('SELECT fingerprint, labels FROM alert_events ORDER BY fingerprint')).toEqual(
      ids(3).map((id) => ({ fingerprint: String(id), labels: { model: 'm' } })),
    )
    await db.command(`DROP DATABASE history_${k}`)
  },
)

test.each(ids(statements.length))(
  'an upgrade that died after %i of its statements goes on to the same end',
  async (k) => {
    const db = await engine.db(`upgrade_${k}`)
    // The tables that it touches, without the others, which take most of the time.
    const migrations = shippedMigrations().filter(({ name }) => name === upgrade || name === '0001_requests.sql')
    await migrate(db, migrations.slice(0, 1), silent, asIs)
    await fillRequests(db)
    for (const statement of statements.slice(0, k)) {
      const { done, change } = guarded(statement)
      const [row] = done === null ? [] : await db.query<Record<string, number>>(done)
      if (Object.values(row ?? {})[0] !== 1) await db.command(change)
    }
    await migrate(db, migrations, silent, asIs)
    expect(await db.query('SELECT count() AS n FROM schema_migrations')).toEqual([{ n: 2 }])
    await expectRequests(db)
    await db.command(`DROP DATABASE upgrade_${k}`)
  },
)
