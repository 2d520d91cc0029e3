/** Rejected rows go to a file of JSON lines, made when the first one comes. */
import { once } from 'node:events'
import { constants, createWriteStream, type WriteStream } from 'node:fs'
import { access, rm } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { ImportError } from './error.ts'

export interface Reject {
  /** In the file, from 1; rows of Parquet are counted likewise. */
  line: number
  /** Stable word: column_count, input_tokens_negative, … */
  reason: string
  message: string
  row: unknown
}

/** Longer rows are cut in the rejects file. */
const maxRowChars = 64 * 1024

export class Rejects {
  readonly path: string
  readonly reasons = new Map<string, number>()
  private stream: WriteStream | null = null
  private failure: Error | null = null

  private constructor(path: string) {
    this.path = path
  }

  /** At `path`, else beside the file, else in the current directory. What an earlier import left there goes. Throws ImportError. */
  static async open(file: string, path: string | undefined): Promise<Rejects> {
    const beside = `${file}.rejected.jsonl`
    const writable = await access(dirname(resolve(beside)), constants.W_OK).then(
      () => true,
      () => false,
    )
    const chosen = path ?? (writable ? beside : basename(beside))
    if (resolve(chosen) === resolve(file)) throw new ImportError(`--rejects: ${chosen} is the file to import`)
    await rm(chosen, { force: true }).catch((cause: unknown) => {
      throw new ImportError(`--rejects: ${chosen} cannot be replaced`, { cause })
    })
    return new Rejects(chosen)
  }

  get count(): number {
    return [...this.reasons.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Resolves when more may be written. Throws ImportError when the file cannot be. */
  async add({ line, reason, message, row }: Reject): Promise<void> {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1)
    this.stream ??= this.create()
    const text = typeof row === 'string' ? row.slice(0, maxRowChars) : row
    const free = this.stream.write(`${JSON.stringify({ line, reason, message, row: text })}\n`)
    if (!free && !this.failure) await Promise.race([once(this.stream, 'drain'), once(this.stream, 'close')])
    this.check()
  }

  async close(): Promise<void> {
    const { stream } = this
    if (!stream) return
    if (!this.failure) {
      stream.end()
      await once(stream, 'close')
    }
    this.check()
  }

  private create(): WriteStream {
    const stream = createWriteStream(this.path)
    stream.on('error', (error) => (this.failure = error))
    return stream
  }

  private check(): void {
    if (!this.failure) return
    throw new ImportError(
      `${this.path}: rejected rows cannot be written (${this.failure.message}); name another file with --rejects`,
      {
        cause: this.failure,
      },
    )
  }
}
