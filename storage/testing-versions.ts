/** Test helpers: a data directory as an older version of the product left it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { ClickhouseDb } from './client.ts'
import { Supervisor } from './embedded/supervisor.ts'
import { builtinUsers } from './embedded/users.ts'
import { shippedMigrations, type Migration } from './migrate.ts'

export const silent = pino({ level: 'silent' })

export interface OldStorage {
  /** A database of the engine, made when it is not there. */
  db(database?: string): Promise<ClickhouseDb>
  stop(): Promise<void>
}

/** An engine on `data_dir` without any schema. */
export async function bareEngine(data_dir: string): Promise<OldStorage> {
  const passwords = { writer: 'writer-of-an-old-version', reader: 'reader-of-an-old-version' }
  mkdirSync(join(data_dir, 'keys'), { recursive: true })
  for (const [user, password] of Object.entries(passwords))
    writeFileSync(join(data_dir, 'keys', user), `${password}\n`, { mode: 0o600 })
  const supervisor = await Supervisor.start({
    directory: join(data_dir, 'clickhouse'),
    database: 'inferwatch',
    memoryBytes: 2 ** 30,
    host: '127.0.0.1',
    port: 0,
    users: builtinUsers(passwords),
    log: silent,
  })
  const open: ClickhouseDb[] = []
  const connect = (database: string) => {
    const db = new ClickhouseDb({ url: supervisor.url, database, username: 'writer', password: passwords.writer })
    open.push(db)
    return db
  }
  return {
    async db(database = 'inferwatch') {
      await connect('inferwatch').command(`CREATE DATABASE IF NOT EXISTS ${database}`)
      return connect(database)
    },
    async stop() {
      for (const db of open) await db.close()
      await supervisor.stop()
    },
  }
}

/** Migrations before `name`: what the version that did not have it yet had applied. */
export function migrationsBefore(name: string): Migration[] {
  return shippedMigrations().filter((migration) => migration.name < name)
}
