/** An export that is killed at any point leaves no half file and nothing out. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { testStorage } from '../testing.ts'
import { exportConfig } from './config.ts'
import type { Manifest } from './manifest.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
const folder = mkdtempSync(join(tmpdir(), 'inferwatch-export-'))
const child = new URL('testing-child.ts', import.meta.url).pathname
const hour = 3_600_000
const hours = 40
const from = Math.floor(Date.now() / hour) * hour - 100 * hour

beforeAll(async () => {
  storage = await testStorage()
  await storage.db.command(
    `INSERT INTO requests (timestamp, trace_id, span_id, version)
    SELECT fromUnixTimestamp64Milli(toInt64({from:Int64} + number * 1000)), toString(number), 's', 1 FROM numbers({rows:UInt64})`,
    { from, rows: hours * 3600 },
  )
})
afterAll(async () => {
  await storage.stop()
  rmSync(folder, { recursive: true })
})

const place = join(folder, 'calls')

/** What the manifest names is there and whole; how many files that are. */
function namedFiles(): number {
  if (!existsSync(join(place, 'manifest.json'))) return 0
  const { files } = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as Manifest
  for (const { file, sha256, rows } of files) {
    const bytes = readFileSync(join(place, file ?? ''))
    expect([file, createHash('sha256').update(bytes).digest('hex'), rows]).toEqual([file, sha256, 3600])
  }
  return files.length
}

function start() {
  const config = { name: 'calls', table: 'requests', to: folder, partition: 'hour', columns: ['timestamp', 'trace_id'] }
  const { jobs } = exportConfig.parse({ jobs: [config] })
  const range = { from, to: from + hours * hour }
  const args = [child, storage.data_dir, storage.url, JSON.stringify(jobs[0]), JSON.stringify(range)]
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => started.once('exit', resolve))
  return { kill: () => started.kill('SIGKILL'), ended }
}

test('killed again and again: every hour is written once, and none is half', async () => {
  for (let kills = 0; kills < 5 && namedFiles() < hours; kills++) {
    const before = namedFiles()
    const run = start()
    await eventually('another file is named', () => Promise.resolve(namedFiles() > before ? true : null))
    await sleep(Math.random() * 60)
    run.kill()
    await run.ended
    namedFiles()
  }
  expect(await start().ended).toBe(0)
  expect(namedFiles()).toBe(hours)
  const { files } = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as Manifest
  expect(files.map(({ version }) => version)).toEqual(Array.from({ length: hours }, () => 1))
  expect(readdirSync(place).filter((name) => !name.startsWith('.'))).toHaveLength(hours + 1)
  const [count] = await storage.db.query(
    `SELECT count() AS n, uniqExact(trace_id) AS ids FROM file('${place}/*.parquet', 'Parquet')`,
  )
  expect(count).toEqual({ n: hours * 3600, ids: hours * 3600 })
})
