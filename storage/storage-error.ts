/** What went wrong between us and ClickHouse, named for the caller's next step. */
import { ClickHouseError } from '@clickhouse/client'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  /** The same call may work later: nothing is wrong with it. */
  readonly retryable: boolean
  /** ClickHouse's error number as text (`60`), the network's word (`ECONNREFUSED`), or `BAD_ROW`. */
  readonly code: string

  constructor(message: string, code: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retryable = retryable
  }

  /** A value of a row can't be read as its column's: the same rows without that one may be taken. */
  get isOfRow(): boolean {
    return rowErrors.has(this.code)
  }

  static from(error: unknown, signal?: AbortSignal): StorageError {
    if (error instanceof StorageError) return error
    const message = error instanceof Error ? error.message : String(error)
    if (signal?.aborted) return new StorageError('query aborted', 'ABORTED', false, { cause: error })
    if (error instanceof ClickHouseError) {
      return new StorageError(`ClickHouse: ${whole(error)}`, error.code, retryableCodes.has(error.code), {
        cause: error,
      })
    }
    const code = networkCode(error)
    if (fileErrors.has(code))
      return new StorageError(`cannot read what to insert: ${message}`, code, false, { cause: error })
    return new StorageError(`ClickHouse is not reachable: ${message || code}`, code, true, { cause: error })
  }
}

/**
 * Too much at once, out of memory or parts for now, shutting down, or a cluster that sorts itself out; and passwords (192 to 194, 516): a
 * server that is still being set up refuses them, and rows must wait rather than be dropped.
 */
const retryableCodes: ReadonlySet<string> = new Set(
  '159 192 193 194 202 203 209 210 225 236 241 242 243 252 254 265 279 285 286 319 373 394 425 439 499 516 999'.split(
    ' ',
  ),
)

/** Numbers, texts, times and JSON that can't be parsed. Not a field that no column has: that is every row's. */
const rowErrors: ReadonlySet<string> = new Set('BAD_ROW 6 26 27 38 41 72'.split(' '))

const fileErrors: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EISDIR', 'EIO', 'EPERM'])

function networkCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  if (error instanceof AggregateError) return networkCode(error.errors[0])
  return error instanceof Error && error.message.includes('Timeout') ? 'ETIMEDOUT' : 'UNREACHABLE'
}

/** The client takes a word in capitals, at which the text stopped making sense, for the name of the error: it ends the message there. */
function whole({ message, type }: ClickHouseError): string {
  return /failed at position \d+ $/.test(message) ? `${message}(${type})` : message
}
