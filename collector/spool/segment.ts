/**
 * A segment: rows of one table in one file, written once and sent to ClickHouse as it is.
 *
 *   one line of JSON (format, table, columns), padded with spaces │ slot │ slot │ plain RowBinary rows …
 *   0                                                             body - 1024  body
 *
 * The rows stand contiguous, so that the file is the body of the INSERT; what frames between them would tell stands in
 * two commit slots. Commit n appends its bytes, writes the length and CRC of all bytes so far into slot n % 2, and one
 * fdatasync covers both. The disk may write the two in any order: a slot counts only when its own CRC and the CRC of its
 * bytes hold, and the other slot was on disk before this commit began. So a torn commit, which nobody was told of, is cut, and what was
 * acknowledged never is. Each slot has a sector of its own, so that one torn write cannot take both.
 */
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'

export const segmentSuffix = '.seg'
const format = 1
const block = 4096
/** What a segment takes beside its rows. Thousands of columns would need a second block. */
export const headerBytes = block
const sector = 512
const magic = 0x57464e49
const slotBytes = 40

/** A sealed segment: complete on disk, ready to be inserted. */
export interface Segment {
  /** Unique for ever; the insert token. */
  id: string
  path: string
  table: string
  columns: readonly string[]
  /** Where the rows begin in the file. */
  offset: number
  /** Size of the file. */
  bytes: number
  rows: number
  created_ms: number
}

/** The file is not a segment, or of a format that this version does not know. */
export class UnreadableSegment extends Error {
  override name = 'UnreadableSegment'
  /** Rows that it says it holds; 0 when it says nothing. */
  rows = 0
}

interface Commit {
  sequence: number
  /** Bytes of the body that `crc` covers: all there are after the commit, so that damage to earlier ones shows too. */
  start: number
  end: number
  /** Rows of the segment after the commit. */
  rows: number
  crc: number
}

/** A segment that is being written. One commit at a time: callers wait for the one before. */
export class OpenSegment {
  readonly id: string
  readonly created_ms: number
  /** Durable bytes of the body, durable rows. */
  length = 0
  rows = 0
  private sequence = 0
  private crc = 0
  private damaged = false
  private readonly slot = Buffer.alloc(slotBytes)
  private readonly file: FileHandle
  private readonly path: string
  private readonly table: string
  private readonly columns: readonly string[]
  private readonly offset: number

  private constructor(
    file: FileHandle,
    path: string,
    header: { table: string; columns: readonly string[]; created_ms: number },
    offset: number,
  ) {
    this.file = file
    this.path = path
    this.id = idOf(path)
    this.table = header.table
    this.columns = header.columns
    this.created_ms = header.created_ms
    this.offset = offset
  }

  /** Creates the file and makes its name durable. `directory` is an open handle of `dir`. */
  static async create(
    dir: string,
    directory: FileHandle,
    id: string,
    header: { table: string; columns: readonly string[]; created_ms: number },
  ): Promise<OpenSegment> {
    const path = join(dir, id + segmentSuffix)
    const bytes = encodeHeader(header)
    const file = await open(path, 'wx', 0o600)
    try {
      await writeAll(file, bytes, 0)
      await directory.sync()
    } catch (error) {
      await file.close().catch(() => undefined)
      await unlink(path).catch(() => undefined)
      throw error
    }
    return new OpenSegment(file, path, header, bytes.length)
  }

  /** Durable bytes of the file. */
  get bytes(): number {
    return this.offset + this.length
  }

  /** Durable once resolved. After a rejection the segment ends where it did before, and takes no further commit. */
  async commit(bytes: Buffer, rows: number): Promise<void> {
    const next = {
      sequence: this.sequence + 1,
      start: 0,
      end: this.length + bytes.length,
      rows: this.rows + rows,
      crc: crc32(bytes, this.crc),
    }
    writeSlot(this.slot, next)
    const writes = await Promise.allSettled([
      writeAll(this.file, bytes, this.offset + this.length),
      writeAll(this.file, this.slot, slotPosition(this.offset, next.sequence)),
    ])
    const failed = writes.find((write) => write.status === 'rejected')
    try {
      if (failed) throw failed.reason
      await this.file.datasync()
    } catch (error) {
      await this.file.truncate(this.offset + this.length).catch(() => {
        this.damaged = true
      })
      throw error
    }
    this.sequence = next.sequence
    this.crc = next.crc
    this.length = next.end
    this.rows = next.rows
  }

  /** Null when there is nothing to insert: no rows, or a torn end that only the next start can cut. */
  async seal(): Promise<Segment | null> {
    const { id, path, table, columns, offset, rows, created_ms } = this
    // Every commit was synced: closing can lose nothing.
    await this.file.close().catch(() => undefined)
    if (this.damaged) return null
    if (this.length === 0) {
      await unlink(path).catch(() => undefined)
      return null
    }
    return { id, path, table, columns, offset, bytes: offset + this.length, rows, created_ms }
  }
}

/**
 * Reads a segment of a former run and cuts what was not committed. Null: nothing in it was ever acknowledged.
 * Throws UnreadableSegment when it is damaged, or of a newer format.
 */
