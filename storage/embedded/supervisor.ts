/** Runs the embedded engine as a child process and keeps it running. */
import { type ChildProcess, spawn } from 'node:child_process'
import { getPriority, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { metrics } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { ChildMessage, StartMessage } from './child.ts'

export interface EmbeddedOptions extends Omit<StartMessage, 'type'> {
  log: Logger
}

/** The engine could not be started; the message says what to do. */
export class EngineStartError extends Error {
  override readonly name = 'EngineStartError'
  /** Another process holds the directory. */
  readonly locked: boolean

  constructor(message: string, locked = false, options?: ErrorOptions) {
    super(message, options)
    this.locked = locked
  }
}

const backOffMs = { first: 100, most: 10_000 }
/** A child that ran this long had started well: its next crash begins the back-off anew. */
const settledMs = 30_000
const stderrTail = 4096
/** The engine of a process that was just killed needs a moment to go. */
const lockPatienceMs = 2000

export class Supervisor {
  private readonly options: EmbeddedOptions
  private readonly restarts = metrics.getMeter('inferwatch').createCounter('inferwatch.storage.engine_restarts', {
    description: 'Restarts of the embedded ClickHouse after it died',
  })
  private child: ChildProcess | null = null
  private stopping = false
  private delayMs = backOffMs.first
  private retry: NodeJS.Timeout | null = null
  /** Bound at the first start and kept, so that clients find a restarted child where it was. */
  private port: number
  ready = false

  private constructor(options: EmbeddedOptions) {
    this.options = options
    this.port = options.port
  }

  /** Resolves when the engine serves. Throws EngineStartError when the first start fails. */
  static async start(options: EmbeddedOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options)
    const deadline = performance.now() + lockPatienceMs
    for (;;) {
      try {
        await supervisor.launch()
        return supervisor
      } catch (error) {
        const locked = error instanceof EngineStartError && error.locked
        if (!locked || performance.now() > deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  get url(): string {
    const host = this.options.host.includes(':') ? `[${this.options.host}]` : this.options.host
    const reachable = host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host
    return `http://${reachable}:${this.port}`
  }

  get pid(): number | undefined {
    return this.child?.pid
  }

  /** Lets running queries finish, for 5 s at most. Safe to call twice. */
  async stop(): Promise<void> {
    this.stopping = true
    if (this.retry) clearTimeout(this.retry)
    const child = this.child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    const force = setTimeout(() => child.kill('SIGKILL'), 8000)
    child.kill('SIGTERM')
    await exited
    clearTimeout(force)
  }

  private launch(): Promise<void> {
    const compileCache = process.env['NODE_COMPILE_CACHE']
    const child = spawn(process.execPath, [fileURLToPath(new URL('child.ts', import.meta.url))], {
      // Analysts' SQL runs in there: nothing of our environment goes along but what a process needs to run. Each running query
      // takes a thread of the pool; the pools of executor.ts together hold 20, files and compression need some too.
      env: {
        PATH: process.env['PATH'],
        ...(compileCache && { NODE_COMPILE_CACHE: compileCache }),
        TZ: 'UTC',
        UV_THREADPOOL_SIZE: '24',
        NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.child = child
    const startedAt = performance.now()
    let said = ''
    child.stderr?.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-stderrTail)))
    if (child.pid !== undefined) lowerPriority(child.pid)
    return new Promise((resolve, reject) => {
      // Stays on: a message to a child that just died is an error event too.
      child.on('error', (cause) =>
        reject(new EngineStartError(`cannot start the embedded ClickHouse: ${cause.message}`, false, { cause })),
      )
      child.on('message', (message: ChildMessage) => {
        if (message.type === 'failed') said = `${said}\n${message.reason}`
        else {
          this.ready = true
          this.port = message.port
          resolve()
        }
      })
      child.once('exit', (code, signal) => {
        const wasReady = this.ready
        this.ready = false
        if (this.stopping) return
        if (!wasReady) reject(this.explained(said))
        else this.restartLater(signal ?? `code ${code}`, performance.now() - startedAt, said)
      })
      const start: StartMessage = { ...messageOf(this.options), port: this.port }
      child.send(start)
    })
  }

  private restartLater(how: string, ranMs: number, said: string): void {
    if (ranMs > settledMs) this.delayMs = backOffMs.first
    this.options.log.error({ how, in_ms: this.delayMs, said: said.trim() }, 'the embedded ClickHouse died: restarting')
    this.restarts.add(1)
    this.retry = setTimeout(() => void this.relaunch(), this.delayMs)
    this.delayMs = Math.min(this.delayMs * 2, backOffMs.most)
  }

  private async relaunch(): Promise<void> {
    const startedAt = performance.now()
    try {
      await this.launch()
      this.options.log.info(
        { took_ms: Math.round(performance.now() - startedAt) },
        'the embedded ClickHouse runs again',
      )
    } catch (error) {
      if (!this.stopping) this.restartLater('failed start', 0, error instanceof Error ? error.message : String(error))
    }
  }

  private explained(said: string): EngineStartError {
    const { directory } = this.options
    if (/Cannot lock file|CANNOT_OPEN_FILE.*lock/i.test(said)) {
      const message = `${directory} is in use by another process: stop the other Inferwatch, or set another data_dir`
      return new EngineStartError(message, true)
    }
    return new EngineStartError(this.explain(said))
  }

  private explain(said: string): string {
    const { directory, host, port } = this.options
    if (said.includes('EADDRINUSE')) {
      return `${host}:${port} is taken: stop what listens there, or set listen.clickhouse`
    }
    if (/EACCES|Permission denied|PERMISSION/i.test(said)) {
      return `no permission to write ${directory} or to listen on ${host}:${port}`
    }
    const line = said
      .trim()
      .split('\n')
      .findLast((text) => text.trim() !== '')
    return `the embedded ClickHouse did not start on ${directory}: ${line ?? 'it said nothing'}`
  }
}

function messageOf({ directory, database, memoryBytes, host, port, users }: EmbeddedOptions): StartMessage {
  return { type: 'start', directory, database, memoryBytes, host, port, users }
}

/** The collector and the pages come first on a busy machine; never before what began this process with less. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, Math.max(5, getPriority()))
  } catch {
    // Gone already, or a sandbox that forbids it: neither matters.
  }
}
