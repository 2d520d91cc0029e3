/** Pools of engine connections: one query at a time on each, destroyed after any error. */
import type { Connection, Engine, RawResult } from './engine.ts'
import { codes, EngineError } from './errors.ts'
import { setStatement } from './settings.ts'

export interface PoolOptions {
  size: number
  /** Queries that may wait for a connection before new ones are refused with 202. */
  maxWaiting: number
  /** False closes a connection after each query: nothing of one user's session is left for the next. */
  reuse: boolean
  /** Runs once on each new connection. */
  prepare?: readonly string[]
}

export interface Statement {
  sql: string
  /** Of the result, unless the text names one. */
  format: string
  database: string
  settings: ReadonlyMap<string, string>
  /** Bound values as the HTTP interface takes them, TSV-escaped, without the `param_` prefix. */
  params: ReadonlyMap<string, string>
  signal: AbortSignal
}

export class ConnectionPool {
  private readonly engine: Engine
  private readonly canceller: Canceller
  private readonly options: PoolOptions
  private readonly idle: Connection[] = []
  private readonly waiting: (() => void)[] = []
  private busy = 0

  constructor(engine: Engine, canceller: Canceller, options: PoolOptions) {
    this.engine = engine
    this.canceller = canceller
    this.options = options
  }

  /** Runs one statement. Throws EngineError: 202 when too many wait, 394 after `signal` fired, or the engine's own. */
  async run(statement: Statement): Promise<RawResult> {
    await this.enter(statement.signal)
    let connection: Connection | undefined
    try {
      connection = this.idle.pop() ?? (await this.open())
      const result = await this.runOn(connection, statement)
      // A connection that was told to be read-only cannot be told anything else.
      if (this.options.reuse && !statement.settings.has('readonly')) this.idle.push(connection)
      else connection.close()
      return result
    } catch (error) {
      connection?.close()
      throw error
    } finally {
      this.leave()
    }
  }

  private async open(): Promise<Connection> {
    const connection = this.engine.connect()
    try {
      for (const sql of this.options.prepare ?? []) await connection.query(sql)
    } catch (error) {
      connection.close()
      throw error
    }
    return connection
  }

  private async runOn(connection: Connection, statement: Statement): Promise<RawResult> {
    if (statement.database !== '' && connection.database !== statement.database) {
      await connection.query(`USE ${quoteName(statement.database)}`)
      connection.database = statement.database
    }
    const set = setStatement(connection.applied, statement.settings, statement.params)
    if (set) await connection.query(set)
    if (statement.signal.aborted) throw cancelled()
    const id = this.canceller.nextId()
    const cancel = () => this.canceller.cancel(id)
    statement.signal.addEventListener('abort', cancel, { once: true })
    try {
      return await connection.query(`${id} ${statement.sql}`, statement.format)
    } finally {
      statement.signal.removeEventListener('abort', cancel)
      this.canceller.finished(id)
    }
  }

  private async enter(signal: AbortSignal): Promise<void> {
    if (this.busy < this.options.size) {
      this.busy++
      return
    }
    if (this.waiting.length >= this.options.maxWaiting) {
      throw new EngineError(
        codes.tooManyQueries,
        `too many queries at once: ${this.busy} run and ${this.waiting.length} wait`,
      )
    }
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(turn), 1)
        reject(cancelled())
      }
      this.waiting.push(turn)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  private leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.busy--
  }
}

/** Stops running queries from a connection of its own: the engine offers no other way. */
export class Canceller {
  private readonly engine: Engine
  private connection: Connection | null = null
  private readonly pending = new Set<string>()
  private sending: Promise<void> | null = null
  private count = 0

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** A comment to start the text with; the list of running queries keeps it. */
  nextId(): string {
    return `/* q${++this.count} */`
  }

  cancel(id: string): void {
    this.pending.add(id)
    this.sending ??= this.send().finally(() => (this.sending = null))
  }

  finished(id: string): void {
    this.pending.delete(id)
  }

  /** Repeats until every query is gone: one that was still being parsed is not in the list yet. */
  private async send(): Promise<void> {
    while (this.pending.size > 0) {
      const any = [...this.pending].map((id) => `startsWith(query, '${id}')`).join(' OR ')
      try {
        this.connection ??= this.engine.connect()
        await this.connection.query(`KILL QUERY WHERE ${any} ASYNC`)
      } catch {
        this.connection?.close()
        this.connection = null
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function cancelled(): EngineError {
  return new EngineError(codes.cancelled, 'Query was cancelled.')
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}
