/** One engine, to be asked over its HTTP endpoint and, by its parent's messages, on a connection of its own process. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Engine, type Connection } from '../../storage/embedded/engine.ts'
import { roles } from '../../storage/embedded/engine-config.ts'
import { Executor } from '../../storage/embedded/executor.ts'
import { clickhouseServer } from '../../storage/embedded/server.ts'
import { poolSettings, readerSettingsFor, setStatement } from '../../storage/embedded/settings.ts'
import { builtinUsers } from '../../storage/embedded/users.ts'

export type EngineAsk =
  /** Of the embedded engine: comes first, and is answered with the ports. */
  | { directory: string }
  /** Answered with an EngineAnswer. */
  | { sql: string; format: string }
  /** Answered with the CPU that this process has used, in µs. */
  | 'cpu'

/** Where the same engine is asked. */
export interface EnginePorts {
  endpoint: number
  /** Of a server that does nothing but ask the engine. */
  bare: number
}

export interface EngineAnswer {
  ms: number
  bytes: number
  lines: number
}

const database = 'inferwatch'
const memoryBytes = 2e9
let connection: Connection | null = null

process.on('message', (ask: EngineAsk) => {
  void answer(ask).then((answered) => process.send?.(answered))
})
// The engine's threads do not survive an exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

async function answer(ask: EngineAsk): Promise<number | EnginePorts | EngineAnswer> {
  if (ask === 'cpu') return cpuUs()
  if ('directory' in ask) return open(ask.directory)
  const begun = performance.now()
  const { bytes } = await connected().query(ask.sql, ask.format)
  return { ms: performance.now() - begun, bytes: bytes.length, lines: linesOf(bytes) }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function open(directory: string): Promise<EnginePorts> {
  const executor = await Executor.open({ directory, database, memoryBytes, onStuck: () => undefined })
  const users = builtinUsers({ writer: 'unused', reader: 'unused' })
  const book = { users: new Map(users.map((user) => [user.name, user])), loopback: true }
  connection = new Engine(join(directory, 'store'), []).connect()
  await connection.query(`USE ${database}`)
  await connection.query(`SET ROLE ${roles.reader}`)
  // As a reader's query runs.
  const settings = readerSettingsFor(new Map(), poolSettings(memoryBytes).reader, new Map())
  await connection.query(setStatement(new Map(), settings, new Map()) ?? 'SELECT 1')
  return { endpoint: await listen(clickhouseServer(executor, book)), bare: await listen(bareServer()) }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** The least that an answer over HTTP takes: no users, no limits, no cancelling, and the whole result is held. */
function bareServer(): Server {
  return createServer((request: IncomingMessage, response) => {
    const format = new URLSearchParams(request.url?.slice(2)).get('default_format') ?? ''
    const answered = text(request).then((sql) => connected().query(sql, format))
    answered.then(
      ({ bytes }) => response.setHeader('Content-Length', bytes.length).end(bytes),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
}

function connected(): Connection {
  if (connection) return connection
  throw new Error('the directory comes first')
}

export function linesOf(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  return lines
}
