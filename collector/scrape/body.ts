/** The body of a metrics page: whole or not at all, within its limit, unpacked. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { ScrapeError } from './scrape-error.ts'

/** What is asked for with Accept-Encoding. */
export const acceptedEncodings = 'gzip, deflate, br, zstd'

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const gunzip: Unpack = promisify(zlib.gunzip)
const inflate: Unpack = promisify(zlib.inflate)
const inflateRaw: Unpack = promisify(zlib.inflateRaw)
/** Some servers send deflate without the frame that the standard asks for: its first byte's low half is then not 8. */
const anyInflate: Unpack = (bytes, options) => (((bytes[0] ?? 0) & 15) === 8 ? inflate : inflateRaw)(bytes, options)

const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: anyInflate,
  br: promisify(zlib.brotliDecompress),
  zstd: promisify(zlib.zstdDecompress),
}

/** How far a scrape came, for the message when its time is over. */
export interface Progress {
  /** Bytes of the body; null before the headers. */
  bytes: number | null
}

/** Reads to the end; a body that is larger, or ends early, throws ScrapeError and closes the connection. */
export async function readBody(response: IncomingMessage, maxBytes: number, progress: Progress): Promise<Buffer> {
  progress.bytes = 0
  try {
    if (Number(response.headers['content-length']) > maxBytes) throw tooLarge(maxBytes)
    const chunks: Buffer[] = []
    let bytes = 0
    await new Promise<void>((resolve, reject) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        progress.bytes = bytes
        if (bytes > maxBytes) reject(tooLarge(maxBytes))
        else chunks.push(chunk)
      })
      response.on('end', () => (response.complete ? resolve() : reject(cutShort(bytes))))
      // When the connection breaks there is no end.
      response.on('close', () => {
        if (!response.readableEnded) reject(cutShort(bytes))
      })
      response.on('error', () => undefined)
    })
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes)
  } catch (error) {
    response.destroy()
    throw error
  }
}

/** The page's text, never of more than `maxBytes` bytes: a small packed body must not become a large page. */
export async function unpack(body: Buffer, response: IncomingMessage, maxBytes: number): Promise<string> {
  const bytes = await unpacked(body, response.headers['content-encoding'], maxBytes)
  const text = bytes.toString()
  if (isCut(response, text)) throw cutShort(body.length)
  // A byte order mark, which some Windows exporters write.
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

async function unpacked(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const name = (encoding ?? '').trim().toLowerCase()
  if (name === '' || name === 'identity') return body
  const unpack = unpackers[name]
  if (!unpack)
    throw new ScrapeError('encoding', `answers with content-encoding ${name}, which was not asked for: turn it off`)
  try {
    return await unpack(body, { maxOutputLength: maxBytes })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new ScrapeError('encoding', `the page cannot be unpacked as ${name}: it was cut short or is damaged`, {
      cause,
    })
  }
}

/**
 * Without a length and without chunks the end of the connection is the end of the page, and a half one looks whole: then the
 * last line must be complete. OpenMetrics says itself where it ends.
 */
function isCut({ headers }: IncomingMessage, text: string): boolean {
  const openMetrics = headers['content-type']?.startsWith('application/openmetrics-text')
  if (openMetrics) return !/(^|\n)# EOF\n?$/.test(text)
  const framed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  return !framed && text !== '' && !text.endsWith('\n')
}

const tooLarge = (maxBytes: number) =>
  new ScrapeError('too_large', `the page is larger than ${maxBytes} bytes: raise scrape.max_bytes`)

const cutShort = (bytes: number) =>
  new ScrapeError('cut_short', `the page ends in the middle, after ${bytes} bytes: look at the server's own log`)
