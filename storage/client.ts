/** The one way to ClickHouse: embedded or a server, always over HTTP with @clickhouse/client. */
import { open } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Readable } from 'node:stream'
import { text as drained } from 'node:stream/consumers'
import { ClickHouseLogLevel, createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client'
import { StorageError } from './storage-error.ts'
import { tracedQuery } from './traced.ts'
import type { TableName } from './tables.ts'

export { StorageError } from './storage-error.ts'

export interface QueryOptions {
  signal?: AbortSignal
  settings?: Record<string, string | number>
  /** Seconds after which ClickHouse gives up. */
  max_execution_s?: number
}

/** Every method throws StorageError: `retryable` says whether the same call may work later. */
export interface Db {
  /** Rows of one SELECT; values bound as {name:Type}; corrected rows replace earlier ones (final = 1). */
  query<T>(sql: string, params?: Record<string, unknown>, options?: QueryOptions): Promise<T[]>
  /** DDL or another statement without a result. */
  command(sql: string, params?: Record<string, unknown>): Promise<void>
  /** A few rows as objects. DateTime64 columns take whole microseconds, a Date or text; Maps are written as maps. */
  insert(table: TableName, rows: object[]): Promise<void>
  /** One INSERT of a RowBinary body; the same token a second time inserts nothing. A path is streamed from `offset` on. */
  insertRowBinary(
    table: string,
    columns: readonly string[],
    body: Buffer | { path: string; offset: number },
    token: string,
  ): Promise<void>
}

export interface SqlOptions {
  /** Of the answer, unless the text names one. */
  format: string
  params?: Record<string, unknown>
  settings?: Record<string, string | number>
  /** Its abort stops the query in the engine too. */
  signal?: AbortSignal
}

export interface SqlAnswer {
  /** As the text or the caller named it. */
  format: string
  body: Readable
}

/** For SQL that people wrote. */
export interface SqlDb {
  /** One statement, answered as it is, when it is complete. Throws StorageError. */
  run(sql: string, options: SqlOptions): Promise<SqlAnswer>
}

export interface Connection {
  url: string
  database: string
  username: string
  password: string
  /** Of every query, before the ones that a call names. */
  settings?: ClickHouseSettings
}

/** JSON as numbers where JavaScript can hold them; unknown floats (NaN) as null. */
const jsonSettings: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  output_format_json_quote_decimals: 0,
}

const requestTimeoutMs = 330_000
const maxConnections = 24
/** Less than servers keep a connection that nobody uses, and what is between. */
const idleConnectionMs = 2500
/**
 * One body may reach back over years of weekly partitions: an import of old requests. Rows that replace each other inside
 * one body are left to merges and FINAL: looking for them in every body takes a fifth of the time of an insert.
 */
const insertSettings = { async_insert: 0, throw_on_max_partitions_per_insert_block: 0, optimize_on_insert: 0 } as const

export class ClickhouseDb implements Db, SqlDb {
  private readonly client: ClickHouseClient
  private readonly settings: ClickHouseSettings
  private readonly timeColumns = new Map<string, Promise<ReadonlyMap<string, number>>>()

  constructor({ url, database, username, password, settings = {} }: Connection) {
    this.settings = settings
    this.client = createClient({
      url,
      database,
      username,
      password,
      application: 'inferwatch',
      request_timeout: requestTimeoutMs,
      // The client's own timer of an idle connection outlives a request that was aborted before it was sent, and then cuts off
      // whatever uses the connection: the agent, whose timer is the connection's one, closes those that are idle.
      keep_alive: { enabled: true, idle_socket_ttl: 0 },
      http_agent: agentOf(url),
      compression: { response: false, request: false },
      // Every failure reaches the caller as a StorageError.
      log: { level: ClickHouseLogLevel.OFF },
    })
  }