export async function recoverSegment(path: string): Promise<Segment | null> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const header = await readHeader(file, path, size)
    if (!header) return null
    const { table, columns, created_ms, offset } = header
    const commit = await lastCommit(file, path, offset, size)
    if (!commit) return null
    const bytes = offset + commit.end
    if (size > bytes) {
      await file.truncate(bytes)
      await file.datasync()
    }
    return { id: idOf(path), path, table, columns, offset, bytes, rows: commit.rows, created_ms }
  } finally {
    await file.close()
  }
}

async function readHeader(file: FileHandle, path: string, size: number) {
  const head = Buffer.alloc(Math.min(size, 16 * block))
  await file.read(head, 0, head.length, 0)
  const end = head.indexOf(0x0a)
  // Not even a whole header: the file was made and its first commit never came to be.
  if (end === -1 && (size < block || head.every((byte) => byte === 0))) return null
  try {
    const header = JSON.parse(head.toString('utf8', 0, end)) as Record<string, unknown>
    const { table, columns, created_ms, body } = header
    if (header['format'] !== format) throw new Error(`format ${String(header['format'])}, not ${format}`)
    if (typeof table !== 'string' || !Array.isArray(columns)) throw new Error('no table or no columns')
    if (typeof body !== 'number' || typeof created_ms !== 'number') throw new Error('no body or no time')
    return { table, columns: columns.map(String), created_ms, offset: body }
  } catch (cause) {
    throw new UnreadableSegment(`${basename(path)}: ${(cause as Error).message}`, { cause })
  }
}

async function lastCommit(file: FileHandle, path: string, offset: number, size: number): Promise<Commit | null> {
  const commits: Commit[] = []
  let unreadable = 0
  for (const sequence of [0, 1]) {
    const slot = Buffer.alloc(slotBytes)
    await file.read(slot, 0, slotBytes, slotPosition(offset, sequence))
    const commit = readSlot(slot)
    if (commit) commits.push(commit)
    else if (slot.some((byte) => byte !== 0 && byte !== 0x20)) unreadable++
  }
  commits.sort((a, b) => b.sequence - a.sequence)
  for (const commit of commits) {
    if (offset + commit.end <= size && (await crcOf(file, offset + commit.start, offset + commit.end)) === commit.crc)
      return commit
  }
  // A first commit that never came to be leaves nothing. Anything else was, or may have been, acknowledged: that is damage,
  // kept for a person.
  const written = size > offset && !(await isZero(file, offset, size))
  const later = commits.some((commit) => commit.sequence > 1)
  const whole = commits.some((commit) => offset + commit.end <= size)
  if (!later && !(written && (whole || unreadable > 0))) return null
  const damaged = new UnreadableSegment(`${basename(path)}: damaged rows`)
  damaged.rows = commits[0]?.rows ?? 0
  throw damaged
}

async function isZero(file: FileHandle, from: number, to: number): Promise<boolean> {
  const chunk = Buffer.alloc(1 << 16)
  for (let at = from; at < to; at += chunk.length) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, to - at), at)
    if (chunk.subarray(0, bytesRead).some((byte) => byte !== 0)) return false
  }
  return true
}

async function crcOf(file: FileHandle, from: number, to: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(Math.min(1 << 20, to - from))
  let crc = 0
  for (let at = from; at < to;) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, to - at), at)
    if (bytesRead === 0) return -1
    crc = crc32(chunk.subarray(0, bytesRead), crc)
    at += bytesRead
  }
  return crc
}

function encodeHeader(header: { table: string; columns: readonly string[]; created_ms: number }): Buffer {
  const line = (body: number) => Buffer.from(JSON.stringify({ format, ...header, body }))
  const body = Math.ceil((line(0).length + 16 + 2 * sector) / block) * block
  const bytes = Buffer.alloc(body)
  bytes.fill(0x20, 0, body - 2 * sector)
  line(body).copy(bytes)
  bytes[body - 2 * sector - 1] = 0x0a
  return bytes
}

const slotPosition = (offset: number, sequence: number) => offset - (2 - (sequence % 2)) * sector

function writeSlot(slot: Buffer, { sequence, start, end, rows, crc }: Commit): void {
  slot.writeUInt32LE(magic, 0)
  slot.writeUInt32LE(sequence, 4)
  slot.writeUInt32LE(rows, 8)
  slot.writeUInt32LE(crc, 12)
  slot.writeDoubleLE(start, 16)
  slot.writeDoubleLE(end, 24)
  slot.writeUInt32LE(crc32(slot.subarray(0, 32)), 32)
}

function readSlot(slot: Buffer): Commit | null {
  if (slot.readUInt32LE(0) !== magic || slot.readUInt32LE(32) !== crc32(slot.subarray(0, 32))) return null
  return {
    sequence: slot.readUInt32LE(4),
    rows: slot.readUInt32LE(8),
    crc: slot.readUInt32LE(12),
    start: slot.readDoubleLE(16),
    end: slot.readDoubleLE(24),
  }
}

const idOf = (path: string) => basename(path, segmentSuffix)

/** A write may be short, as when the disk fills up; the rest then fails with the reason. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
