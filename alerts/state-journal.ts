/**
 * Room on the disk that is taken beforehand: state that the database has no room for is kept there, so that a restart knows what was
 * told. Where a file system writes nothing in place, it may have no room there either.
 */
import { createHash } from 'node:crypto'
import { constants, open, type FileHandle } from 'node:fs/promises'
import type { StateRows } from './row-writer.ts'

/** A row that waits: its kind, its key and itself. */
export type JournalEntry = [StateRows, string, object]

/** Some thousand groups. */
const roomBytes = 4 * 1024 * 1024
const headerBytes = 128

export class StateJournal {
  /** What the last process left. */
  readonly left: readonly JournalEntry[]
  readonly #file: FileHandle

  private constructor(file: FileHandle, left: readonly JournalEntry[]) {
    this.#file = file
    this.left = left
  }

  /** Takes the room, unless it was taken before. Rejects when there is none. */
  static async open(path: string): Promise<StateJournal> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT)
    try {
      const { size } = await file.stat()
      // What can't be read says nothing.
      const left = size < roomBytes ? [] : await read(file).catch(() => [])
      if (size < roomBytes) {
        await file.write(Buffer.alloc(roomBytes), 0, roomBytes, 0)
        await file.sync()
      }
      return new StateJournal(file, left)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** In place of what was written before; as many as there is room for. */
  async write(entries: readonly JournalEntry[]): Promise<void> {
    const lines: string[] = []
    let bytes = headerBytes
    for (const entry of entries) {
      const line = JSON.stringify(entry)
      bytes += Buffer.byteLength(line) + 1
      if (bytes > roomBytes) break
      lines.push(line)
    }
    const body = Buffer.from(lines.join('\n'))
    const header = Buffer.from(JSON.stringify({ bytes: body.length, sha256: sumOf(body) }).padEnd(headerBytes))
    const whole = Buffer.concat([header, body])
    await this.#file.write(whole, 0, whole.length, 0)
    await this.#file.datasync()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

const sumOf = (body: Buffer) => createHash('sha256').update(body).digest('hex')

/** Nothing where a write was cut off. */
async function read(file: FileHandle): Promise<JournalEntry[]> {
  const whole = Buffer.alloc(roomBytes)
  await file.read(whole, 0, roomBytes, 0)
  const header = whole.toString('utf8', 0, headerBytes).trim()
  const { bytes, sha256 } = JSON.parse(header) as { bytes: number; sha256: string }
  const body = whole.subarray(headerBytes, headerBytes + bytes)
  if (sumOf(body) !== sha256 || bytes === 0) return []
  return body
    .toString('utf8')
    .split('\n')
    .map((line) => {
      const [kind, key, row] = JSON.parse(line) as JournalEntry
      return [kind, key, withTimes(row)]
    })
}

/** Times were Dates; a text that reads like one stays as it was when it is written as JSON again. */
const withTimes = (row: object) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'string' && isoTime.test(value) ? new Date(value) : value,
    ]),
  )

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
