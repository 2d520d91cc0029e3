/** Storage: ClickHouse, embedded or a server, with the schema in place. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { ClickHouseSettings } from '@clickhouse/client'
import type { Logger } from 'pino'
import { ClickhouseDb, type Db, type SqlDb } from './client.ts'
import type { ClickhouseConfig, RetentionConfig } from './config.ts'
import { Supervisor } from './embedded/supervisor.ts'
import { builtinUsers } from './embedded/users.ts'
import { clusterAdapter } from './cluster.ts'
import { byEngine, byStream, type WriteResult } from './export/result-file.ts'
import { migrate, shippedMigrations, type Adapt } from './migrate.ts'
import { readiness } from './readiness.ts'
import { applyRetention } from './retention.ts'
import { rollupSpecs } from './rollup-specs.ts'
import { startRollups, type Rollups } from './rollups.ts'
import { applyServerUsers } from './server-users.ts'

export interface StorageOptions {
  data_dir: string
  /** host:port of the embedded engine's HTTP interface; port 0 picks a free one. */
  listen: string
  clickhouse: ClickhouseConfig
  retention: RetentionConfig
  log: Logger
  /** Whether rollups follow their raw rows unasked, as they do by default; for a moment's storage, `rollups.flush()` is enough. */
  unaskedRollups?: boolean
}

export interface Storage {
  /** Full rights on our database. */
  db: Db
  /** For SQL of analysts: reads our database only, within limits. */
  reader: Db & SqlDb
  /** Writes the rows of a query to a file on this machine. */
  writeResult: WriteResult
  rollups: Rollups
  /** Of the ClickHouse HTTP interface. */
  url: string
  /** Process of the embedded engine; undefined with a server of its own. */
  enginePid(): number | undefined
  /** Runs a real query and a real insert. */
  ready(): Promise<{ ok: boolean; reason: string }>
  /** Safe to call twice. */
  stop(): Promise<void>
}

/** Throws EngineStartError, MigrationError or StorageError, each with one line that says what to do. */
export async function startStorage(options: StorageOptions): Promise<Storage> {
  const engine = options.clickhouse.url === 'embedded' ? await startEmbedded(options) : null
  const url = engine?.supervisor.url ?? options.clickhouse.url
  const { database } = options.clickhouse
  const connection = connectStorage({ ...options, url })
  const { db, reader, writeResult } = connection
  let rollups: Rollups | null = null
  const close = async () => {
    await rollups?.stop()
    await connection.stop()
    await engine?.supervisor.stop()
  }
  try {
    const { cluster } = options.clickhouse
    const adapt: Adapt = cluster ? clusterAdapter(cluster, database) : (statement) => [statement]
    if (!engine) await createDatabase({ url, ...writerOf(options) }, database, cluster)
    await migrate(db, shippedMigrations(), options.log, adapt)
    if (!engine && options.clickhouse.users.length > 0)
      await applyServerUsers(db, options.clickhouse.users, database, cluster)
    await applyRetention(db, options.retention, adapt)
    rollups = await startRollups(db, options.log, rollupSpecs, { unasked: options.unaskedRollups ?? true })
    return {
      db,
      reader,
      writeResult,
      rollups,
      url,
      enginePid: () => engine?.supervisor.pid,
      ready: readiness(db),
      stop: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Connects to storage that already runs, as `startStorage` of this or another process left it. */
export function connectStorage(
  options: Pick<StorageOptions, 'data_dir' | 'clickhouse'> & { url: string },
): Pick<Storage, 'db' | 'reader' | 'writeResult' | 'stop'> {
  const { url, clickhouse, data_dir } = options
  const server = { url, database: clickhouse.database }
  const db = new ClickhouseDb({ ...server, ...writerOf(options) })
  const reader =
    clickhouse.url === 'embedded'
      ? new ClickhouseDb({ ...server, username: 'reader', password: passwordsOf(data_dir).reader })
      : new ClickhouseDb({ ...server, ...writerOf(options), settings: readerLimits })
  return {
    db,
    reader,
    writeResult: clickhouse.url === 'embedded' ? byEngine(db) : byStream(db),
    async stop() {
      await Promise.all([db.close(), reader.close()])
    },
  }
}

function writerOf({ clickhouse, data_dir }: Pick<StorageOptions, 'data_dir' | 'clickhouse'>) {
  if (clickhouse.url === 'embedded') return { username: 'writer', password: passwordsOf(data_dir).writer }
  return { username: clickhouse.username, password: clickhouse.password }
}

function passwordsOf(dataDir: string): { writer: string; reader: string } {
  const keys = join(resolve(dataDir), 'keys')
  return { writer: storedKey(join(keys, 'writer')), reader: storedKey(join(keys, 'reader')) }
}

/** On a server the reader is our own user, held to reading; the embedded engine has a user for it, with limits of its own. */
const readerLimits: ClickHouseSettings = {
  readonly: '1',
  max_execution_time: 30,
  max_result_rows: '1000000',
  max_result_bytes: '268435456',
  max_memory_usage: '1000000000',
}

async function startEmbedded({ data_dir, listen, clickhouse, log }: StorageOptions) {
  const directory = resolve(data_dir)
  const colon = listen.lastIndexOf(':')
  const supervisor = await Supervisor.start({
    directory: join(directory, 'clickhouse'),
    database: clickhouse.database,
    memoryBytes: clickhouse.memory_bytes,
    host: listen.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(listen.slice(colon + 1)),
    users: [...builtinUsers(passwordsOf(directory)), ...clickhouse.users],
    log,
  })
  return { supervisor }
}

/** Made at the first start, readable by this user alone. */
function storedKey(path: string): string {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  }
  return readFileSync(path, 'utf8').trim()
}

/** The database itself can only be made from another one. */
async function createDatabase(
  connection: { url: string; username: string; password: string },
  database: string,
  cluster: string | null,
) {
  const db = new ClickhouseDb({ ...connection, database: 'default' })
  try {
    await db.command(`CREATE DATABASE IF NOT EXISTS ${database}${cluster ? ` ON CLUSTER ${cluster}` : ''}`)
  } finally {
    await db.close()
  }
}
