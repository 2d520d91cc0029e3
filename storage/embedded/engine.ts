/** The ClickHouse engine as a library: the few calls of chdb's addon that we use, typed. */
import { createRequire } from 'node:module'
import { EngineError } from './errors.ts'

/** An open connection of the addon; only passed around. */
type Handle = object

interface Addon {
  CreateConnection(path: string, args: readonly string[]): Handle
  CloseConnection(handle: Handle): void
  QueryAsyncConnection(handle: Handle, sql: string, format: string): Promise<RawResult>
  DurableClassifyAsync(handle: Handle, sql: string, database: string): Promise<StatementClass>
}

export interface RawResult {
  bytes: Buffer
  /** Seconds. */
  elapsed: number
  /** Rows of the result, not rows scanned; of an INSERT from a file, the rows of the file. */
  rowsRead: number
  /** Of the columns of those rows, in memory. */
  bytesRead: number
  /** Of an INSERT of a body. */
  written?: WriteStatistics
  /** The last bytes of what left before, when the result was handed out while it was made. */
  tail?: Buffer
}

export interface WriteStatistics {
  written_rows: number
  written_bytes: number
}

/** The engine's own reading of a text. Class 0 reads, 1 writes or defines, 3 controls (SET, SYSTEM, KILL, INTO OUTFILE), 4 is no SQL. */
export interface StatementClass {
  statementCount: number
  queryClass: number
}

export class Engine {
  private readonly addon = loadAddon()
  private readonly path: string
  /** The first connection decides configuration and roles for the whole process, and keeps the engine open. */
  private readonly first: Handle

  constructor(path: string, args: readonly string[]) {
    this.path = path
    this.first = this.addon.CreateConnection(path, args)
  }

  connect(): Connection {
    return new Connection(this.addon, this.addon.CreateConnection(this.path, []))
  }

  classify(sql: string, database: string): Promise<StatementClass> {
    return this.addon.DurableClassifyAsync(this.first, sql, database)
  }
}

/**
 * One connection: one query at a time, its SET, USE and ROLE stay on it. After any error it must be closed: a query that
 * failed half-way leaves its output in front of the next one's.
 */
export class Connection {
  private readonly addon: Addon
  private readonly handle: Handle
  /** What SET and USE left behind, kept by `sessions.ts`. */
  readonly applied = new Map<string, string>()
  /** Names of the bound values of earlier queries: the engine has no way to take one back. */
  readonly bound = new Set<string>()
  database = ''

  constructor(addon: Addon, handle: Handle) {
    this.addon = addon
    this.handle = handle
  }

  /** Throws EngineError. */
  async query(sql: string, format = 'Null'): Promise<RawResult> {
    try {
      return await this.addon.QueryAsyncConnection(this.handle, sql, format)
    } catch (error) {
      throw EngineError.from(error)
    }
  }

  close(): void {
    this.addon.CloseConnection(this.handle)
  }
}

const packages: Record<string, string> = {
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'darwin-arm64': '@chdb/lib-darwin-arm64',
}

/** chdb's own functions escape bound values a second time and serialise bound queries; its addon does neither. */
function loadAddon(): Addon {
  const name = packages[`${process.platform}-${process.arch}`]
  if (!name) {
    throw new Error(`the embedded ClickHouse does not run on ${process.platform}-${process.arch}: set clickhouse.url`)
  }
  const chdb = createRequire(import.meta.url).resolve('chdb')
  return createRequire(chdb)(name) as Addon
}
