/** The ClickHouse HTTP interface over the embedded engine: https://clickhouse.com/docs/en/interfaces/http */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { authenticate, type UserBook } from './auth.ts'
import { readStatement, saveBody } from './body.ts'
import type { RawResult, WriteStatistics } from './engine.ts'
import { codes, EngineError, errorBody, httpStatus } from './errors.ts'
import type { Executor, StatementRequest } from './executor.ts'
import { bodyInsert } from './insert.ts'
import { goHandshake } from './go-handshake.ts'
import { HttpSessions } from './http-sessions.ts'
import { packBlocks } from './compressed-blocks.ts'
import { blocks, encoders, ResultResponse } from './result-response.ts'
import { requestedSettings } from './settings.ts'
import { resultFormat, type ScanStatistics, scanStatistics } from './statistics.ts'

/** Smaller answers gain nothing. */
const minCompressedBytes = 1024
/** Held of each result before it is sent, and the most that a client may ask for. */
const bufferBytes = { usual: 2 ** 20, most: 2 ** 24 }

/** Between notes to a client that ended its side. */
const noteMs = 200

/** What requests share. */
interface Endpoint {
  executor: Executor
  book: UserBook
  sessions: HttpSessions
  /** Of the queries that run. */
  queryIds: Set<string>
}

/** Answers requests until closed. A result is complete, or an error, or ends with one. */
export function clickhouseServer(executor: Executor, book: UserBook): Server {
  const endpoint: Endpoint = { executor, book, sessions: new HttpSessions(), queryIds: new Set() }
  // Parameters of queries stand in the address: ClickHouse's own limit for it.
  const server = createServer({ maxHeaderSize: 2 ** 20 }, (request, response) => {
    handle(endpoint, request, response).catch((error: unknown) => sendError(executor, response, error))
  })
  // Not in Node's types: a client may say that it has sent everything before it gets its answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  // Longer than clients keep theirs (2.5 to 10 s): the side that is about to send should close idle connections.
  server.keepAliveTimeout = 60_000
  server.requestTimeout = 0
  return server
}

async function handle(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, query } = addressOf(request)
  if (path === '/ping' || path === '/replicas_status') return sendText(response, 200, 'Ok.\n')
  if (path !== '/') return sendText(response, 404, `There is no handle ${path.slice(0, 100)}. Use / or /ping.\n`)
  if (!changesNothing(request) && request.method !== 'POST') {
    response.setHeader('Allow', 'GET, HEAD, POST')
    return sendText(response, 405, 'Use GET or POST.\n')
  }
  if (changesNothing(request) && query.size === 0) return sendText(response, 200, 'Ok.\n')
  await answer(endpoint, request, response, query)
}

/** A parser of whole addresses is dear, and only what comes through a proxy is one. Never throws: what is no address is a path that nobody knows. */
function addressOf({ url = '/' }: IncomingMessage): { path: string; query: URLSearchParams } {
  if (!url.startsWith('/')) {
    const address = URL.parse(url, 'http://localhost')
    return { path: address?.pathname ?? url, query: address?.searchParams ?? new URLSearchParams() }
  }
  const end = url.indexOf('?')
  return end < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, end), query: new URLSearchParams(url.slice(end)) }
}

