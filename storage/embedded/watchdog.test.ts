import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Engine } from './engine.ts'
import { Canceller, ConnectionPool } from './sessions.ts'

const directory = mkdtempSync(join(tmpdir(), 'inferwatch-watchdog-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('a query that does not look at the clock is reported; one that ends in time is not', async () => {
  const engine = new Engine(directory, [])
  const stuck: string[] = []
  const pool = new ConnectionPool(engine, new Canceller(engine), {
    size: 1,
    maxWaiting: 1,
    reuse: 'same',
    stuck: { graceMs: 0, report: (sql) => stuck.push(sql) },
  })
  const run = (sql: string, seconds: string) =>
    pool.run({
      sql,
      owner: '',
      format: 'TSV',
      database: '',
      settings: new Map([['max_execution_time', seconds]]),
      params: new Map(),
      named: new Set(),
      signal: new AbortController().signal,
    })
  await run('SELECT 1', '60')
  expect(stuck).toEqual([])
  const slow = "SELECT editDistance(materialize(repeat('a', 30000)), repeat('b', 30000))"
  await run(slow, '0.1').catch(() => null)
  expect(stuck).toEqual([slow])
})
