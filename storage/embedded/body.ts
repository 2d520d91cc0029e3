/** Bodies of HTTP requests: as text with a limit, or streamed into a file. */
import { createWriteStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { BlockUnpacker } from './compressed-blocks.ts'
import { codes, EngineError } from './errors.ts'
import type { Role } from './users.ts'

/** Longest statement that may come as a body, in bytes; rows of INSERTs have no limit but the disk. */
const maxStatementBytes: Record<Role, number> = { writer: 64 * 1024 * 1024, reader: 1024 * 1024 }

/** Throws EngineError when the body is too long, also after decompression. `packed`: it is of ClickHouse's compressed blocks. */
export async function readStatement(request: IncomingMessage, role: Role, packed: boolean): Promise<string> {
  const limit = maxStatementBytes[role]
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of unpacked(request, packed) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new EngineError(codes.badArguments, `statement is longer than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Rejects when the client goes away half-way: nothing is inserted then. */
export async function saveBody(
  request: IncomingMessage,
  path: string,
  signal: AbortSignal,
  packed: boolean,
): Promise<void> {
  await pipeline(unpacked(request, packed), createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal })
}

function unpacked(request: IncomingMessage, packed: boolean): Readable {
  return packed ? through(decoded(request), new BlockUnpacker()) : decoded(request)
}

const decoders: Record<string, () => Transform> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

function decoded(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity' || encoding === '') return request
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
  if (decoder) return through(request, decoder())
  throw new EngineError(
    codes.notImplemented,
    `Content-Encoding ${encoding} is not supported: use ${Object.keys(decoders).join(', ')}`,
  )
}

/** A client that goes away destroys the decoder too: whoever reads it sees that error. */
function through(body: Readable, decoder: Transform): Transform {
  pipeline(body, decoder).catch(() => decoder.destroy())
  return decoder
}
