/** What must never come out of the reader's endpoint, and where it was put. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Db } from '../../storage/client.ts'

/** Texts that stand nowhere else, so that any of them in an answer is an escape. */
export const canaries = {
  file: 'canary-of-a-file-7f3a',
  table: 'canary-of-another-database-91bc',
  query: 'canary-of-a-query-c05d',
  /** The engine's process has it in its environment: a name there, since values are hard to plant. */
  environment: 'UV_THREADPOOL_SIZE=',
} as const

export interface Traps {
  /** A folder with a file to read, and where files must not appear. */
  directory: string
  secretFile: string
  outFile: string
  /** Stands for a host of the network. */
  url: string
  /** What was written, stopped, changed or called since the traps were set, one line each. */
  sprung(): Promise<string[]>
  remove(): Promise<void>
}

export async function setTraps(db: Db, dataDir: string): Promise<Traps> {
  const directory = mkdtempSync(join(tmpdir(), 'inferwatch-traps-'))
  const secretFile = join(directory, 'secret.txt')
  writeFileSync(secretFile, `${canaries.file}\n`)
  mkdirSync(join(directory, 'out'))
  await db.command('CREATE DATABASE IF NOT EXISTS elsewhere')
  await db.command('CREATE TABLE IF NOT EXISTS elsewhere.vault (a String) ENGINE = MergeTree ORDER BY a')
  await db.command(`INSERT INTO elsewhere.vault VALUES ('${canaries.table}')`)
  let calls = 0
  const outside = createServer((_, response) => {
    calls++
    response.end(`${canaries.file}\n`)
  })
  const url = await listening(outside)
  const canaryQuery = keepRunning(db)
  const before = await state(db, directory, dataDir)
  return {
    directory,
    secretFile,
    outFile: join(directory, 'out', 'made.txt'),
    url,
    async sprung() {
      const after = await state(db, directory, dataDir)
      const changed = Object.keys(after).filter((key) => after[key] !== before[key])
      return [...changed.map((key) => `${key} changed: ${after[key]}`), ...(calls > 0 ? [`${calls} calls out`] : [])]
    },
    async remove() {
      await canaryQuery.stop()
      outside.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Somebody else's query that always runs. */
function keepRunning(db: Db): { stop(): Promise<void> } {
  const control = new AbortController()
  const sql = `SELECT sum(sleepEachRow(1)), '${canaries.query}' FROM numbers(60) SETTINGS max_block_size = 1`
  const run = async () => {
    while (!control.signal.aborted) await db.query(sql, {}, { signal: control.signal }).catch(() => null)
  }
  const running = run()
  return {
    async stop() {
      control.abort()
      await running
    },
  }
}

async function state(db: Db, directory: string, dataDir: string): Promise<Record<string, string>> {
  const table = async (sql: string) => JSON.stringify(await db.query(sql))
  return {
    files: JSON.stringify([...listing(directory), ...topOf(dataDir)]),
    'secret file': readFileSync(join(directory, 'secret.txt'), 'utf8'),
    tables: digest(
      await table(
        "SELECT database, name, metadata_modification_time FROM system.tables WHERE database NOT IN ('system') ORDER BY ALL",
      ),
    ),
    settings: digest(await table('SELECT name, value FROM system.settings WHERE changed ORDER BY name')),
    functions: await table("SELECT count() FROM system.functions WHERE origin != 'System'"),
    rows: await table('SELECT (SELECT count() FROM elsewhere.vault), (SELECT count() FROM requests)'),
  }
}

function listing(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path} ${statSync(path).size}`)
    .sort()
}

/** The engine's own store changes by itself; nothing may appear beside it. */
function topOf(dataDir: string): string[] {
  return [dataDir, join(dataDir, 'clickhouse')].flatMap((path) => readdirSync(path).sort())
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
