/** What a command has to work with: the configuration that it was given, storage, and where it says something. */
import { pino, type Logger } from 'pino'
import { openDataDir, runningProcess } from '../data-dir.ts'
import type { Storage, StorageOptions } from '../index.ts'

/** `Config` is as much of the configuration as the command reads. */
export interface Shell<Config> {
  /** Throws ConfigError. */
  load: () => Loaded<Config>
  /** Runs `work` on the storage of the process that serves the data directory, or on one of its own when none does. */
  withStorage: (work: (config: Config, storage: OpenStorage) => Promise<void>) => Promise<void>
  /** Lets the process that serves the data directory, if one does, see what a command changed there: `what` names it. */
  reloadRunning: (config: { data_dir: string }, what: string) => void
  print: (line: string) => void
  /** The process is to end with exit code 1, without an error to print. */
  failed: () => void
  /** Warnings and errors, on stderr. */
  log: Logger
}

/** For the `reads` of a command that asks storage alone: on-call has no secrets of receivers and endpoints at hand. */
export const storageKeys = ['data_dir', 'clickhouse', 'retention'] as const

interface Loaded<Config> {
  config: Config
  /** Relative paths in the configuration start here. */
  baseDir: string
  /** Null when the defaults are used. */
  file: string | null
  /** What is allowed there and hardly meant. */
  warnings: readonly string[]
}

/** Rollups only of a storage of its own: in a process that serves they are that process's. */
export type OpenStorage = Pick<Storage, 'db' | 'reader' | 'writeResult'> & Partial<Pick<Storage, 'rollups'>>

const log = pino({ level: 'warn', base: null }, pino.destination({ dest: 2, sync: true }))

export function createShell<Config extends Pick<StorageOptions, 'data_dir' | 'clickhouse' | 'retention'>>(
  load: () => Loaded<Config>,
): Shell<Config> {
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  return {
    load,
    print,
    log,
    failed: () => void (process.exitCode = 1),

    async withStorage(work) {
      const { config } = load()
      const { connectStorage, startStorage } = await import('../index.ts')
      const running = runningProcess(config.data_dir)
      if (running)
        return using(connectStorage({ ...config, url: running.clickhouse }), (storage) => work(config, storage))
      const dataDir = await openDataDir(config.data_dir)
      try {
        const own = await startStorage({ ...config, data_dir: dataDir.path, listen: '127.0.0.1:0', log })
        await using(own, (storage) => work(config, storage))
      } finally {
        dataDir.release()
      }
    },

    reloadRunning({ data_dir }, what) {
      const running = runningProcess(data_dir)
      if (!running) return
      process.kill(running.pid, 'SIGHUP')
      print(`process ${running.pid} reloads its configuration, and ${what} with it`)
    },
  }
}

async function using<Stops extends { stop(): Promise<void> }>(storage: Stops, work: (storage: Stops) => Promise<void>) {
  try {
    await work(storage)
  } finally {
    await storage.stop()
  }
}

/** For an option that may be given again. */
export const several = (text: string, before: string[] = []): string[] => [...before, text]
