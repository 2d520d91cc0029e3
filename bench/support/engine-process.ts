/** One engine, to be asked over its HTTP endpoint and, by its parent's messages, on a connection of its own process. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Engine, type Connection } from '../../storage/embedded/engine.ts'
import { roles } from '../../storage/embedded/engine-config.ts'
import { Executor } from '../../storage/embedded/executor.ts'
import { clickhouseServer } from '../../storage/embedded/server.ts'
import { poolSettings, readerSettingsFor, setStatement } from '../../storage/embedded/settings.ts'
import { builtinUsers } from '../../storage/embedded/users.ts'

export type EngineAsk =
  /** Of the embedded engine: comes first, and is answered with the port. */
  | { directory: string }
  /** Answered with an EngineAnswer. */
  | { sql: string; format: string }
  /** Answered with the CPU that this process has used, in µs. */
  | 'cpu'

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

async function answer(ask: EngineAsk): Promise<number | EngineAnswer> {
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

async function open(directory: string): Promise<number> {
  const executor = await Executor.open({ directory, database, memoryBytes, onStuck: () => undefined })
  const users = builtinUsers({ writer: 'unused', reader: 'unused' })
  const book = { users: new Map(users.map((user) => [user.name, user])), loopback: true }
  connection = new Engine(join(directory, 'store'), []).connect()
  await connection.query(`USE ${database}`)
  await connection.query(`SET ROLE ${roles.reader}`)
  // As a reader's query runs.
  const settings = readerSettingsFor(new Map(), poolSettings(memoryBytes).reader, new Map())
  await connection.query(setStatement(new Map(), settings, new Map()) ?? 'SELECT 1')
  const server = clickhouseServer(executor, book)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
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
