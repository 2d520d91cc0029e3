/** Takes a user's statement to the right pool: writes, the API's reads, and readers behind their gate. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Engine, type RawResult, type StatementClass } from './engine.ts'
import { roles, writeEngineConfig } from './engine-config.ts'
import { codes, EngineError } from './errors.ts'
import { type BodyInsert, insertFromFile } from './insert.ts'
import { unfinishedInserts } from './insert-tokens.ts'
import { intoOutfile } from './outfile.ts'
import type { HttpSession } from './http-sessions.ts'
import { QuotaLedger } from './quota.ts'
import { gateReaderQuery, checkReaderFormat } from './reader-gate.ts'
import { ReadMeter } from './read-meter.ts'
import { Readings } from './readings.ts'
import { PipePool } from './result-pipe.ts'
import { Canceller, ConnectionPool, quoteName, type Statement } from './sessions.ts'
import { capped, poolSettings, quote, readerSettingsFor, userLimits, type PoolSettings } from './settings.ts'
import { resultFormat, type ScanStatistics, scanStatistics } from './statistics.ts'
import type { Consumer, Streamed } from './streamed.ts'
import { substitutions } from './substitutions.ts'
import { hidingPaths } from './system-paths.ts'
import { readTokens } from './tokens.ts'
import { Turns } from './turns.ts'
import type { EngineUser } from './users.ts'
import { namingWhoAsks, queryIdParam, userParam } from './who-asks.ts'

export interface ExecutorOptions {
  /** Holds the engine's files, its configuration and bodies on their way in. */
  directory: string
  database: string
  memoryBytes: number
  /** Called with a reader's query that nothing stops: only the end of the process does. */
  onStuck: (sql: string) => void
}

/** An empty `database` is ours. */
export interface StatementRequest extends Omit<Statement, 'owner' | 'streamed' | 'named' | 'sticky'> {
  user: EngineUser
  /** The client's own, or ours. */
  queryId: string
  session: HttpSession | null
  /** Takes what can be handed out while it is made; the rest comes whole. */
  consume: Consumer
}

/** A statement as it was understood before it ran. */
interface Reading extends StatementClass {
  /** To run: a reader's comes without comments, and knows who asks. */
  sql: string
  named: ReadonlySet<string> | null
  /** The text whose result goes to a path; null for results that come whole. */
  into: ((path: string) => string) | null
}

/** Texts whose readings are kept. */
const maxReadings = 500

/** Of each user but the collector's own. */
const defaultConcurrency = 4
const maxWaitingPerUser = 40
/** A query notices that its time is up between two blocks of rows. */
const stuckGraceMs = 30_000

export class Executor {
  readonly version: string
  readonly knownSettings: ReadonlySet<string>
  /** For results on their way out. */
  readonly results: string
  private readonly engine: Engine
  private readonly database: string
  private readonly bodies: string
  private readonly tableFunctions: ReadonlySet<string>
  private readonly canceller: Canceller
  private readonly meter: ReadMeter
  private readonly quotas = new QuotaLedger()
  private readonly turns = new Map<string, Turns>()
  private readonly readings = new Readings<Reading>(maxReadings)
  private readonly settings: PoolSettings
  /** Null where the system has no named pipes: every result is held whole there. */
  private readonly pipes: PipePool | null
  private readonly pools: Record<'writer' | 'jobs' | 'api' | 'reader', ConnectionPool>