  async query<T>(sql: string, params: Record<string, unknown> = {}, options: QueryOptions = {}): Promise<T[]> {
    const limit = options.max_execution_s
    const ask = async () => {
      const result = await this.client.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: params,
        clickhouse_settings: {
          final: 1,
          wait_end_of_query: 1,
          ...jsonSettings,
          ...this.settings,
          ...(limit === undefined ? {} : { max_execution_time: limit }),
          ...options.settings,
        },
        ...(options.signal ? { abort_signal: options.signal } : {}),
      })
      return result.json<T>()
    }
    return tracedQuery('query', sql, () => wrap(ask, options.signal))
  }

  async run(sql: string, { format, params = {}, settings = {}, signal }: SqlOptions): Promise<SqlAnswer> {
    const ask = async () => {
      // The client listens for an abort to come, and not for one that was.
      signal?.throwIfAborted()
      const { stream, response_headers } = await this.client.exec({
        query: sql,
        query_params: params,
        // In a header, so that errors speak of the text as it was written.
        http_headers: { 'X-ClickHouse-Format': format },
        clickhouse_settings: {
          final: 1,
          wait_end_of_query: 1,
          // A server of its own stops only so when its client goes away.
          cancel_http_readonly_queries_on_client_close: 1,
          ...this.settings,
          ...settings,
        },
        ...(signal ? { abort_signal: signal } : {}),
      })
      const named = response_headers['x-clickhouse-format']
      return { format: typeof named === 'string' ? named : format, body: stream }
    }
    return tracedQuery('query', sql, () => wrap(ask, signal))
  }

  async command(sql: string, params: Record<string, unknown> = {}): Promise<void> {
    await tracedQuery('command', sql, () => wrap(() => this.client.command({ query: sql, query_params: params })))
  }

  /** The answer to a SELECT that names its format, byte by byte: it begins when the query is done, so that an error is one. */
  async stream(sql: string, params: Record<string, unknown> = {}): Promise<Readable> {
    const ask = () =>
      this.client.exec({
        query: sql,
        query_params: params,
        clickhouse_settings: { final: 1, wait_end_of_query: 1 },
      })
    const { stream } = await tracedQuery('query', sql, () => wrap(ask))
    return stream
  }

  async insert(table: TableName, rows: object[]): Promise<void> {
    if (rows.length === 0) return
    const times = await this.timeColumnsOf(table)
    const values = rows.map((row) => jsonRow(row, times))
    const insert = () =>
      this.client.insert({
        table,
        format: 'JSONEachRow',
        values,
        // A field that no column has is a mistake: refused, rather than dropped in silence.
        clickhouse_settings: { ...insertSettings, input_format_skip_unknown_fields: 0 },
      })
    await tracedQuery('insert', `INSERT INTO ${table}`, () => wrap(insert))
  }

  async insertRowBinary(
    table: string,
    columns: readonly string[],
    body: Buffer | { path: string; offset: number },
    token: string,
  ): Promise<void> {
    const insert = async () => {
      const values = Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : await fileStream(body)
      try {
        const { stream } = await this.client.exec({
          query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT RowBinary`,
          values,
          clickhouse_settings: { ...insertSettings, insert_deduplicate: 1, insert_deduplication_token: token },
        })
        await drained(stream)
      } finally {
        // Refused connections leave it unread, and its file open.
        values.destroy()
      }
    }
    await tracedQuery('insert', `INSERT INTO ${table} FORMAT RowBinary`, () => wrap(insert))
  }

  async close(): Promise<void> {
    await this.client.close()
  }

  private timeColumnsOf(table: string): Promise<ReadonlyMap<string, number>> {
    let known = this.timeColumns.get(table)
    if (!known) {
      known = this.query<{ name: string; digits: number }>(
        `select name, toUInt8(extract(type, 'DateTime64\\\\((\\\\d)')) as digits from system.columns
        where database = currentDatabase() and table = {table:String} and type like '%DateTime64(%'`,
        { table },
      ).then((rows) => new Map(rows.map(({ name, digits }) => [name, digits])))
      this.timeColumns.set(table, known)
      known.catch(() => this.timeColumns.delete(table))
    }
    return known
  }
}

function agentOf(url: string): HttpAgent {
  const Agent = new URL(url).protocol === 'https:' ? HttpsAgent : HttpAgent
  return new Agent({ keepAlive: true, maxSockets: maxConnections, timeout: idleConnectionMs })
}

/** Opened before it is read: a file that is not there is an error here, not one of a stream that nobody listens to. */
async function fileStream({ path, offset }: { path: string; offset: number }): Promise<Readable> {
  const file = await open(path)
  return file.createReadStream({ start: offset, highWaterMark: 256 * 1024 })
}

/** JSON knows no Map and ClickHouse no bare microseconds. */
function jsonRow(row: object, times: ReadonlyMap<string, number>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => {
      if (value instanceof Map) return [name, Object.fromEntries(value)]
      const digits = times.get(name)
      if (digits === undefined) return [name, value]
      if (typeof value === 'number') return [name, timeText(value, digits)]
      return [name, value instanceof Date ? timeText(value.getTime() * 1000, digits) : value]
    }),
  )
}

/** `2026-11-21 10:00:00.123456` in UTC, with as many digits as the column has. */
function timeText(micros: number, digits: number): string {
  const seconds = Math.floor(micros / 1e6)
  const time = new Date(seconds * 1000)
  if (Number.isNaN(time.getTime())) throw new StorageError(`${micros} µs is no time`, 'BAD_ROW', false)
  const date = time.toISOString().slice(0, 19).replace('T', ' ')
  const fraction = String(micros - seconds * 1e6).padStart(6, '0')
  return digits === 0 ? date : `${date}.${fraction.slice(0, digits)}`
}

async function wrap<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw StorageError.from(error, signal)
  }
}