function changesNothing({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

async function answer(
  { executor, book, sessions, queryIds }: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const gone = new AbortController()
  watchEnd(response)
  // Nobody listens any more when the answer is done, and an abort is dear.
  response.once('close', () => response.writableFinished || gone.abort())
  const queryId = query.get('query_id') || randomUUID()
  response.setHeader('X-ClickHouse-Query-Id', queryId.replace(/[^\x20-\x7e]/g, ''))
  const user = authenticate(request, query, book)
  for (const role of query.getAll('role')) {
    if (role !== user.role)
      throw new EngineError(codes.nonGrantedRole, `Role ${role} should be granted to set as current`)
  }
  const format = formatName(query.get('default_format') ?? header(request, 'x-clickhouse-format') ?? 'TabSeparated')
  const session = sessions.take(user, query)
  const key = JSON.stringify([user.name, queryId])
  try {
    if (queryIds.has(key)) throw new EngineError(codes.sameQueryId, `Query with id = ${queryId} is already running.`)
    queryIds.add(key)
    try {
      const started = performance.now()
      const announced: Announced = { query, format: () => resultFormat(statement.sql, format), summary: null, started }
      const result = new ResultResponse(response, {
        encodingFor: (bytes) => encodingFor(request, query, bytes),
        bufferBytes: bufferSize(query),
        waits: query.get('wait_end_of_query') === '1',
        directory: executor.results,
        signal: gone.signal,
        announce: () => announce(response, announced),
      })
      const statement: StatementRequest = {
        user,
        queryId,
        session,
        sql: query.get('query') ?? '',
        format,
        database: query.get('database') ?? header(request, 'x-clickhouse-database') ?? '',
        settings: requestedSettings(query, executor.knownSettings),
        params: boundParams(query),
        signal: gone.signal,
        consume: result.consume,
      }
      try {
        const { bytes, tail, rowsRead, written = null } = await execute(executor, statement, request, query)
        const scanned = scanStatistics(tail ?? bytes, announced.format())
        announced.summary = { scanned, written, result_rows: rowsRead, result_bytes: result.bytes + bytes.length }
        await result.finish(bytes)
      } catch (error) {
        if (!(await result.fail(errorBody(EngineError.from(error), executor.version)))) throw error
      }
    } finally {
      queryIds.delete(key)
    }
  } finally {
    if (session) sessions.release(session, query)
  }
}

/** A client that sends no more may be waiting, or gone: notes that it may ignore break the connection of one that is gone, at the second. */
function watchEnd(response: ServerResponse): void {
  const { socket, httpVersion } = response.req
  let notes: NodeJS.Timeout | undefined
  const note = () => response.headersSent || response.writeProcessing()
  const ended = () => {
    if (response.headersSent || httpVersion !== '1.1') response.destroy()
    else {
      note()
      notes = setInterval(note, noteMs)
    }
  }
  socket.once('end', ended)
  response.once('close', () => {
    clearInterval(notes)
    socket.off('end', ended)
  })
}

function formatName(name: string): string {
  if (/^[A-Za-z0-9_]{1,64}$/.test(name)) return name
  throw new EngineError(codes.badArguments, 'the format is no name of a format')
}

async function execute(
  executor: Executor,
  statement: StatementRequest,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<RawResult> {
  const writes = statement.user.role === 'writer'
  if (writes && changesNothing(request) && !(await executor.reads(statement.sql))) {
    throw new EngineError(
      codes.readonly,
      'Cannot execute query in readonly mode: GET implies it. Use POST to change data.',
    )
  }
  const fromUrl = writes ? bodyInsert(statement.sql) : null
  if (fromUrl) {
    const save = (path: string) => saveBody(request, path, statement.signal, inBlocks(query))
    return executor.insertBody(statement, fromUrl.insert, save)
  }
  await addBody(statement, request, inBlocks(query))
  const inBody = writes ? bodyInsert(statement.sql) : null
  if (inBody) {
    const rows = statement.sql.slice(inBody.bodyAt)
    return executor.insertBody(statement, inBody.insert, (path) => writeFile(path, rows, { flag: 'wx', mode: 0o600 }))
  }
  const handshake = goHandshake(statement, query, executor.version)
  if (handshake) return handshake
  return executor.run(statement)
}

/** Text from the URL and from the body are joined by one newline; a form brings the query and bound values as fields. */
async function addBody(statement: StatementRequest, request: IncomingMessage, packed: boolean): Promise<void> {
  if (changesNothing(request)) return
  const type = request.headers['content-type'] ?? ''
  const body = await readStatement(request, statement.user.role, packed)
  if (!type.startsWith('multipart/form-data')) {
    statement.sql = [statement.sql, body].filter((text) => text !== '').join('\n')
    return
  }
  const fields = await formFields(body, type)
  statement.sql = [statement.sql, fields.get('query') ?? ''].filter((text) => text !== '').join('\n')
  statement.params = new Map([...statement.params, ...boundParams(fields)])
}

function inBlocks(query: URLSearchParams): boolean {
  return query.get('decompress') === '1'
}

async function formFields(body: string, type: string): Promise<URLSearchParams> {
  const fields = new URLSearchParams()
  let form: FormData
  try {
    form = await new Response(body, { headers: { 'content-type': type } }).formData()
  } catch (cause) {
    throw new EngineError(codes.badArguments, 'the body is no multipart form', { cause })
  }
  for (const [name, value] of form) {
    if (typeof value !== 'string' || (name !== 'query' && !name.startsWith('param_'))) {
      throw new EngineError(codes.notImplemented, `external tables are not supported: ${name}`)
    }
    fields.append(name, value)
  }
  return fields
}

function boundParams(query: URLSearchParams): Map<string, string> {
  const params = new Map<string, string>()
  for (const [name, value] of query) if (/^param_[A-Za-z_]\w*$/.test(name)) params.set(name.slice(6), value)
  return params
}

/** What headers say of a result. */
interface Announced {
  query: URLSearchParams
  format: () => string
  /** Null when it is not at its end yet. */
  summary: Summary | null
  /** Milliseconds of performance.now(). */
  started: number
}

interface Summary {
  /** Null when the engine did not say. */
  scanned: ScanStatistics | null
  /** Null when the engine did not say. */
  written: WriteStatistics | null
  result_rows: number
  result_bytes: number
}

/** What is not known is left out: a 0 would be taken for one. Of rows to read the engine never tells, and of rows written only those that came as a body. */
function summaryText(summary: Summary | null, elapsedMs: number): string {
  const known = summary && {
    ...summary.scanned,
    ...summary.written,
    result_rows: summary.result_rows,
    result_bytes: summary.result_bytes,
  }
  const sums = { ...known, elapsed_ns: Math.round(elapsedMs * 1e6) }
  return JSON.stringify(Object.fromEntries(Object.entries(sums).map(([name, value]) => [name, String(value)])))
}

function announce(response: ServerResponse, { query, format, summary, started }: Announced): void {
  const text = summaryText(summary, performance.now() - started)
  if (query.get('send_progress_in_http_headers') === '1') response.setHeader('X-ClickHouse-Progress', text)
  const name = format()
  response.setHeader('X-ClickHouse-Format', name)
  response.setHeader('X-ClickHouse-Timezone', 'UTC')
  response.setHeader('X-ClickHouse-Server-Display-Name', 'inferwatch')
  response.setHeader('X-ClickHouse-Summary', text)
  response.setHeader('Content-Type', contentType(name))
}

function bufferSize(query: URLSearchParams): number {
  const text = query.get('buffer_size') ?? ''
  const bytes = Number(text)
  return /^\d+$/.test(text) && bytes > 0 ? Math.min(bytes, bufferBytes.most) : bufferBytes.usual
}

function encodingFor(request: IncomingMessage, query: URLSearchParams, bytes: number): string {
  if (query.get('compress') === '1') return blocks
  if (query.get('enable_http_compression') !== '1' || bytes < minCompressedBytes) return 'identity'
  const accepted = new Set((header(request, 'accept-encoding') ?? '').split(/[\s,;]+/))
  return Object.keys(encoders).find((name) => accepted.has(name)) ?? 'identity'
}

function sendError(executor: Executor, response: ServerResponse, cause: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const error = EngineError.from(cause)
  response.setHeader('X-ClickHouse-Exception-Code', error.code)
  if (error.code === codes.requiredPassword) response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse"')
  const status = httpStatus(error.code)
  const body = errorBody(error, executor.version)
  // Clients that asked for compressed blocks unpack all but what ClickHouse says of who they are.
  const packed = status !== 401 && status !== 403 && asksForBlocks(response.req)
  sendText(response, status, packed ? packBlocks(Buffer.from(body)) : body)
}

function asksForBlocks(request: IncomingMessage): boolean {
  return addressOf(request).query.get('compress') === '1'
}

/** A body that nobody read would stay in the connection in front of the next request: it is drained or cut off. */
function sendText(response: ServerResponse, status: number, text: string | Buffer): void {
  const { complete, headers } = response.req
  if (!complete && (headers['transfer-encoding'] ?? headers['content-length'] ?? '0') !== '0') {
    response.setHeader('Connection', 'close')
  }
  const length = Buffer.byteLength(text)
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': length }).end(text)
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function contentType(format: string): string {
  if (/^JSON.*EachRow|NDJSON|JSONLines/i.test(format)) return 'application/x-ndjson; charset=UTF-8'
  if (/^JSON/i.test(format)) return 'application/json; charset=UTF-8'
  if (/^CSV/i.test(format)) return 'text/csv; charset=UTF-8'
  if (/^(TSV|TabSeparated)/i.test(format)) return 'text/tab-separated-values; charset=UTF-8'
  return /^(Pretty|Vertical|Markdown|Values|SQLInsert|TSKV)/i.test(format)
    ? 'text/plain; charset=UTF-8'
    : 'application/octet-stream'
}