  /** Opens the data directory: throws when another process holds it. */
  static async open(options: ExecutorOptions): Promise<Executor> {
    const args = writeEngineConfig(join(options.directory, 'config'), options.database, options.memoryBytes)
    const store = join(options.directory, 'store')
    const engine = new Engine(store, args)
    const connection = engine.connect()
    const column = async (sql: string) => (await connection.query(sql, 'TSV')).bytes.toString().trim().split('\n')
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoteName(options.database)}`)
    for (const unfinished of unfinishedInserts(store)) {
      const names = `SELECT concat(database, '.', name) FROM system.tables WHERE uuid = ${quote(unfinished.table)}`
      const [table = ''] = await column(names)
      if (table !== '') await connection.query(`DETACH TABLE ${table}`)
      unfinished.forget()
      if (table !== '') await connection.query(`ATTACH TABLE ${table}`)
    }
    const facts = {
      version: (await column('SELECT version()')).join(''),
      settings: await column('SELECT name FROM system.settings'),
      tableFunctions: await column('SELECT lower(name) FROM system.table_functions'),
    }
    connection.close()
    const pipes = await PipePool.open(join(options.directory, 'results'))
    return new Executor(options, engine, facts, pipes)
  }

  private constructor(
    options: ExecutorOptions,
    engine: Engine,
    facts: { version: string; settings: string[]; tableFunctions: string[] },
    pipes: PipePool | null,
  ) {
    this.engine = engine
    this.pipes = pipes
    this.results = join(options.directory, 'results')
    this.database = options.database
    this.version = facts.version
    this.knownSettings = new Set(facts.settings)
    this.tableFunctions = new Set(facts.tableFunctions)
    // Bodies of a process that died are nobody's any more: their senders got no answer and send again.
    this.bodies = join(options.directory, 'bodies')
    rmSync(this.bodies, { recursive: true, force: true })
    mkdirSync(this.bodies, { recursive: true, mode: 0o700 })
    this.canceller = new Canceller(engine)
    this.meter = new ReadMeter(engine)
    this.settings = poolSettings(options.memoryBytes)
    const pool = (size: number, maxWaiting: number) =>
      new ConnectionPool(engine, this.canceller, { size, maxWaiting, reuse: 'any' })
    this.pools = {
      // Rows on their way in never wait behind a schema change or a rollup.
      writer: pool(3, 200),
      jobs: pool(3, 200),
      api: pool(6, 500),
      reader: new ConnectionPool(engine, this.canceller, {
        size: 8,
        maxWaiting: 200,
        reuse: 'same',
        prepare: [`SET ROLE ${roles.reader}`],
        spare: { count: 4, database: options.database },
        stuck: { graceMs: stuckGraceMs, report: options.onStuck },
      }),
    }
  }

  async run(request: StatementRequest): Promise<RawResult> {
    return this.within(request, (metered) =>
      metered.user.role === 'reader' ? this.runReader(metered) : this.runWriter(metered),
    )
  }

  /** Inserts the rows that `save` writes into a file, which is removed whatever happens. */
  async insertBody(
    request: StatementRequest,
    insert: BodyInsert,
    save: (path: string) => Promise<void>,
  ): Promise<RawResult> {
    const path = join(this.bodies, `${randomUUID()}.body`)
    try {
      await save(path)
      const statement = {
        ...request,
        owner: request.user.name,
        sql: insertFromFile(insert, path, request.settings),
        named: substitutions(insert.into),
        database: request.database || this.database,
        settings: new Map(),
      }
      const result = await this.within(request, ({ meter }) =>
        this.pools.writer.run({ ...statement, ...(meter && { meter }) }, request.session),
      )
      return { ...result, written: { written_rows: result.rowsRead, written_bytes: result.bytesRead } }
    } finally {
      await rm(path, { force: true })
    }
  }

  /** Whether the text only reads, in the engine's own words. */
  async reads(sql: string): Promise<boolean> {
    const { queryClass } = await this.engine.classify(sql, this.database)
    return queryClass === 0 || queryClass === 4
  }

  /** Runs `work` when it is the user's turn, if its quota lasts, and charges it with what that took. */
  private async within(
    request: StatementRequest,
    work: (metered: StatementRequest) => Promise<RawResult>,
  ): Promise<RawResult> {
    const { user } = request
    this.quotas.begin(user)
    const turns = this.turnsOf(user)
    await turns?.enter(request.signal)
    const started = performance.now()
    this.meter.begin()
    const charge = { read_rows: 0, execution_time: 0 }
    try {
      return await (user.quota.read_rows_per_hour === undefined ? work(request) : this.metered(request, work, charge))
    } finally {
      this.meter.end()
      turns?.leave()
      charge.execution_time = (performance.now() - started) / 1000
      this.quotas.charge(user, charge)
    }
  }

  /** Says in `charge` what `work` read, also where it failed. */
  private async metered(
    request: StatementRequest,
    work: (metered: StatementRequest) => Promise<RawResult>,
    charge: { read_rows: number },
  ): Promise<RawResult> {
    const share = await this.meter.share()
    let seen = 0
    const meter = (id: string) => {
      const stop = this.meter.watch(id)
      return () => (seen += stop())
    }
    let scanned: ScanStatistics | null = null
    try {
      const result = await work({ ...request, meter })
      // A FORMAT in a comment is none: rows could be written to look like what another format says at its end.
      const sql = readTokens(request.sql)?.stripped
      if (sql !== undefined) scanned = scanStatistics(result.tail ?? result.bytes, resultFormat(sql, request.format))
      return result
    } finally {
      charge.read_rows = scanned?.read_rows ?? (seen > 0 ? seen : await share().catch(() => 0))
    }
  }

  /** Null for the collector, which the pools alone hold back. */
  private turnsOf({ name, limits }: EngineUser): Turns | null {
    if (name === 'writer') return null
    const known = this.turns.get(name)
    if (known) return known
    const turns = new Turns(limits.max_concurrent_queries ?? defaultConcurrency, maxWaitingPerUser)
    this.turns.set(name, turns)
    return turns
  }

  private async runWriter(request: StatementRequest): Promise<RawResult> {
    const own = userLimits(request.user, this.quotas.rowsLeft(request.user))
    const pool = poolFor(request.sql)
    // Rows of an INSERT may be long, and leave nothing on their connection.
    const reading = pool === 'writer' ? null : await this.read(request)
    const streamed = pool === 'api' && reading && readsOnce(reading) ? this.streamed(reading, request) : null
    const base = streamed ? this.settings.api : new Map([...this.settings.api, ...this.settings.whole])
    const statement = {
      ...request,
      ...(reading && { sql: reading.sql }),
      owner: request.user.name,
      streamed,
      named: reading ? reading.named : substitutions(request.sql),
      params: withWhoAsks(request, reading?.named ?? null),
      sticky: reading !== null && !leavesNothing(reading),
      database: request.database || this.database,
      settings: new Map([...base, ...request.settings, ...capped(request.settings, own)]),
    }
    return this.pools[pool].run(statement, request.session)
  }

  /** Throws EngineError for what a reader's gate refuses. */
  private read({ user, sql: text, format }: StatementRequest): Promise<Reading> {
    const readAs = async (asked: string): Promise<Reading> => {
      const sql = user.role === 'reader' ? gateReaderQuery(asked, this.tableFunctions) : asked
      const { statementCount, queryClass } = await this.engine.classify(sql, this.database)
      return { sql, statementCount, queryClass, named: substitutions(sql), into: intoOutfile(sql, format) }
    }
    return this.readings.of(JSON.stringify([user.role, format, text]), async () => {
      const named = answersNow(text) ? namingWhoAsks(text) : text
      const asked = user.role === 'reader' ? hidingPaths(named) : named
      const reading = await readAs(asked)
      if (reading.queryClass !== 4 || asked === text) return reading
      // Where a text stops making sense is told of it as it was written, which a reader may not run.
      const told = await readAs(text)
      return asked === named ? told : { ...told, queryClass: 4 }
    })
  }

  private streamed({ into }: Reading, { consume }: StatementRequest): Streamed | null {
    return this.pipes && into ? { pipes: this.pipes, into, consume } : null
  }

  private async runReader(request: StatementRequest): Promise<RawResult> {
    // Clients that know no database of ours ask for `default`.
    if (request.database !== '' && request.database !== 'default' && request.database !== this.database) {
      throw new EngineError(codes.accessDenied, `reader: not enough privileges for database ${quote(request.database)}`)
    }
    checkReaderFormat(request.format)
    const reading = await this.read(request)
    const { sql, statementCount, queryClass } = reading
    if (queryClass === 4) throw await this.syntaxError(request, sql)
    if (statementCount !== 1) throw new EngineError(codes.accessDenied, 'reader: one statement at a time')
    if (queryClass !== 0) throw new EngineError(codes.accessDenied, 'reader: may only read')
    return this.pools.reader.run({
      ...this.readerStatement(request, sql, reading.named),
      streamed: this.streamed(reading, request),
    })
  }

  /** Where the text stops making sense, in the engine's words; formatQuery parses it and does nothing else. */
  private async syntaxError(request: StatementRequest, sql: string): Promise<EngineError> {
    try {
      await this.pools.reader.run(
        this.readerStatement(
          { ...request, params: new Map() },
          `SELECT formatQuery(${quote(sql)}) FORMAT Null`,
          new Set(),
        ),
      )
    } catch (error) {
      const { code, message } = EngineError.from(error)
      return new EngineError(code, message.replace(/: [Ii]n scope [^]*$/, ' (SYNTAX_ERROR)'))
    }
    return new EngineError(codes.syntax, 'Syntax error')
  }

  private readerStatement(request: StatementRequest, sql: string, named: Statement['named']) {
    return {
      ...request,
      owner: request.user.name,
      sql,
      named,
      params: withWhoAsks(request, named),
      database: this.database,
      settings: readerSettingsFor(
        request.settings,
        this.settings.reader,
        userLimits(request.user, this.quotas.rowsLeft(request.user)),
      ),
    }
  }
}

/** The names of users need no escapes. */
function withWhoAsks({ params, user, queryId }: StatementRequest, named: Statement['named']): Statement['params'] {
  if (!named?.has(userParam) && !named?.has(queryIdParam)) return params
  const known = new Map(params)
  if (named.has(userParam)) known.set(userParam, user.name)
  if (named.has(queryIdParam)) known.set(queryIdParam, escaped(queryId))
  return known
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n' }

/** As bound values come. */
function escaped(text: string): string {
  return text.replace(/[\\\t\n]/g, (character) => escapes[character] ?? '')
}

const firstWord = /^(?:\s|\(|--[^\n]*\n|#[ !][^\n]*\n|\/\*[^]*?\*\/)*([A-Za-z]+)/
const reading = new Set(['select', 'with', 'show', 'desc', 'describe', 'exists', 'explain'])

const firstWordOf = (sql: string) => firstWord.exec(sql)?.[1]?.toLowerCase() ?? ''

/** What rows stand behind. */
const beforeRows = /\b(format|values|input)\b/i

/** Whether who asks is meant: what defines something means whoever reads it later, and rows are nobody's words but their own. */
function answersNow(sql: string): boolean {
  const word = firstWordOf(sql)
  return reading.has(word) || word === 'from' || (word === 'insert' && !beforeRows.test(sql))
}

function poolFor(sql: string): 'writer' | 'jobs' | 'api' {
  const word = firstWordOf(sql)
  if (reading.has(word)) return 'api'
  return word === 'insert' && !/\bSELECT\b/i.test(sql) ? 'writer' : 'jobs'
}

function readsOnce({ statementCount, queryClass }: StatementClass): boolean {
  return statementCount === 1 && queryClass === 0
}

/** For the next statement on the same connection. */
function leavesNothing({ sql, statementCount, queryClass }: Reading): boolean {
  return statementCount === 1 && (queryClass === 0 || (queryClass === 1 && !/\btemporary\b/i.test(sql)))
}
