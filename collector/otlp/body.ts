/** Reads a request's body within its limits, before and after decompression. */
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip as gunzipCallback } from 'node:zlib'
import { metrics } from '@opentelemetry/api'
import type { IngestConfig } from '../config.ts'
import { Refusal } from './answer.ts'
import { BufferPool } from './buffers.ts'
import { ByteGate } from './gate.ts'

const gunzip = promisify(gunzipCallback)

/** How long a request is held when memory is full, before it is sent away. */
const holdMs = 3_000
/** Room for a body at first; it doubles as the body grows, so that announcing much takes nothing from others. */
const firstRoom = 2 ** 20
const keptBuffers = 32 * 2 ** 20
/** Bodies in memory may always take this much, however small one may be. */
const leastMemory = 64 * 2 ** 20
/** A client that is answered before it has sent everything may see a reset, and would send it all again. */
const discardMs = 2_000

export interface Body {
  bytes: Buffer
  /** Call once decoded, when nothing refers to the bytes any more. */
  recycle: () => void
  /** Call once answered: what was made of the bytes is gone too. */
  release: () => void
}

export interface Reading {
  /** Bytes that the sender announced; 0 when it announced none. */
  declared: number
  /** Of the message, before and after decompression. */
  maxBytes: number
  framing: Framing
}

/** How a message lies in its body. */
export interface Framing {
  /** Bytes around the message. */
  overhead: number
  /** Throws Refusal. */
  unframe(body: Buffer): { message: Buffer; gzip: boolean }
}

/** The body is the message. */
export const unframed = (gzip: boolean): Framing => ({ overhead: 0, unframe: (message) => ({ message, gzip }) })

/** One for all receivers of a process, with its memory bounded and measured. */
export function startBodyReader({ max_body_bytes }: IngestConfig): BodyReader {
  const gate = new ByteGate(Math.max(max_body_bytes * 4, leastMemory), 1_000)
  const meter = metrics.getMeter('inferwatch')
  meter
    .createObservableGauge('inferwatch.ingest.body_memory', { description: 'OTLP bodies in memory', unit: 'By' })
    .addCallback((result) => result.observe(gate.bytes))
  meter
    .createObservableGauge('inferwatch.ingest.held_requests', {
      description: 'OTLP requests held until memory is free',
      unit: '{request}',
    })
    .addCallback((result) => result.observe(gate.held))
  return new BodyReader(gate)
}

export class BodyReader {
  private readonly pool = new BufferPool(keptBuffers)
  private readonly gate: ByteGate

  constructor(gate: ByteGate) {
    this.gate = gate
  }

  /** Throws Refusal 413, 400 or 503. Resolves null when the client went away. */
  async read(request: Readable, { declared, maxBytes, framing }: Reading): Promise<Body | null> {
    if (declared > maxBytes + framing.overhead) throw tooLarge(maxBytes)
    const { gate, pool } = this
    let held = 0
    let released = false
    const hold = async (bytes: number) => {
      const entry = gate.enter(bytes, holdMs)
      if (entry !== true && !(await entry)) throw new Refusal(503, 'busy', 'too many requests at once, try again')
      // The client may have gone while this waited.
      if (released) gate.leave(bytes)
      else held += bytes
    }
    const release = () => {
      released = true
      gate.leave(held)
      held = 0
    }
    try {
      await hold(firstRoom)
      const raw = await this.collect(request, declared, { maxBytes, framing }, hold)
      if (!raw) {
        release()
        return null
      }
      // Twice would hand one buffer to two requests.
      let recycled = false
      const recycle = () => {
        if (!recycled) pool.give(raw.buffer)
        recycled = true
      }
      const { message, gzip } = framing.unframe(raw.bytes)
      if (!gzip) return { bytes: message, recycle, release }
      await hold(maxBytes)
      const bytes = await inflate(message, maxBytes).finally(recycle)
      gate.leave(held - bytes.length)
      held = bytes.length
      return { bytes, recycle: () => undefined, release }
    } catch (error) {
      release()
      throw error
    }
  }

  private collect(
    request: Readable,
    declared: number,
    { maxBytes, framing }: Omit<Reading, 'declared'>,
    hold: (bytes: number) => Promise<void>,
  ): Promise<{ bytes: Buffer; buffer: Buffer } | null> {
    const { pool } = this
    const { promise, resolve, reject } = Promise.withResolvers<{ bytes: Buffer; buffer: Buffer } | null>()
    let buffer = pool.take(Math.min(declared || firstRoom, firstRoom))
    let size = 0
    let failed = false
    const grow = (bytes: number) => {
      const larger = pool.take(bytes)
      buffer.copy(larger, 0, 0, size)
      pool.give(buffer)
      buffer = larger
    }
    const fail = (error: unknown) => {
      failed = true
      request.pause()
      pool.give(buffer)
      reject(error)
    }
    request.on('data', (chunk: Buffer) => {
      if (failed) return
      if (size + chunk.length > maxBytes + framing.overhead) return fail(tooLarge(maxBytes))
      const room = buffer.length
      if (size + chunk.length > room) grow(size + chunk.length)
      size += chunk.copy(buffer, size)
      if (buffer.length === room) return
      request.pause()
      hold(buffer.length - room).then(() => request.resume(), fail)
    })
    request.on('end', () => resolve({ bytes: buffer.subarray(0, size), buffer }))
    request.on('error', () => resolve(null))
    request.on('close', () => resolve(null))
    if (request.destroyed) resolve(null)
    return promise
  }
}

/** Lets the rest of a refused body pass by, for a short while. True when it came to its end. */
export async function discard(request: Readable): Promise<boolean> {
  if (request.readableEnded || request.destroyed) return request.readableEnded
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), discardMs)
  request.on('end', () => resolve(true)).on('close', () => resolve(request.readableEnded))
  request.removeAllListeners('data')
  request.on('data', () => undefined).resume()
  const ended = await promise
  clearTimeout(timer)
  return ended
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
