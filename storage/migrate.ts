/** Brings the database to the newest schema: numbered files, applied once, in order, recorded with their checksums. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Db } from './client.ts'
import { splitStatements } from './statements.ts'

export interface Migration {
  name: string
  sql: string
}

/** The database and this version's migrations do not fit together; the message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

const directory = new URL('migrations/', import.meta.url)

export function shippedMigrations(): Migration[] {
  return readdirSync(directory)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort()
    .map((name) => ({ name, sql: readFileSync(new URL(name, directory), 'utf8') }))
}

/** `adapt` turns one statement into those that run: a cluster needs other engines and a second table. */
export type Adapt = (statement: string) => string[]

const history = `CREATE TABLE IF NOT EXISTS schema_migrations
(
  name String COMMENT 'File of the migration',
  checksum String COMMENT 'SHA-256 of the file, hex',
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it was applied, UTC'
)
ENGINE = MergeTree ORDER BY name COMMENT 'Which migrations this database has'`

/** Throws MigrationError when the database is newer than this version, or an applied file changed. */
export async function migrate(db: Db, migrations: readonly Migration[], log: Logger, adapt: Adapt): Promise<void> {
  for (const statement of adapt(history)) await db.command(statement)
  const applied = await db.query<{ name: string; checksum: string }>('SELECT name, checksum FROM schema_migrations')
  const pending = pendingMigrations(migrations, applied)
  for (const { name, sql } of pending) {
    for (const statement of splitStatements(sql)) {
      const { done, change } = guarded(statement)
      if (done !== null && (await holds(db, done))) continue
      for (const adapted of adapt(change)) await db.command(adapted)
    }
    // After its statements, all of which may run again: a crash in between repeats the file.
    await db.command('INSERT INTO schema_migrations (name, checksum) VALUES ({name:String}, {checksum:String})', {
      name,
      checksum: checksumOf(sql),
    })
  }
  if (pending.length > 0) log.info({ migrations: pending.map(({ name }) => name) }, 'database schema updated')
}

/**
 * A statement that must not run twice begins with `UNLESS (SELECT …)`, whose one number says that it ran: a file is repeated
 * from its start when the process dies before it is recorded.
 */
export function guarded(statement: string): { done: string | null; change: string } {
  const [, done = null, change = statement] = /^UNLESS \((SELECT [^]*?)\)\n([^]*)$/.exec(statement) ?? []
  return { done, change }
}

async function holds(db: Db, sql: string): Promise<boolean> {
  const [row] = await db.query<Record<string, number>>(sql)
  return Object.values(row ?? {})[0] !== 0
}

export function pendingMigrations(
  migrations: readonly Migration[],
  applied: readonly { name: string; checksum: string }[],
): Migration[] {
  const shipped = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const { name, checksum } of applied) {
    const migration = shipped.get(name)
    if (!migration) {
      throw new MigrationError(
        `the database has migration ${name}, which this version does not know: run a newer Inferwatch`,
      )
    }
    if (checksumOf(migration.sql) !== checksum) {
      throw new MigrationError(
        `migration ${name} was changed after it had been applied: restore the file, add a new one instead`,
      )
    }
  }
  const done = new Set(applied.map(({ name }) => name))
  return migrations.filter(({ name }) => !done.has(name))
}

function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex')
}
