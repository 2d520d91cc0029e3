/** Rollups of servers and the topology from the versions before: what they hold stays, and a crash in between does not matter. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from './client.ts'
import { guarded, migrate, shippedMigrations } from './migrate.ts'
import { splitStatements } from './statements.ts'
import { bareEngine, silent, type OldStorage } from './testing-versions.ts'

const asIs = (statement: string) => [statement]
const named = (name: string) => shippedMigrations().filter((migration) => migration.name === name)

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

/** Runs the first `count` statements of a migration that then died. */
async function died(db: Db, name: string, count: number): Promise<void> {
  for (const statement of splitStatements(named(name)[0]?.sql ?? '').slice(0, count)) {
    const { done, change } = guarded(statement)
    const [row] = done === null ? [] : await db.query<Record<string, number>>(done)
    if (Object.values(row ?? {})[0] !== 1) await db.command(change)
  }
}

const rollups = '0019_server_rollups.sql'
const topology = '0016_topology.sql'
const countOf = (name: string) => splitStatements(named(name)[0]?.sql ?? '').length
// Each table has the same statements.
const some = [0, 1, 2, 3, 4, 5, countOf(rollups)]

test.each(some)('histograms of old rollups are kept, also when it died after %i statements', async (count) => {
  const db = await engine.db(`rollups_${count}`)
  await migrate(db, named('0005_rollups.sql'), silent, asIs)
  for (const table of ['server_1m', 'server_1h', 'server_1d'])
    await db.command(
      `INSERT INTO ${table} (timestamp, instance, model, samples, interval_ms, output_tokens, ttft_ms_bounds, ttft_ms_counts, ttft_ms_sum)
      SELECT toDateTime(86400 * 20000, 'UTC'), 'a:1', 'm', 2, 20000, 90, [1, 2.5], [3, 0, 1], 7`,
    )
  await died(db, rollups, count)
  await migrate(db, [...named('0005_rollups.sql'), ...named(rollups)], silent, asIs)
  for (const [table, minutes] of [
    ['server_1m', 1],
    ['server_1h', 60],
    ['server_1d', 1440],
  ]) {
    const rows =
      await db.query(`SELECT ttft_ms_buckets, itl_ms_buckets, ttft_ms_sum, output_tokens, output_tokens_interval_ms,
      finalizeAggregation(covered_minutes) AS minutes FROM ${table}`)
    expect(rows).toEqual([
      {
        ttft_ms_buckets: { '[1,2.5]': [3, 0, 1] },
        itl_ms_buckets: {},
        ttft_ms_sum: 7,
        output_tokens: 90,
        output_tokens_interval_ms: 20_000,
        minutes,
      },
    ])
  }
  await db.command(`DROP DATABASE rollups_${count}`)
})

test.each([0, 1, 2])('the topology is made anew once, also when it died after %i statements', async (count) => {
  const db = await engine.db(`topology_${count}`)
  await migrate(db, named('0002_samples.sql'), silent, asIs)
  await died(db, topology, count)
  if (count === 2) await db.insert('topology', [{ valid_from: 1e15, endpoint: 'kept', version: 1 }])
  await migrate(db, [...named('0002_samples.sql'), ...named(topology)], silent, asIs)
  const rows = await db.query('SELECT endpoint, valid_to, gpu_uuids, ambiguous FROM topology')
  expect(rows).toEqual(count === 2 ? [{ endpoint: 'kept', valid_to: null, gpu_uuids: [], ambiguous: false }] : [])
  await db.command(`DROP DATABASE topology_${count}`)
})
