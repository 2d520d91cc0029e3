/** The process that holds the engine. It is told everything over IPC: its environment and arguments carry no secret. */
import type { Server } from 'node:http'
import { flushCompileCache } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Executor, type ExecutorOptions } from './executor.ts'
import { clickhouseServer } from './server.ts'
import type { EngineUser } from './users.ts'

export interface StartMessage extends Omit<ExecutorOptions, 'onStuck'> {
  type: 'start'
  host: string
  port: number
  users: readonly EngineUser[]
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
// What nobody caught: the parent starts the engine anew.
process.once('uncaughtException', ({ stack, message }) => process.stderr.write(`${stack ?? message}\n`, leave))

async function start(message: StartMessage): Promise<void> {
  const executor = await Executor.open({ ...message, onStuck })
  const users = new Map(message.users.map((user) => [user.name, user]))
  const server = clickhouseServer(executor, { users, loopback: isLoopback(message.host) })
  await listen(server, message.host, message.port)
  stop = () => {
    // Running queries get a moment; idle connections would keep the server open.
    server.close(leave)
    server.closeIdleConnections()
    setTimeout(leave, 5000).unref()
  }
  await tell({ type: 'ready', port: (server.address() as AddressInfo).port, version: executor.version })
  // Where there is one: it is written at an orderly exit, which this process never has.
  flushCompileCache()
}

/** What was acknowledged is on disk. exit() would wait for the engine's threads, and a large merge keeps those for long. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Nothing else stops such a query, and it may hold its processor for days: the parent starts the engine anew. */
function onStuck(sql: string): void {
  process.stderr.write(`a query went on long after its time was up: ${sql.slice(0, 500)}\n`, leave)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
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
