/** The ClickHouse HTTP interface over the embedded engine: https://clickhouse.com/docs/en/interfaces/http */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { authenticate, type Passwords } from './auth.ts'
import { readStatement, saveBody } from './body.ts'
import type { RawResult } from './engine.ts'
import { codes, EngineError, errorBody, httpStatus } from './errors.ts'
import type { Executor, StatementRequest } from './executor.ts'
import { bodyInsert } from './insert.ts'
import { goHandshake } from './go-handshake.ts'
import { requestedSettings } from './settings.ts'

const compress = promisify(gzip)
/** Smaller answers gain nothing. */
const minGzipBytes = 1024

/** Answers requests until closed. Results are complete or an error, never a part. */
export function clickhouseServer(executor: Executor, passwords: Passwords): Server {
  // Parameters of queries stand in the address: ClickHouse's own limit for it.
  const server = createServer({ maxHeaderSize: 2 ** 20 }, (request, response) => {
    handle(executor, passwords, request, response).catch((error: unknown) => sendError(executor, response, error))
  })
  // Longer than clients keep theirs (2.5 to 10 s): the side that is about to send should close idle connections.
  server.keepAliveTimeout = 60_000
  server.requestTimeout = 0
  return server
}

async function handle(
  executor: Executor,
  passwords: Passwords,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') return sendText(response, 200, 'Ok.\n')
  if (url.pathname !== '/') return sendText(response, 404, `There is no handle ${url.pathname}. Use / or /ping.\n`)
  if (request.method === 'GET' && url.search === '') return sendText(response, 200, 'Ok.\n')
  if (request.method !== 'GET' && request.method !== 'POST') return sendText(response, 405, 'Use GET or POST.\n')

  if (url.searchParams.get('decompress') === '1') {
    throw new EngineError(codes.notImplemented, 'decompress=1 is not supported: send Content-Encoding: gzip')
  }
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const query = url.searchParams
  const queryId = query.get('query_id') ?? randomUUID()
  response.setHeader('X-ClickHouse-Query-Id', queryId.replace(/[^\x20-\x7e]/g, ''))
  const statement: StatementRequest = {
    user: authenticate(request, query, passwords),
    sql: query.get('query') ?? '',
    format: formatName(query.get('default_format') ?? header(request, 'x-clickhouse-format') ?? 'TabSeparated'),
    database: query.get('database') ?? header(request, 'x-clickhouse-database') ?? '',
    settings: requestedSettings(query, executor.knownSettings),
    params: boundParams(query),
    signal: gone.signal,
  }
  const started = performance.now()
  const result = await execute(executor, statement, request, query)
  await sendResult(request, response, query, statement, result, performance.now() - started)
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
  const fromUrl = statement.user === 'writer' ? bodyInsert(statement.sql) : null
  if (fromUrl) {
    return executor.insertBody(statement, fromUrl.insert, (path) => saveBody(request, path, statement.signal))
  }
  await addBody(statement, request)
  const inBody = statement.user === 'writer' ? bodyInsert(statement.sql) : null
  if (inBody) {
    const rows = statement.sql.slice(inBody.bodyAt)
    return executor.insertBody(statement, inBody.insert, (path) => writeFile(path, rows, { flag: 'wx', mode: 0o600 }))
  }
  const handshake = goHandshake(statement, query, executor.version)
  if (handshake) return handshake
  return executor.run(statement)
}

/** Text from the URL and from the body are joined by one newline; a form brings the query and bound values as fields. */
async function addBody(statement: StatementRequest, request: IncomingMessage): Promise<void> {
  if (request.method === 'GET') return
  const type = request.headers['content-type'] ?? ''
  const body = await readStatement(request, statement.user)
  if (!type.startsWith('multipart/form-data')) {
    statement.sql = [statement.sql, body].filter((text) => text !== '').join('\n')
    return
  }
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  const fields = new URLSearchParams()
  for (const [name, value] of form) if (typeof value === 'string') fields.append(name, value)
  statement.sql ||= fields.get('query') ?? ''
  statement.params = new Map([...statement.params, ...boundParams(fields)])
}

function boundParams(query: URLSearchParams): Map<string, string> {
  const params = new Map<string, string>()
  for (const [name, value] of query) if (/^param_[A-Za-z_]\w*$/.test(name)) params.set(name.slice(6), value)
  return params
}

async function sendResult(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  statement: StatementRequest,
  result: RawResult,
  elapsedMs: number,
): Promise<void> {
  const format = /\bFORMAT\s+([A-Za-z0-9_]+)[\s;]*$/i.exec(statement.sql)?.[1] ?? statement.format
  const summary = {
    read_rows: '0',
    read_bytes: '0',
    written_rows: '0',
    written_bytes: '0',
    total_rows_to_read: '0',
    result_rows: String(result.rowsRead),
    result_bytes: String(result.bytes.length),
    elapsed_ns: String(Math.round(elapsedMs * 1e6)),
  }
  response.setHeader('X-ClickHouse-Format', format)
  response.setHeader('X-ClickHouse-Timezone', 'UTC')
  response.setHeader('X-ClickHouse-Server-Display-Name', 'inferwatch')
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(summary))
  response.setHeader('Content-Type', contentType(format))
  const wantsGzip = query.get('enable_http_compression') === '1' || query.get('compress') === '1'
  const takesGzip = /\bgzip\b/.test(header(request, 'accept-encoding') ?? '')
  // JDBC asks for ClickHouse's own LZ4 frames with compress=1, but believes a Content-Encoding header first.
  const zip = query.get('compress') === '1' || (wantsGzip && takesGzip && result.bytes.length >= minGzipBytes)
  const body = zip ? await compress(result.bytes, { level: 1 }) : result.bytes
  if (zip) response.setHeader('Content-Encoding', 'gzip')
  response.setHeader('Content-Length', body.length)
  response.end(body)
}

function sendError(executor: Executor, response: ServerResponse, cause: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const error = EngineError.from(cause)
  response.setHeader('X-ClickHouse-Exception-Code', error.code)
  if (error.code === 194 || error.code === 193) response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse"')
  sendText(response, httpStatus(error.code), errorBody(error, executor.version))
}

/** A body that nobody read would stay in the connection in front of the next request: it is drained or cut off. */
function sendText(response: ServerResponse, status: number, text: string): void {
  if (!response.req.complete) response.setHeader('Connection', 'close')
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8' }).end(text)
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
