/**
 * kill -9 of the engine with inserts in flight, again and again: what was in flight is sent once more with the token of
 * the first try, as the spool does, and every row is then there once. The table's engine replaces nothing, so that a row
 * that is stored twice shows.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { random } from '../../collector/otlp/testing.ts'
import { plainIssue } from '../../records/ingest-issue.ts'
import { ClickhouseDb, StorageError, type Db } from '../../storage/client.ts'
import type { ChildMessage, StartMessage } from '../../storage/embedded/child.ts'
import { builtinUsers } from '../../storage/embedded/users.ts'
import { RowBinaryWriter } from '../../storage/rowbinary.ts'
import { tables } from '../../storage/tables.ts'
import { testStorage } from '../../storage/testing.ts'

export interface InsertProof {
  kills: number
  batches: number
  /** Batches that had to be sent again, the engine having died with them in flight. */
  repeated: number
  missing: number
  duplicated: number
}

interface Options {
  kills: number
  seed: number
  /** Kill when a token is noted rather than at a random time: the part it stands for has no name yet then. */
  aimed?: boolean
  onKill?: (done: number) => void
}

const table = tables.ingest_issues
const columns = table.columns.map(({ name }) => name)
const rowsPerBatch = 3
const senders = 3
const week = 7 * 86_400e6
const child = new URL('../../storage/embedded/child.ts', import.meta.url)

/** Throws when the engine does not come back. */
export async function proveInserts({ kills, seed, aimed = false, onKill = () => {} }: Options): Promise<InsertProof> {
  const directory = mkdtempSync(join(tmpdir(), 'inferwatch-inserts-'))
  const next = random(seed)
  const path = await migrated(directory)
  let engine = await startEngine(directory)
  let sent = 0
  let acked = Promise.withResolvers<void>()
  let repeated = 0
  const over = new AbortController()
  const sender = async () => {
    while (!over.signal.aborted) {
      const batch = sent++
      for (let tries = 0; !(await insert(engine.db, batch)); tries++) {
        if (tries === 0) repeated++
        await sleep(10)
      }
      acked.resolve()
    }
  }
  const sending = Array.from({ length: senders }, sender)
  try {
    for (let done = 0; done < kills; done++) {
      acked = Promise.withResolvers()
      await acked.promise
      if (aimed) await noted(path)
      else await sleep(next() * 60)
      engine.process.kill('SIGKILL')
      await once(engine.process, 'exit')
      await engine.db.close()
      engine = await startEngine(directory)
      onKill(done + 1)
    }
    over.abort()
    await Promise.all(sending)
    const rows = await engine.db.query<{ id: number; n: number }>(
      'SELECT items AS id, count() AS n FROM ingest_issues GROUP BY id',
    )
    const stored = new Map(rows.map(({ id, n }) => [id, n]))
    const expected = Array.from({ length: sent * rowsPerBatch }, (_, id) => id)
    return {
      kills,
      batches: sent,
      repeated,
      missing: expected.filter((id) => !stored.has(id)).length,
      duplicated: [...stored.values()].filter((n) => n !== 1).length,
    }
  } finally {
    over.abort()
    engine.process.kill('SIGKILL')
    await engine.db.close()
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Makes the tables. Returns where the one written to keeps its parts. */
async function migrated(directory: string): Promise<string> {
  const storage = await testStorage({ data_dir: directory })
  const [row] = await storage.db.query<{ path: string }>(
    `SELECT data_paths[1] AS path FROM system.tables WHERE database = currentDatabase() AND name = '${table.name}'`,
  )
  await insert(storage.db, -1)
  await storage.db.command(`TRUNCATE TABLE ${table.name}`)
  await storage.stop()
  return row?.path ?? ''
}

/** The engine alone, without the supervisor's growing pauses. */
async function startEngine(directory: string): Promise<{ process: ChildProcess; db: ClickhouseDb }> {
  const process = fork(child, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const start: StartMessage = {
    type: 'start',
    directory: join(directory, 'clickhouse'),
    database: 'inferwatch',
    memoryBytes: 2 ** 30,
    host: '127.0.0.1',
    port: 0,
    users: builtinUsers({ writer: 'w', reader: 'r' }),
  }
  process.send(start)
  const [message] = (await once(process, 'message')) as [ChildMessage]
  if (message.type === 'failed') throw new Error(message.reason)
  const url = `http://127.0.0.1:${message.port}`
  return { process, db: new ClickhouseDb({ url, database: 'inferwatch', username: 'writer', password: 'w' }) }
}

/** False when the answer was lost, or there was none. */
async function insert(db: Pick<Db, 'insertRowBinary'>, batch: number): Promise<boolean> {
  const writer = new RowBinaryWriter(1024)
  for (let row = 0; row < rowsPerBatch; row++) {
    // Every other batch goes into the parts of two weeks.
    const timestamp = 1_790_000_000_000_000 + (batch % 2 === 0 ? row * week : 0)
    const id = Math.max(batch, 0) * rowsPerBatch + row
    table.encode(writer, { ...plainIssue, timestamp, source: 'proof', reason: 'proof', items: id, example: '' })
  }
  try {
    await db.insertRowBinary(table.name, columns, writer.take(), `batch-${batch}`)
    return true
  } catch (error) {
    if (error instanceof StorageError && error.retryable) return false
    throw error
  }
}

function noted(path: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(join(path, 'deduplication_logs'), () => {
      watcher.close()
      resolve()
    })
  })
}
