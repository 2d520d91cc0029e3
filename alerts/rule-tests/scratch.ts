/** An embedded ClickHouse on a temporary folder: rule tests fill it, ask it, and leave nothing behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { clickhouseConfig, retentionConfig } from '../../storage/config.ts'
import { startStorage, type Storage } from '../../storage/index.ts'

export interface Scratch extends Storage {
  /** Empties every table. */
  clear(): Promise<void>
}

/** Starts in a second or two. */
export async function startScratch(log: Logger): Promise<Scratch> {
  const data_dir = mkdtempSync(join(tmpdir(), 'inferwatch-rule-tests-'))
  const remove = () => rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 })
  const options = { data_dir, listen: '127.0.0.1:0', log }
  try {
    const storage = await startStorage({
      ...options,
      clickhouse: clickhouseConfig.parse({}),
      retention: retentionConfig.parse({}),
      unaskedRollups: false,
    })
    return {
      ...storage,
      clear: () => clear(storage),
      async stop() {
        await storage.stop()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** What the database keeps for itself. */
const ownTables = ['schema_migrations', 'rollup_state']

async function clear({ db }: Storage): Promise<void> {
  const filled = await db.query<{ name: string }>(
    `select name from system.tables
    where database = currentDatabase() and total_rows > 0 and name not in {own:Array(String)} order by name`,
    { own: ownTables },
  )
  for (const { name } of filled) await db.command(`truncate table ${name}`)
}
