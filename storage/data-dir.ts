/** The data directory: made, writable, and used by one process at a time, whatever storage it uses. */
import { createHash } from 'node:crypto'
import { accessSync, constants, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../records/error-code.ts'
import { makeFolders } from './folders.ts'

/** What a running process tells commands such as `import` and `sql`; in `<data_dir>/run.json`. */
const runInfo = z.object({
  pid: z.number(),
  clickhouse: z.string(),
  dashboard: z.string(),
  otlp_http: z.string(),
  otlp_grpc: z.string().optional(),
})
export type RunInfo = z.infer<typeof runInfo>

export interface DataDir {
  path: string
  /** Tells other commands where this process listens. */
  announce(info: RunInfo): void
  release(): void
}

/** The directory can't be used; the message says why and what to do. */
export class DataDirError extends Error {
  override name = 'DataDirError'
}

/**
 * Makes and locks the directory. The lock is a listening socket in Linux's abstract namespace: the kernel frees it when
 * the process dies, however it dies, so there is no stale lock file to remove. Throws DataDirError.
 */
export async function openDataDir(path: string): Promise<DataDir> {
  try {
    await makeFolders(path, 0o700)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const code = errorCode(error)
    throw new DataDirError(`data_dir ${path} ${whyNot(code)}, or set data_dir to another directory`, { cause: error })
  }
  const lock = await takeLock(path)
  const file = join(path, 'run.json')
  rmSync(file, { force: true })
  return {
    path,
    announce: (info) => writeFileSync(file, JSON.stringify(info), { mode: 0o600 }),
    release: () => {
      rmSync(file, { force: true })
      lock?.close()
    },
  }
}

function whyNot(code: string): string {
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return `cannot be a directory (${code}): a file is in its place: move that away`
  if (code === 'ENAMETOOLONG') return `has too long a name (${code}): shorten it`
  return `is not writable (${code}): give this user rights to it`
}

/** Where the process that uses this directory listens, or null when none runs. */
export function runningProcess(path: string): RunInfo | null {
  try {
    const info = runInfo.parse(JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')))
    process.kill(info.pid, 0)
    return info
  } catch {
    return null
  }
}

async function takeLock(path: string): Promise<Server | null> {
  if (process.platform !== 'linux') return null
  try {
    return await lockName(path, '')
  } catch (error) {
    const owner = runningProcess(path)
    throw new DataDirError(
      `data_dir ${path} is in use by another Inferwatch${owner ? ` (process ${owner.pid}, ${owner.dashboard})` : ''}: stop it, or set data_dir to another directory`,
      { cause: error },
    )
  }
}

/** Rejects when another process holds the name. */
async function lockName(path: string, purpose: string): Promise<Server> {
  const name = `\0inferwatch-${purpose}${createHash('sha256').update(realpathSync(path)).digest('hex').slice(0, 32)}`
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(name, resolve)
  })
  server.unref()
  return server
}

/**
 * Does work in a data directory that only one process may do at a time; null when another one does it now. Outside Linux nothing
 * is locked, as with the directory itself.
 */
export async function exclusively<T>(path: string, purpose: string, work: () => Promise<T>): Promise<T | null> {
  if (process.platform !== 'linux') return work()
  const lock = await lockName(path, `${purpose}-`).catch(() => null)
  if (!lock) return null
  try {
    return await work()
  } finally {
    lock.close()
  }
}
