import { copyFile, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { OpenSegment, recoverSegment, UnreadableSegment } from './segment.ts'
import { encoded, issue, temporaryDirectory } from './testing.ts'

let dir = ''
beforeEach(async () => {
  dir = await temporaryDirectory()
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const first = encoded([issue(1, 'first')])
const second = encoded([issue(2, 'second'), issue(3, '\n\n')])
const third = encoded([issue(4, 'x'.repeat(9000))])
const header = { table: 'ingest_issues', columns: ['timestamp', 'source'], created_ms: 1_760_000_000_000 }

async function written(...commits: [Buffer, number][]) {
  const directory = await open(dir, 'r')
  const segment = await OpenSegment.create(dir, directory, 'ingest_issues-1', header)
  for (const [bytes, rows] of commits) await segment.commit(bytes, rows)
  const sealed = await segment.seal()
  await directory.close()
  return sealed
}

const bodyOf = async (segment: { path: string; offset: number } | null) =>
  segment && (await readFile(segment.path)).subarray(segment.offset)

test('a sealed segment is its header and the rows, and is read back as it is', async () => {
  const sealed = await written([first, 1], [second, 2], [third, 1])
  expect(sealed).toMatchObject({ id: 'ingest_issues-1', rows: 4, ...header })
  expect(await bodyOf(sealed)).toEqual(Buffer.concat([first, second, third]))
  expect(await recoverSegment(sealed?.path ?? '')).toEqual(sealed)
})

test('a torn commit is cut, wherever it was torn, and only that one', async () => {
  const two = await written([first, 1], [second, 2])
  if (!two) throw new Error('no segment')
  await rm(join(dir, 'three'), { force: true })
  const kept = join(dir, 'kept.seg')
  await copyFile(two.path, kept)
  await rm(two.path)
  const three = await written([first, 1], [second, 2], [third, 1])
  if (!three) throw new Error('no segment')
  const before = await readFile(kept)
  const after = await readFile(three.path)
  const acknowledged = Buffer.concat([first, second])
  const start = two.bytes

  // Slots written or not, half written; rows written to any length, with and without the file's end being there.
  const torn = join(dir, 'torn.seg')
  const slots = [before.subarray(0, two.offset), after.subarray(0, three.offset)]
  const halfSlot = Buffer.from(slots[1] as Buffer)
  ;(slots[0] as Buffer).copy(halfSlot, two.offset - 512 + 20, two.offset - 512 + 20)
  for (const head of [...slots, halfSlot]) {
    for (const length of [0, 1, 100, third.length - 1, third.length]) {
      for (const zeros of [0, third.length - length]) {
        const whole = head === slots[1] && length === third.length
        await writeFile(torn, Buffer.concat([head, after.subarray(two.offset, start + length), Buffer.alloc(zeros)]))
        const recovered = await recoverSegment(torn)
        expect(await bodyOf(recovered)).toEqual(whole ? Buffer.concat([acknowledged, third]) : acknowledged)
        expect(recovered?.rows).toBe(whole ? 4 : 3)
        // What was cut stays cut: the second start sees the same.
        expect(await recoverSegment(torn)).toEqual(recovered)
      }
    }
  }
})

test('a segment whose first commit was torn holds nothing', async () => {
  const one = await written([third, 1])
  if (!one) throw new Error('no segment')
  for (const length of [one.bytes - 1, one.offset + 1, one.offset, one.offset - 600, 100, 0]) {
    await truncate(one.path, length)
    expect(await recoverSegment(one.path)).toBeNull()
  }
})

test('a segment without rows leaves no file', async () => {
  expect(await written()).toBeNull()
  await expect(stat(join(dir, 'ingest_issues-1.seg'))).rejects.toThrow('ENOENT')
})

test('what is damaged or of a newer format is not taken for empty', async () => {
  const sealed = await written([first, 1], [second, 2])
  const bytes = await readFile(sealed?.path ?? '')
  const broken = async (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(bytes)
    change(copy)
    const path = join(dir, 'broken.seg')
    await writeFile(path, copy)
    return recoverSegment(path)
  }
  await expect(broken((copy) => copy.write('{"format":2,', 0))).rejects.toThrow(UnreadableSegment)
  await expect(broken((copy) => copy.write('junk', 0))).rejects.toThrow(UnreadableSegment)
  // Both commits fail their check: an acknowledged one is gone, which a person must see.
  await expect(broken((copy) => copy.fill(0x55, sealed?.offset))).rejects.toThrow('damaged rows')
})

test('damage to rows before the last commit is found too', async () => {
  const sealed = await written([first, 1], [second, 2], [third, 1])
  const bytes = await readFile(sealed?.path ?? '')
  for (const at of [0, first.length - 1, first.length, first.length + second.length - 1]) {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8((sealed?.offset ?? 0) + at) ^ 1, (sealed?.offset ?? 0) + at)
    const path = join(dir, 'rotten.seg')
    await writeFile(path, copy)
    await expect(recoverSegment(path)).rejects.toThrow('damaged rows')
    // Nothing was cut from it.
    expect(await readFile(path)).toEqual(copy)
  }
})

test('the only commit, damaged: kept, unless nothing of it was ever written', async () => {
  const sealed = await written([third, 1])
  const bytes = await readFile(sealed?.path ?? '')
  const offset = sealed?.offset ?? 0
  const path = join(dir, 'only.seg')
  const changed = (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(bytes)
    change(copy)
    return writeFile(path, copy)
  }
  await changed((copy) => copy.fill(0x55, offset + 50, offset + 60))
  await expect(recoverSegment(path)).rejects.toThrow('damaged rows')
  // Both slots unreadable, the rows there.
  await changed((copy) => copy.fill(0x55, offset - 1024, offset))
  await expect(recoverSegment(path)).rejects.toThrow('damaged rows')
  // The file grew and the disk never wrote what it grew by.
  await changed((copy) => copy.fill(0, offset))
  expect(await recoverSegment(path)).toBeNull()
  // The rows were written before the slot was.
  await changed((copy) => copy.fill(0, offset - 1024, offset))
  expect(await recoverSegment(path)).toBeNull()
})

test('a torn header: nothing when it was never whole, else kept', async () => {
  const sealed = await written([first, 1])
  const bytes = await readFile(sealed?.path ?? '')
  const path = join(dir, 'header.seg')
  await writeFile(path, bytes.subarray(0, 60))
  expect(await recoverSegment(path)).toBeNull()
  await writeFile(path, Buffer.alloc(5000))
  expect(await recoverSegment(path)).toBeNull()
  await writeFile(path, Buffer.concat([Buffer.alloc(sealed?.offset ?? 0), bytes.subarray(sealed?.offset), second]))
  await expect(recoverSegment(path)).rejects.toThrow(UnreadableSegment)
  await writeFile(path, Buffer.concat([bytes.subarray(0, 30), Buffer.alloc(30), bytes.subarray(60)]))
  await expect(recoverSegment(path)).rejects.toThrow(UnreadableSegment)
})
