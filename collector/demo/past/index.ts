/** Fills the last hours with what the demo would have done, so that pages are full at once. */
import { randomUUID } from 'node:crypto'
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Db } from '../../../storage/client.ts'
import { tables } from '../../../storage/tables.ts'
import type { PricesConfig } from '../../config.ts'
import type { BackfillFile, BackfillOptions } from '../messages.ts'
import { demoEnvironment } from '../scenario.ts'

export interface BackfillContext {
  db: Db
  prices: PricesConfig
  hours: number
  /** Pages of the stand-ins: past samples come from the targets of the present. */
  vllm_url: string
  dcgm_url: string
  signal: AbortSignal
  now?: () => number
}

const minuteMs = 60_000

/** Minutes that have demo rows already are left alone. Resolves with the number of rows; throws when they cannot be stored. */
export async function backfill({
  db,
  prices,
  hours,
  vllm_url,
  dcgm_url,
  signal,
  now = Date.now,
}: BackfillContext): Promise<number> {
  const to = Math.floor(now() / minuteMs) * minuteMs
  const from = to - hours * 60 * minuteMs
  const skip = await minutesWithRows(db, from, to)
  const directory = mkdtempSync(join(tmpdir(), 'inferwatch-demo-'))
  const options: BackfillOptions = { from, to, skip, prices, directory, dcgm_url, vllm_url }
  const child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    signal,
  })
  try {
    return await storeFiles(child, db)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    child.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

function storeFiles(child: ChildProcess, db: Db): Promise<number> {
  const run = randomUUID()
  let rows = 0
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(-2000)))
  return new Promise((done, fail) => {
    const store = async ({ table, path, rows: added }: BackfillFile) => {
      const columns = tables[table].columns.map(({ name }) => name)
      await db.insertRowBinary(table, columns, { path, offset: 0 }, `demo-${run}-${path}`)
      await rm(path, { force: true })
      rows += added
      if (child.connected) child.send('stored')
    }
    child.on('message', (file) => void store(file as BackfillFile).catch(fail))
    child.once('error', fail)
    child.once('exit', (code) => {
      if (code === 0) done(rows)
      else
        fail(
          new Error(
            `the process that makes the demo's past ended with ${code}: ${complaint.trim().split('\n').at(-1) ?? ''}`,
          ),
        )
    })
  })
}

async function minutesWithRows(db: Db, from: number, to: number): Promise<number[]> {
  const rows = await db.query<{ minute: number }>(
    `SELECT DISTINCT toUInt32(intDiv(toUnixTimestamp(timestamp), 60)) AS minute FROM requests
     WHERE environment = {environment:String} AND timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND timestamp < fromUnixTimestamp64Milli({to:Int64})`,
    { environment: demoEnvironment, from, to },
  )
  return rows.map(({ minute }) => minute)
}
