import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clickhouseConfig, retentionConfig } from './config.ts'
import { connectStorage, startStorage, type StorageOptions } from './index.ts'
import { StorageError } from './storage-error.ts'
import { testStorage, testStorageOptions } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

function asServer(change: Partial<StorageOptions> = {}): StorageOptions {
  const password = readFileSync(join(storage.data_dir, 'keys', 'writer'), 'utf8').trim()
  return {
    ...testStorageOptions(storage.data_dir),
    clickhouse: clickhouseConfig.parse({ url: storage.url, username: 'writer', password }),
    ...change,
  }
}

test('a second instance uses the first one’s engine over HTTP, with the same code', async () => {
  const second = await startStorage(asServer())
  try {
    expect(second.url).toBe(storage.url)
    expect(second.enginePid()).toBeUndefined()
    await second.db.insert('annotations', [{ id: 'a', timestamp: Date.now() * 1000, title: 'from the second' }])
    expect(await storage.db.query("SELECT title FROM annotations WHERE id = 'a'")).toEqual([
      { title: 'from the second' },
    ])
    expect(await second.reader.query('SELECT count() AS n FROM annotations')).toEqual([{ n: 1 }])
    for (let round = 0; round < 10; round++) {
      await expect(second.reader.query('INSERT INTO annotations (id) VALUES (1)')).rejects.toMatchObject({
        code: '164',
      })
      expect(await second.reader.query("SELECT count() AS n FROM annotations WHERE id = '1'")).toEqual([{ n: 0 }])
    }
    expect(await second.ready()).toEqual({ ok: true, reason: '' })
  } finally {
    await second.stop()
  }
  expect(await storage.ready()).toEqual({ ok: true, reason: '' })
})

test('a database of another name gets its own tables', async () => {
  const clickhouse = { ...asServer().clickhouse, database: 'elsewhere' }
  const second = await startStorage(asServer({ clickhouse }))
  await second.db.insert('annotations', [{ id: 'b', timestamp: 0, title: 'x' }])
  const where = "SELECT count() AS n FROM annotations WHERE id = 'b'"
  expect([await second.db.query(where), await storage.db.query(where)]).toEqual([[{ n: 1 }], [{ n: 0 }]])
  await second.stop()
})

test('retention follows the configuration, and only changes what differs', async () => {
  const read = async () => {
    const rows = await storage.db.query<{ name: string; ttl: string; at: string }>(
      `SELECT name, extract(engine_full, 'TTL (.*?)( SETTINGS |$)') AS ttl, metadata_modification_time AS at
      FROM system.tables WHERE database = currentDatabase() AND ttl != '' ORDER BY name`,
    )
    return new Map(rows.map((row) => [row.name, row]))
  }
  const before = await read()
  expect(before.get('requests')?.ttl).toBe('toDateTime(inserted_at) + toIntervalDay(90)')
  expect(before.get('requests_1h')?.ttl).toBe('toDateTime(inserted_at) + toIntervalDay(730)')
  const second = await startStorage(asServer({ retention: retentionConfig.parse({ spans_days: 0.5 }) }))
  await second.stop()
  const after = await read()
  for (const name of ['spans', 'log_events']) {
    expect(after.get(name)?.ttl).toBe('toDateTime(inserted_at) + toIntervalSecond(43200)')
    after.delete(name)
    before.delete(name)
  }
  expect(after).toEqual(before)
})

test('rows older than the retention stay: it counts from when they were stored', async () => {
  await storage.db.insert('requests', [{ timestamp: new Date(2001, 0, 1), trace_id: 'old', span_id: 's', version: 1 }])
  await storage.db.command('OPTIMIZE TABLE requests FINAL')
  expect(await storage.db.query("SELECT count() AS n FROM requests WHERE trace_id = 'old'")).toEqual([{ n: 1 }])
})

test('errors say whether to try again', async () => {
  const failed = async (work: Promise<unknown>) => {
    const error = await work.catch((error: unknown) => error)
    return error instanceof StorageError ? [error.code, error.retryable] : error
  }
  const { db } = storage
  expect(await failed(db.query('SELECT * FROM nope'))).toEqual(['60', false])
  expect(await failed(db.query('SELECT sum(number) FROM numbers(1e12)', {}, { max_execution_s: 1 }))).toEqual([
    '159',
    true,
  ])
  expect(await failed(db.insertRowBinary('requests', ['model'], { path: '/nowhere', offset: 0 }, 't'))).toEqual([
    'ENOENT',
    false,
  ])
  expect(await failed(db.insertRowBinary('requests', ['model'], Buffer.from([200, 1]), 't'))).toEqual(['33', false])
  const stopped = new AbortController()
  const query = failed(db.query('SELECT sum(number) FROM numbers(1e12)', {}, { signal: stopped.signal }))
  stopped.abort()
  expect(await query).toEqual(['ABORTED', false])
  const nowhere = connectStorage({ ...asServer(), url: 'http://127.0.0.1:1' })
  const path = join(storage.data_dir, 'body')
  writeFileSync(path, Buffer.alloc(1e6))
  const files = () => readdirSync('/proc/self/fd').length
  const before = files()
  for (let round = 0; round < 20; round++) {
    const work = nowhere.db.insertRowBinary('requests', ['model'], { path, offset: 0 }, 't')
    expect(await failed(work)).toEqual(['ECONNREFUSED', true])
  }
  await expect.poll(files).toBeLessThan(before + 5)
  await nowhere.stop()
  const options = asServer({ clickhouse: clickhouseConfig.parse({ url: 'http://127.0.0.1:1' }) })
  expect(await failed(startStorage(options))).toEqual(['ECONNREFUSED', true])
  const wrong = asServer({ clickhouse: { ...asServer().clickhouse, password: 'no' } })
  expect(await failed(startStorage(wrong))).toEqual(['516', true])
})

test('the same token a second time inserts nothing, also from a file', async () => {
  const count = async () => (await storage.db.query("SELECT count() AS n FROM requests WHERE model = 'm'"))[0]
  const body = Buffer.from([1, 109])
  for (let i = 0; i < 3; i++) await storage.db.insertRowBinary('requests', ['model'], body, 'same')
  expect(await count()).toEqual({ n: 1 })
  const path = join(storage.data_dir, 'segment')
  writeFileSync(path, Buffer.concat([Buffer.from('header'), body]))
  for (let i = 0; i < 3; i++) await storage.db.insertRowBinary('requests', ['model'], { path, offset: 6 }, 'of a file')
  const [row] = await storage.db.query(
    "SELECT count() AS n FROM requests WHERE model = 'm'",
    {},
    { settings: { final: 0 } },
  )
  expect(row).toEqual({ n: 2 })
})

test('rows that replace each other are read once, also when they came in one body', async () => {
  const row = { timestamp: new Date(0), trace_id: 'twice', span_id: 's' }
  await storage.db.insert('requests', [
    { ...row, model: 'newer', version: 2 },
    { ...row, model: 'older', version: 1 },
  ])
  expect(await storage.db.query("SELECT model FROM requests WHERE trace_id = 'twice'")).toEqual([{ model: 'newer' }])
})
