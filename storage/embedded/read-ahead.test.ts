import { randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ReadAhead } from './read-ahead.ts'
import { PipePool, type ResultPipe } from './result-pipe.ts'

const directory = mkdtempSync(join(tmpdir(), 'inferwatch-read-ahead-'))
let pool: PipePool | null
beforeAll(async () => {
  pool = await PipePool.open(directory)
})
afterAll(() => rmSync(directory, { recursive: true }))

/** A pipe that is read, and its other end. */
async function opened() {
  if (!pool) throw new Error('this system has no mkfifo')
  const pipe = await pool.take()
  const reader = pipe.open()
  return { pipe, reader, writer: createWriteStream(pipe.path) }
}

/** As the engine's end of a query that is done. */
function finish(pipe: ResultPipe, writer: ReturnType<typeof createWriteStream>): void {
  writer.end(() => pipe.hangUp())
}

async function slowly(reader: ReadAhead): Promise<Buffer> {
  const blocks: Buffer[] = []
  for await (const { bytes } of reader.blocks()) {
    for (let turns = 0; turns < 20; turns++) await turn()
    blocks.push(bytes)
  }
  return Buffer.concat(blocks)
}

/** Each block is the pool's again before the next is asked for. */
async function freeing(reader: ReadAhead): Promise<Buffer> {
  const copies: Buffer[] = []
  for await (const { bytes, free } of reader.blocks()) {
    copies.push(Buffer.from(bytes))
    free()
    free()
  }
  return Buffer.concat(copies)
}

describe.skipIf(process.platform === 'win32')('a pipe read ahead', () => {
  test.each([0, 1, 64 * 1024, 64 * 1024 + 1, 5_000_001])('gives %d bytes as they were', async (size) => {
    const bytes = randomBytes(size)
    for (const take of [slowly, freeing, slowly]) {
      const { pipe, reader, writer } = await opened()
      writer.write(bytes)
      finish(pipe, writer)
      expect((await take(reader)).equals(bytes)).toBe(true)
    }
  })

  test('uses what was freed again, and nothing else', async () => {
    const blocks = new Set<ArrayBufferLike>()
    for (let round = 0; round < 3; round++) {
      const { pipe, reader, writer } = await opened()
      writer.write(Buffer.alloc(1000, round))
      finish(pipe, writer)
      for await (const { bytes, free } of reader.blocks()) {
        expect(bytes.equals(Buffer.alloc(1000, round))).toBe(true)
        blocks.add(bytes.buffer)
        if (round > 0) free()
      }
    }
    expect(blocks.size).toBe(2)
  })

  test('holds its writer back where nobody takes, and goes on when somebody does', async () => {
    const { pipe, reader, writer } = await opened()
    const piece = Buffer.alloc(32 * 1024)
    let [written, before] = [0, -1]
    const more = () => {
      writer.write(piece, () => {
        written += piece.length
        if (written < 8e6) more()
        else finish(pipe, writer)
      })
    }
    more()
    await vi.waitUntil(
      () => {
        const stands = written > 500_000 && written === before
        before = written
        return stands
      },
      { interval: 200, timeout: 60_000 },
    )
    expect(written).toBeLessThan(2e6)
    expect((await slowly(reader)).length).toBe(written)
    expect(written).toBeGreaterThan(8e6 - 1)
  })

  test('reads on when what comes is dropped, so that its writer can end', async () => {
    const { pipe, reader, writer } = await opened()
    const blocks = reader.blocks()
    writer.write(Buffer.alloc(3_000_000))
    expect((await blocks.next()).done).toBe(false)
    reader.drop()
    expect((await blocks.next()).done).toBe(true)
    await new Promise<void>((resolve) => writer.write(Buffer.alloc(3_000_000), () => resolve()))
    finish(pipe, writer)
  })
})
