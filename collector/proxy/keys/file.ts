/**
 * Keys that were made while the proxy runs: one file in the data directory, replaced as a whole. It holds hashes alone. A table
 * would make calls depend on the database, which the proxy never does.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../../../records/error-code.ts'
import { remedyOf, syncFolder } from '../../replace-file.ts'
import { virtualKey } from './config.ts'

/** The file of keys cannot be used; the message is one line that says what to do. */
export class KeyFileError extends Error {
  override name = 'KeyFileError'
}

const storedKey = virtualKey.extend({
  created_at: z.string(),
  created_by: z.string().optional(),
  revoked_at: z.string().optional(),
  revoked_by: z.string().optional(),
})
const storedKeys = z.strictObject({ keys: z.array(storedKey) })
export type StoredKey = z.infer<typeof storedKey>

const fileOf = (dataDir: string) => join(dataDir, 'proxy', 'keys.json')

/** None where there is no file. Throws KeyFileError. */
export function readKeys(dataDir: string): StoredKey[] {
  const path = fileOf(dataDir)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw new KeyFileError(`${path} cannot be read (${errorCode(error)}): give this user rights to it`, {
      cause: error,
    })
  }
  try {
    return storedKeys.parse(JSON.parse(text)).keys
  } catch {
    // The reason would quote the file.
    throw new KeyFileError(`${path} is no list of keys: restore it, or move it away and make new keys`)
  }
}

/** Replaces the keys by what `change` makes of them, durably. Throws KeyFileError, and what `change` throws. */
export function changeKeys(dataDir: string, change: (keys: readonly StoredKey[]) => StoredKey[]): void {
  const path = fileOf(dataDir)
  const draft = `${path}.new`
  makeFolder(dirname(path))
  clearLeft(draft)
  let fd: number
  try {
    // That it may not be there yet keeps two commands from changing the keys at once.
    fd = openSync(draft, 'wx', 0o600)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw notWritable(draft, error)
    throw new KeyFileError(`${draft}: another command changes the keys: try again in half a minute`, { cause: error })
  }
  try {
    writeFileSync(fd, `${JSON.stringify({ keys: change(readKeys(dataDir)) }, null, 2)}\n`)
    fsyncSync(fd)
    renameSync(draft, path)
    // A revoked key must not come back with the old file after a power cut.
    syncFolder(dirname(path))
  } catch (error) {
    rmSync(draft, { force: true })
    throw error instanceof Error && 'syscall' in error ? notWritable(path, error) : error
  } finally {
    closeSync(fd)
  }
}

/** A change takes milliseconds: a draft of that age was left by a process that died. */
const leftAfter_ms = 30_000

function clearLeft(draft: string): void {
  const own = `${draft}.${process.pid}`
  try {
    if (Date.now() - statSync(draft).mtimeMs < leftAfter_ms) return
    // Of two that see it one alone can take it away.
    renameSync(draft, own)
    rmSync(own)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw notWritable(draft, error)
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw notWritable(path, error)
  }
}

const notWritable = (path: string, cause: unknown) =>
  new KeyFileError(`${path} cannot be written (${errorCode(cause)}): ${remedyOf(errorCode(cause))}`, { cause })
