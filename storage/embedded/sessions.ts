/** Pools of engine connections: one query at a time on each, destroyed after any error. */
import type { Connection, Engine, RawResult } from './engine.ts'
import type { HttpSession } from './http-sessions.ts'
import { codes, EngineError } from './errors.ts'
import { setStatement } from './settings.ts'
import { runStreamed, tooLarge, type Streamed } from './streamed.ts'
import { cancelled, Turns } from './turns.ts'

export interface PoolOptions {
  size: number
  /** Queries that may wait for a connection before new ones are refused with 202. */
  maxWaiting: number
  /** `same` keeps a connection for queries of one owner with the same settings only: nothing of one user is left for the next. */
  reuse: 'any' | 'same'
  /** Runs once on each new connection. */
  prepare?: readonly string[]
  /** Connections that are opened, prepared and in `database` before a query needs them. */
  spare?: { count: number; database: string }
  /** Called with a query that went on `graceMs` after its max_execution_time: some functions never look at the clock. */
  stuck?: { graceMs: number; report: (sql: string) => void }
}

export interface Statement {
  sql: string
  /** Name of the user. */
  owner: string
  /** Of the result, unless the text names one. */
  format: string
  database: string
  settings: ReadonlyMap<string, string>
  /** Bound values as the HTTP interface takes them, TSV-escaped, without the `param_` prefix. */
  params: ReadonlyMap<string, string>
  /** Values that the text names, or null where it cannot be told. */
  named: ReadonlySet<string> | null
  signal: AbortSignal
  /** Told how the query is known while it runs; what it returns is called at the end. */
  meter?: (id: string) => () => void
  /** Hands the result out while it is made. */
  streamed?: Streamed | null
  /** May leave something on its connection (SET, USE, a temporary table): only a session keeps that. */
  sticky?: boolean
}

interface IdleConnection {
  connection: Connection
  /** What it was made ready for, or null. */
  readyFor: string | null
}

const deadlineGraceMs = 1000

export class ConnectionPool {
  private readonly engine: Engine
  private readonly canceller: Canceller
  private readonly options: PoolOptions
  private readonly idle: IdleConnection[] = []
  private readonly turns: Turns
  private opening = 0

  constructor(engine: Engine, canceller: Canceller, options: PoolOptions) {
    this.engine = engine
    this.canceller = canceller
    this.options = options
    this.turns = new Turns(options.size, options.maxWaiting)
  }

  /** Runs one statement, on the session's own connection if there is one. Throws EngineError: 202 when too many wait, 394 after `signal` fired, or the engine's own. */
  async run(statement: Statement, session: HttpSession | null = null): Promise<RawResult> {
    await this.turns.enter(statement.signal)
    let connection: Connection | undefined
    try {
      if (session) return await this.runInSession(session, statement)
      const readyFor = needs(statement)
      connection = this.takeIdle(readyFor, statement) ?? (await this.open())
      const result = await this.runOn(connection, statement)
      this.keep(connection, readyFor, statement)
      return result
    } catch (error) {
      connection?.close()
      throw error
    } finally {
      this.turns.leave()
      this.openSpare()
    }
  }

  /** What a session set, used and created stays, also after an error; what a failed query left behind is read away. */
  private async runInSession(session: HttpSession, statement: Statement): Promise<RawResult> {
    session.connection ??= await this.open()
    const { connection } = session
    if (namesStale(connection, statement, false)) {
      throw new EngineError(
        codes.unknownParameter,
        `a value is not set: each query of a session brings its own param_…`,
      )
    }
    try {
      const result = await this.runOn(connection, statement)
      // Its own SET gave the session values that are meant to stay.
      if (statement.sticky) connection.bound.clear()
      return result
    } catch (error) {
      await connection.query('SELECT 1').catch(() => session.close())
      throw error
    }
  }

