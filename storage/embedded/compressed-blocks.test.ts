/** ClickHouse's compressed blocks: those in the engine's own files are read, ours are read back, and clients send and get them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testStorage } from '../testing.ts'
import { cityHash128 } from './city-hash.ts'
import { packBlock, packBlocks } from './compressed-blocks.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { unpackBlocks } from './testing-blocks.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let password: string
beforeAll(async () => {
  storage = await testStorage()
  password = readFileSync(join(storage.data_dir, 'keys', 'writer'), 'utf8').trim()
})
afterAll(() => storage.stop())

const rows = 'SELECT toString(number % 1000 * number) AS a FROM numbers(100000)'

test("the engine's own files, of blocks of every size", async () => {
  const wide = 'ENGINE = MergeTree ORDER BY () SETTINGS min_bytes_for_wide_part = 0'
  const found = async (table: string, sql: string) => {
    await storage.db.command(`CREATE TABLE ${table} (n UInt64) ${wide}`)
    await storage.db.command(`INSERT INTO ${table} ${sql}`)
    const [row] = await storage.db.query<{ path: string }>(
      'SELECT path FROM system.parts WHERE table = {table:String} AND active',
      { table },
    )
    return unpackBlocks(readFileSync(join(row?.path ?? '', 'n.bin')))
  }
  for (const count of [1, 2, 3, 10, 16, 17, 40, 300, 100_000]) {
    const bytes = await found(`n${count}`, `SELECT number * number + 1 FROM numbers(${count})`)
    const expected = new BigUint64Array(Array.from({ length: count }, (_, n) => BigInt(n) ** 2n + 1n))
    expect([count, bytes.equals(Buffer.from(expected.buffer))]).toEqual([count, true])
  }
})

test('what is packed unpacks to the same, and shrinks where it repeats itself', async () => {
  let seed = 1
  const noise = (size: number) =>
    Buffer.from(Array.from({ length: size }, () => (seed = Math.imul(seed, 1103515245) + 12345) >>> 24))
  for (const size of [0, 1, 4, 12, 13, 14, 18, 19, 64, 255, 270, 271, 525, 4096, 65_536, 70_000, 200_000]) {
    const text = Buffer.from('INSERT INTO requests VALUES '.repeat(Math.ceil(size / 28))).subarray(0, size)
    for (const bytes of [noise(size), text, Buffer.alloc(size), Buffer.concat([noise(size), text, noise(9)])]) {
      expect(lz4Decompress(lz4Compress(bytes), bytes.length).equals(bytes)).toBe(true)
      expect((await unpackBlocks(packBlocks(bytes))).equals(bytes)).toBe(true)
    }
    expect(packBlocks(text).length).toBeLessThan(size / 20 + 150)
  }
})

test('every length has a hash of its own', () => {
  const bytes = Buffer.alloc(400, 'a')
  const hashes = Array.from({ length: 400 }, (_, length) => cityHash128(bytes.subarray(0, length)).join(' '))
  expect(new Set(hashes).size).toBe(400)
})

function send(query: Record<string, string>, body: Buffer<ArrayBuffer> | string) {
  const params = new URLSearchParams({ user: 'writer', password, ...query })
  return fetch(`${storage.url}/?${params}`, { method: 'POST', body })
}

describe('compress=1', () => {
  const ask = async (sql: string, query: Record<string, string> = {}) => {
    const response = await send({ compress: '1', ...query }, sql)
    expect(response.headers.get('content-encoding')).toBeNull()
    const bytes = Buffer.from(await response.arrayBuffer())
    return { status: response.status, bytes, text: (await unpackBlocks(bytes)).toString() }
  }

  test.each([
    ['short', 'SELECT 1', '1\n'],
    ['empty', 'SELECT 1 WHERE 0', ''],
  ])('a result that is %s', async (_, sql, text) => {
    expect(await ask(sql)).toMatchObject({ status: 200, text })
  })

  test.each([
    ['as it comes', { buffer_size: '100000' }],
    ['whole', {}],
    ['from disk', { buffer_size: '100000', wait_end_of_query: '1' }],
  ])('a long result %s', async (_, query) => {
    const plain = await (await send({}, rows)).text()
    const { bytes, text } = await ask(rows, query)
    expect(text === plain).toBe(true)
    expect(bytes.length).toBeLessThan(plain.length)
  })

  test('errors too, but not those of who asks', async () => {
    expect(await ask('SELECT * FROM nope')).toMatchObject({ status: 404, text: expect.stringMatching(/^Code: 60\. /) })
    const stranger = await send({ compress: '1', user: 'nobody' }, 'SELECT 1')
    expect([stranger.status, await stranger.text()]).toEqual([403, expect.stringMatching(/^Code: 516\. /)])
  })
})

describe('decompress=1', () => {
  test('a statement, and rows of an INSERT', async () => {
    expect(await (await send({ decompress: '1' }, packBlocks(Buffer.from('SELECT 1 + 1')))).text()).toBe('2\n')
    await storage.db.command('CREATE TABLE packed (n UInt64) ENGINE = MergeTree ORDER BY n')
    const numbers = Buffer.from(Array.from({ length: 50_000 }, (_, n) => `${n}\n`).join(''))
    const sent = await send({ decompress: '1', query: 'INSERT INTO packed FORMAT TSV' }, packBlocks(numbers))
    expect(sent.status).toBe(200)
    expect(await storage.db.query('SELECT toUInt32(count()) AS c, toUInt32(max(n)) AS m FROM packed')).toEqual([
      { c: 50_000, m: 49_999 },
    ])
  })

  const good = packBlock(Buffer.from('SELECT 1'))
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(good)
    bytes.writeUInt8(value, at)
    return bytes
  }
  test.each([
    ['no blocks', Buffer.from('SELECT 1 FROM numbers(10) WHERE 1'), 'a block is too large, or none'],
    ['a part of one', good.subarray(0, 20), 'the last block is not whole'],
    ['a changed byte', changed(good.length - 1, 0), 'a checksum does not match'],
    ['a changed checksum', changed(0, (good[0] ?? 0) ^ 1), 'a checksum does not match'],
    ['a size that nobody has', changed(24, 255), 'a block is too large, or none'],
  ])('%s', async (_, body, message) => {
    const response = await send({ decompress: '1' }, body)
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining(message)])
    const rows = await send({ decompress: '1', query: 'INSERT INTO packed FORMAT TSV' }, body)
    expect([rows.status, await rows.text()]).toEqual([500, expect.stringContaining(message)])
  })
})

test.each([
  ['literals beyond its end', [0xf0, 0xff]],
  ['a match before its beginning', [0x10, 1, 9, 0]],
  ['a match of no distance', [0x10, 1, 0, 0]],
  ['a match beyond its size', [0x1f, 1, 1, 0, 255, 255, 0]],
  ['less than its size', [0x10, 1]],
])('an LZ4 block with %s is refused', (_, bytes) => {
  expect(() => lz4Decompress(Buffer.from(bytes), 20)).toThrow(RangeError)
})
