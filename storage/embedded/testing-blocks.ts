/** For tests: what ClickHouse's compressed blocks hold. */
import { buffer } from 'node:stream/consumers'
import { BlockUnpacker } from './compressed-blocks.ts'

export function unpackBlocks(bytes: Buffer): Promise<Buffer> {
  const unpacker = new BlockUnpacker()
  unpacker.end(bytes)
  return buffer(unpacker)
}
