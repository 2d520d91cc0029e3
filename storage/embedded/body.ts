/** Bodies of HTTP requests: as text with a limit, or streamed into a file. */
import { createWriteStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createInflate } from 'node:zlib'
import type { User } from './auth.ts'
import { codes, EngineError } from './errors.ts'

/** Longest statement that may come as a body, in bytes; rows of INSERTs have no limit but the disk. */
const maxStatementBytes: Record<User, number> = { writer: 64 * 1024 * 1024, reader: 1024 * 1024 }

/** Throws EngineError when the body is too long, also after decompression. */
export async function readStatement(request: IncomingMessage, user: User): Promise<string> {
  const limit = maxStatementBytes[user]
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of decoded(request) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new EngineError(codes.badArguments, `statement is longer than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Rejects when the client goes away half-way: nothing is inserted then. */
export async function saveBody(request: IncomingMessage, path: string, signal: AbortSignal): Promise<void> {
  await pipeline(decoded(request), createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal })
}

function decoded(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return request
  if (encoding === 'gzip') return through(request, createGunzip())
  if (encoding === 'deflate') return through(request, createInflate())
  throw new EngineError(codes.notImplemented, `Content-Encoding ${encoding} is not supported: use gzip`)
}

/** A client that goes away destroys the decoder too: whoever reads it sees that error. */
function through(request: IncomingMessage, decoder: Transform): Transform {
  pipeline(request, decoder).catch(() => decoder.destroy())
  return decoder
}
