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
  start(message).catch(fail)
})
// The parent died or let go: leave at once, so that the next start finds the data directory free.
process.once('disconnect', leave)
process.once('SIGTERM', () => (stop ? stop() : leave()))
// Ctrl-C reaches the whole process group; the parent decides when we stop.
process.on('SIGINT', () => undefined)

async function start(message: StartMessage): Promise<void> {
  const executor = await Executor.open(message)
  const server = clickhouseServer(executor, message.passwords)
  await listen(server, message.host, message.port)
  stop = () => {
    // Running queries get a moment; idle connections would keep the server open.
    server.close(leave)
    server.closeIdleConnections()
    setTimeout(leave, 5000).unref()
  }
  await tell({ type: 'ready', port: (server.address() as AddressInfo).port, version: executor.version })
}

/** What was acknowledged is on disk. exit() would wait for the engine's threads, and a large merge keeps those for long. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL')
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}

function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve())
  })
}

async function fail(error: unknown): Promise<void> {
  await tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) })
  leave()
}
