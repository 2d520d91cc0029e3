/** Reads a request's body within its limits, before and after decompression. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip as gunzipCallback } from 'node:zlib'
import { Refusal } from './answer.ts'
import type { ByteGate } from './gate.ts'

const gunzip = promisify(gunzipCallback)

/** How long a request is held when memory is full, before it is sent away. */
const holdMs = 3_000
/** Room taken at a time for a body of unknown length. */
const step = 2 ** 20
/** A client that is answered before it has sent everything may see a reset, and would send it all again. */
const discardMs = 2_000

export interface Body {
  bytes: Buffer
  /** Must be called once, when nothing refers to the bytes any more. */
  release: () => void
}

/** Throws Refusal 413, 400 or 503. Resolves null when the client went away. */
export async function readBody(
  request: IncomingMessage,
  gzip: boolean,
  maxBytes: number,
  gate: ByteGate,
): Promise<Body | null> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  let held = 0
  const take = async (bytes: number) => {
    const entry = gate.enter(bytes, holdMs)
    if (entry !== true && !(await entry)) throw new Refusal(503, 'busy', 'too many requests at once, try again')
    held += bytes
  }
  const release = () => {
    gate.leave(held)
    held = 0
  }
  try {
    await take(declared || step)
    const raw = await collect(request, maxBytes, declared || step, take)
    if (!raw) {
      release()
      return null
    }
    if (!gzip) return { bytes: raw, release }
    await take(maxBytes)
    const bytes = await inflate(raw, maxBytes)
    gate.leave(held - bytes.length)
    held = bytes.length
    return { bytes, release }
  } catch (error) {
    release()
    throw error
  }
}

/** Lets the rest of a refused body pass by, for a short while. True when it came to its end. */
export async function discard(request: IncomingMessage): Promise<boolean> {
  if (request.complete) return true
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), discardMs)
  request.on('end', () => resolve(true)).on('close', () => resolve(request.complete))
  request.removeAllListeners('data')
  request.on('data', () => undefined).resume()
  const ended = await promise
  clearTimeout(timer)
  return ended
}

function collect(
  request: IncomingMessage,
  maxBytes: number,
  admitted: number,
  take: (bytes: number) => Promise<void>,
): Promise<Buffer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>()
  const chunks: Buffer[] = []
  let size = 0
  let room = admitted
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) {
      request.pause()
      reject(tooLarge(maxBytes))
      return
    }
    chunks.push(chunk)
    if (size <= room) return
    request.pause()
    room += step
    take(step).then(() => request.resume(), reject)
  })
  request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks, size)))
  request.on('error', () => resolve(null))
  request.on('close', () => resolve(null))
  return promise
}

async function inflate(raw: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await gunzip(raw, { maxOutputLength: maxBytes, chunkSize: Math.min(maxBytes, 256 * 1024) })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new Refusal(400, 'bad_gzip', `the body is not gzip: ${(cause as Error).message}`)
  }
}

const tooLarge = (maxBytes: number) =>
  new Refusal(
    413,
    'body_too_large',
    `the body is larger than ${maxBytes} bytes (ingest.max_body_bytes): send smaller batches`,
  )
