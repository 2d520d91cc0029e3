/** clickhouse-go over HTTP (Grafana's plugin) first asks for the server's revision, at a fixed newer revision of Native. */
import { RowBinaryWriter } from '../rowbinary.ts'
import type { RawResult } from './engine.ts'
import type { StatementRequest } from './executor.ts'

const handshake = /^\s*SELECT\s+displayName\(\)\s*,\s*version\(\)\s*,\s*revision\(\)\s*,\s*timezone\(\)\s*;?\s*$/i

/** The answer by hand, with revision 0: every later block is then plain Native, which is what the engine writes. */
export function goHandshake(statement: StatementRequest, query: URLSearchParams, version: string): RawResult | null {
  if (statement.format !== 'Native' || !query.has('client_protocol_version') || !handshake.test(statement.sql))
    return null
  const writer = new RowBinaryWriter(256)
  // Block info: not an overflow block, no bucket.
  for (const byte of [1, 0, 2, 255, 255, 255, 255, 0]) writer.u8(byte)
  writer.varint(4)
  writer.varint(1)
  const column = (name: string, type: string, write: () => void) => {
    writer.text(name)
    writer.text(type)
    writer.u8(0) // no custom serialisation
    write()
  }
  column('displayName()', 'String', () => writer.text('inferwatch'))
  column('version()', 'String', () => writer.text(version))
  column('revision()', 'UInt32', () => writer.u32(0))
  column('timezone()', 'String', () => writer.text('UTC'))
  return { bytes: writer.take(), elapsed: 0, rowsRead: 1, bytesRead: 0 }
}
