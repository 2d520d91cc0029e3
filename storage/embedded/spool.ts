/** A result that waits on disk until it is whole. Its file has no name: nothing of it is left whatever happens. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { codes, EngineError } from './errors.ts'

/** Of one result. Limits of users count the engine's own bytes, and stop most long before. */
const maxBytes = 4_000_000_000

export class Spool {
  private readonly file: FileHandle
  bytes = 0

  static async create(directory: string): Promise<Spool> {
    const path = join(directory, randomUUID())
    const spool = new Spool(await open(path, 'wx+', 0o600))
    await unlink(path)
    return spool
  }

  private constructor(file: FileHandle) {
    this.file = file
  }

  /** Throws EngineError 396 for more than 4 GB. */
  async write(chunk: Buffer): Promise<void> {
    this.bytes += chunk.length
    if (this.bytes > maxBytes) {
      throw new EngineError(codes.tooManyBytes, `the result has more than ${maxBytes} bytes: drop wait_end_of_query=1`)
    }
    await this.file.appendFile(chunk)
  }

  /** Closes the file at its end. */
  read(): Readable {
    return this.file.createReadStream({ start: 0 })
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}
