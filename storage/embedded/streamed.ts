/** One query whose result is handed out while the engine makes it. */
import type { Piece } from './block-pool.ts'
import type { Connection, RawResult } from './engine.ts'
import { codes, EngineError } from './errors.ts'
import type { PipePool } from './result-pipe.ts'
import { statisticsBytes } from './statistics.ts'
import { cancelled } from './turns.ts'

/** Takes a result. Rejects when it cannot take more: the query is stopped then. When `ended` fires nothing more comes, and waiting is over. */
export type Consumer = (pieces: AsyncIterable<Piece>, ended: AbortSignal) => Promise<void>

export interface Streamed {
  pipes: PipePool
  /** The text whose result goes to a path. */
  into: (path: string) => string
  consume: Consumer
}

/** What is on the other side of a query that runs. */
export interface Bounds {
  /** Milliseconds that the reader may take, or null: an engine that waits for its reader does not look at its clock. */
  deadlineMs: number | null
  /** Infinity where nothing limits it. */
  maxBytes: number
  /** Of the client that goes away. */
  signal: AbortSignal
  /** Stops the query. */
  cancel: () => void
}

/**
 * Resolves when `consume` has taken everything; what the engine said besides is in `bytes`. Rejects with the error of the
 * engine, or with the consumer's own EngineError. `mark` goes before the text.
 */
export async function runStreamed(
  connection: Connection,
  mark: string,
  { pipes, into, consume }: Streamed,
  { deadlineMs, maxBytes, signal, cancel }: Bounds,
): Promise<RawResult> {
  const pipe = await pipes.take()
  if (signal.aborted) {
    pipes.giveBack(pipe)
    throw cancelled()
  }
  let reader
  try {
    reader = pipe.open()
  } catch (error) {
    await pipes.discard(pipe)
    throw error
  }
  const ended = new AbortController()
  let running = true
  // An engine that waits for its reader hears of nothing else, and one that finds none opens the pipe forever: what still comes is
  // read and thrown away until the query has ended.
  const giveUp = () => {
    ended.abort()
    reader.drop()
    if (running) cancel()
  }
  let late: EngineError | null = null
  const expire = (limitMs: number) => {
    late = tooSlow(limitMs)
    giveUp()
  }
  const deadline = deadlineMs === null ? undefined : setTimeout(expire, deadlineMs, deadlineMs)
  signal.addEventListener('abort', giveUp, { once: true })
  let tail = Buffer.alloc(0)
  let handedOut = 0
  const pieces = async function* (): AsyncGenerator<Piece> {
    for await (const piece of reader.blocks()) {
      handedOut += piece.bytes.length
      if (handedOut > maxBytes) throw tooLarge(maxBytes)
      tail = Buffer.concat([tail, piece.bytes.subarray(-statisticsBytes)]).subarray(-statisticsBytes)
      yield piece
    }
  }
  const consumed = consume(pieces(), ended.signal).then(
    () => null,
    (error: unknown) => {
      giveUp()
      return { error }
    },
  )
  try {
    const result = await connection.query(mark + into(pipe.path))
    running = false
    pipe.hangUp()
    const failed = await consumed
    if (failed) throw failed.error
    if (ended.signal.aborted) throw cancelled()
    pipes.giveBack(pipe)
    return { ...result, tail }
  } catch (error) {
    running = false
    pipe.hangUp()
    ended.abort()
    reader.drop()
    reader.close()
    const failed = await consumed
    await pipes.discard(pipe)
    throw late ?? (failed?.error instanceof EngineError ? failed.error : error)
  } finally {
    clearTimeout(deadline)
    signal.removeEventListener('abort', giveUp)
  }
}

/** The engine's own limit counts values that repeat once: this one counts what leaves. */
export function tooLarge(maxBytes: number): EngineError {
  return new EngineError(codes.tooManyBytes, `Limit for result exceeded, max bytes: ${maxBytes}`)
}

function tooSlow(deadlineMs: number): EngineError {
  return new EngineError(
    codes.timeout,
    `Timeout exceeded: the result was not taken within ${Math.round(deadlineMs / 1000)} seconds`,
  )
}