  /** One that is ready, or one that can be made so. */
  private takeIdle(readyFor: string, statement: Statement): Connection | undefined {
    // On a connection without that value, the engine itself says what is missing.
    const fit = ({ connection }: IdleConnection) => !namesStale(connection, statement, true)
    let at = this.idle.findLastIndex((idle) => idle.readyFor === readyFor && fit(idle))
    if (at < 0)
      at = this.idle.findLastIndex((idle) => idle.readyFor === null || (this.options.reuse === 'any' && fit(idle)))
    return at < 0 ? undefined : this.idle.splice(at, 1)[0]?.connection
  }

  private keep(connection: Connection, readyFor: string, { settings, sticky }: Statement): void {
    // A connection that was told to be read-only cannot be told anything else.
    if (sticky || (this.options.reuse === 'any' && settings.has('readonly'))) return connection.close()
    this.idle.push({ connection, readyFor })
    const { size } = this.options
    if (this.idle.filter((idle) => idle.readyFor !== null).length <= size) return
    const [oldest] = this.idle.splice(
      this.idle.findIndex((idle) => idle.readyFor !== null),
      1,
    )
    oldest?.connection.close()
  }

  private openSpare(): void {
    const { spare } = this.options
    if (!spare) return
    const ready = this.idle.filter((idle) => idle.readyFor === null).length
    if (ready + this.opening >= spare.count) return
    this.opening++
    const opened = async () => {
      try {
        const connection = await this.open()
        await this.use(connection, spare.database)
        this.idle.push({ connection, readyFor: null })
      } catch {
        // The next query opens its own, and says what is wrong.
      } finally {
        this.opening--
      }
    }
    void opened()
  }

  private async use(connection: Connection, database: string): Promise<void> {
    if (database === '' || connection.database === database) return
    await connection.query(`USE ${quoteName(database)}`)
    connection.database = database
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
    await this.use(connection, statement.database)
    const set = setStatement(connection.applied, statement.settings, statement.params)
    for (const name of statement.params.keys()) connection.bound.add(name)
    if (set) await connection.query(set)
    if (statement.signal.aborted) throw cancelled()
    const id = this.canceller.nextId()
    const cancel = () => this.canceller.cancel(id)
    statement.signal.addEventListener('abort', cancel, { once: true })
    const watchdog = this.watch(statement)
    const stopMeter = statement.meter?.(id)
    const maxBytes = maxBytesOf(statement)
    try {
      if (!statement.streamed) {
        const result = await connection.query(`${id} ${statement.sql}`, statement.format)
        if (result.bytes.length > maxBytes) throw tooLarge(maxBytes)
        return result
      }
      const bounds = { deadlineMs: deadlineOf(statement), maxBytes, signal: statement.signal, cancel }
      return await runStreamed(connection, `${id} `, statement.streamed, bounds)
    } finally {
      clearTimeout(watchdog)
      stopMeter?.()
      statement.signal.removeEventListener('abort', cancel)
      this.canceller.finished(id)
    }
  }

  private watch({ sql, settings }: Statement): NodeJS.Timeout | undefined {
    const { stuck } = this.options
    if (!stuck) return undefined
    const limitMs = Number(settings.get('max_execution_time')) * 1000
    return setTimeout(() => stuck.report(sql), limitMs + stuck.graceMs)
  }
}

/** Equal for statements that may run on one connection after each other without being seen there. */
function needs({ owner, settings, params }: Statement): string {
  return JSON.stringify([owner, [...settings], [...params.keys()].toSorted()])
}

/** Whether the text takes a value that only an earlier query was given; `unsure` where it cannot be told. */
function namesStale({ bound }: Connection, { named, params }: Statement, unsure: boolean): boolean {
  const stale = [...bound].filter((name) => !params.has(name))
  return stale.length > 0 && (named ? stale.some((name) => named.has(name)) : unsure)
}

/** A little more than the query's own: the engine's error says more. */
function deadlineOf({ settings }: Statement): number | null {
  const seconds = Number(settings.get('max_execution_time'))
  return seconds > 0 ? seconds * 1000 + deadlineGraceMs : null
}

function maxBytesOf({ settings }: Statement): number {
  const bytes = Number(settings.get('max_result_bytes'))
  return bytes > 0 && settings.get('result_overflow_mode') !== 'break' ? bytes : Infinity
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

export function quoteName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}
