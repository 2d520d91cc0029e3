/** The process that holds the engine. It is told everything over IPC: its environment and arguments carry no secret. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Executor, type ExecutorOptions } from './executor.ts'
import type { Passwords } from './auth.ts'
import { clickhouseServer } from './server.ts'

export interface StartMessage extends ExecutorOptions {
  type: 'start'
  host: string
  port: number
  passwords: Passwords
}

export type ChildMessage = { type: 'ready'; port: number; version: string } | { type: 'failed'; reason: string }

process.title = 'inferwatch-clickhouse'
let stop: (() => void) | null = null

process.once('message', (message: StartMessage) => {
  start(message).catch((error: unknown) => fail(error))
})
// The parent died or let go: leave at once, so that the next start finds the data directory free. Not by exit(), which would
// wait for the engine's threads; what was acknowledged is on disk.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.once('SIGTERM', () => (stop ? stop() : process.exit(0)))
// Ctrl-C reaches the whole process group; the parent decides when we stop.
process.on('SIGINT', () => undefined)

async function start(message: StartMessage): Promise<void> {
  const executor = await Executor.open(message)
  const server = clickhouseServer(executor, message.passwords)
  await listen(server, message.host, message.port)
  stop = () => {
    // Idle connections would keep the server open; running queries get a moment.
    server.close(() => {
      executor.close()
      process.exit(0)
    })
    server.closeIdleConnections()
    setTimeout(() => process.exit(0), 5000).unref()
  }
  tell({ type: 'ready', port: (server.address() as AddressInfo).port, version: executor.version })
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}

function tell(message: ChildMessage): void {
  process.send?.(message)
}

function fail(error: unknown): void {
  tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) })
  setImmediate(() => process.exit(1))
}
