import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Span } from '../../records/span.ts'
import { tables } from '../../storage/tables.ts'
import { SpoolFull, startSpool } from './index.ts'
import { encoded, issue, RecordingDb, silent, testSpool, type TestSpool } from './testing.ts'

const refused = (retryable: boolean) => Object.assign(new Error('Code: 53. Type mismatch'), { retryable })
const files = async (dir: string) => (await readdir(dir)).filter((name) => name.endsWith('.seg'))

const open: TestSpool[] = []
async function start(...args: Parameters<typeof testSpool>) {
  const spool = await testSpool(...args)
  open.push(spool)
  return spool
}
afterEach(async () => {
  for (const spool of open.splice(0)) await spool.stop()
})

test('rows are on disk when append resolves, in ClickHouse when drained, and then no longer on disk', async () => {
  const { spool, db, dir } = await start({ segment_ms: 60_000 })
  await spool.append({ ingest_issues: [issue(1), issue(2)] })
  const [name = ''] = await files(dir)
  const file = await readFile(join(dir, name))
  expect(file.subarray(file.length - encoded([issue(1), issue(2)]).length)).toEqual(encoded([issue(1), issue(2)]))
  expect(db.inserts).toEqual([])

  await spool.drained()
  expect(db.inserts).toEqual([
    {
      table: 'ingest_issues',
      columns: tables.ingest_issues.columns.map((column) => column.name),
      body: encoded([issue(1), issue(2)]),
      token: name.replace('.seg', ''),
    },
  ])
  expect(await files(dir)).toEqual([])
  expect(spool.stats()).toMatchObject({ bytes: 0, segments: 0, oldest_ms: null, inserted: { ingest_issues: 2 } })
})

test('a segment is sealed by age without anybody asking', async () => {
  const { spool, db } = await start()
  await spool.append({ ingest_issues: [issue(1)] })
  await expect.poll(() => db.inserts).toHaveLength(1)
})

test('a segment comes of age whatever the clock does', async () => {
  let now = 1_760_000_000_000
  const { spool, db } = await start({ segment_ms: 100 }, { clock: () => (now -= 3_600_000) })
  db.fail = () => refused(true)
  await spool.append({ ingest_issues: [issue(1)] })
  expect(spool.stats().oldest_ms).toBe(0)
  db.fail = () => null
  await expect.poll(() => db.inserts).toHaveLength(1)
  now = 4_000_000_000_000
  await spool.append({ ingest_issues: [issue(2)] })
  await expect.poll(() => db.inserts).toHaveLength(2)
  expect(new Set(db.tries).size).toBe(2)
})

test('a segment is sealed at its size', async () => {
  const { spool, db } = await start({ segment_bytes: 10_000, segment_ms: 60_000 })
  for (let i = 0; i < 10; i++) await spool.append({ ingest_issues: [issue(i, 'x'.repeat(6000))] })
  await expect.poll(() => db.inserts).toHaveLength(5)
})

test('concurrent appends share commits and arrive in order, once', async () => {
  const { spool, db } = await start({ segment_ms: 60_000 })
  const rows = Array.from({ length: 500 }, (_, i) => issue(i))
  await Promise.all(rows.map((row) => spool.append({ ingest_issues: [row] })))
  await spool.drained()
  expect(db.bodies()).toEqual(encoded(rows))
})

test('one append over several tables', async () => {
  const { spool, db } = await start()
  const sample = { timestamp: 1, target: 't', name: 'n', labels: new Map(), value: 1 }
  await spool.append({ ingest_issues: [issue(1)], metric_samples: [sample], spans: [] })
  await spool.drained()
  expect(db.inserts.map((insert) => insert.table).sort()).toEqual(['ingest_issues', 'metric_samples'])
})

test('a malformed row leaves nothing of its batch behind', async () => {
  const { spool, db } = await start()
  const broken = { name: 'span' } as unknown as Span
  await expect(spool.append({ ingest_issues: [issue(1)], spans: [broken] })).rejects.toThrow(TypeError)
  await spool.append({ ingest_issues: [issue(2)] })
  await spool.drained()
  expect(db.bodies()).toEqual(encoded([issue(2)]))
  expect(db.bodies('spans')).toEqual(Buffer.alloc(0))
})

describe('ClickHouse down', () => {
  test('segments wait, then go in with the token of the first try', async () => {
    const { spool, db } = await start()
    db.fail = () => new Error('connect ECONNREFUSED')
    await spool.append({ ingest_issues: [issue(1)] })
    await expect.poll(() => spool.stats()).toMatchObject({ segments: 1, reason: 'connect ECONNREFUSED' })
    db.fail = () => null
    await spool.drained()
    expect(db.bodies()).toEqual(encoded([issue(1)]))
    expect(new Set(db.tries).size).toBe(1)
    expect(spool.stats().reason).toBe('')
  })

  test('appends are refused at the limit, and taken again when there is room', async () => {
    const { spool, db } = await start({ max_bytes: 30_000, segment_bytes: 5_000 })
    db.fail = () => refused(true)
    const row = () => issue(1, 'x'.repeat(4000))
    let taken = 0
    const full = async () => {
      for (; taken < 100; taken++) await spool.append({ ingest_issues: [row()] })
    }
    await expect(full()).rejects.toThrow(SpoolFull)
    expect(taken).toBeGreaterThan(2)
    expect(spool.stats()).toMatchObject({ refused: 1 })
    expect(spool.stats().bytes).toBeLessThanOrEqual(30_000)
    db.fail = () => null
    await spool.drained()
    await spool.append({ ingest_issues: [row()] })
    await spool.drained()
    expect(db.bodies()).toEqual(encoded(Array.from({ length: taken + 1 }, row)))
  })

  test('a table that is refused holds no other up', async () => {
    const { spool, db } = await start()
    db.fail = (table) => (table === 'ingest_issues' ? refused(true) : null)
    const sample = { timestamp: 1, target: 't', name: 'n', labels: new Map(), value: 1 }
    await spool.append({ ingest_issues: [issue(1)], metric_samples: [sample] })
    await expect.poll(() => db.inserts.map((insert) => insert.table)).toEqual(['metric_samples'])
  })
})

test('a segment that ClickHouse refuses for good is kept aside, counted and told of', async () => {
  const rejected: unknown[] = []
  const { spool, db, dir } = await start({}, { onRejected: (...args) => rejected.push(args) })
  db.fail = () => refused(false)
  await spool.append({ ingest_issues: [issue(1), issue(2)] })
  await spool.drained()
  db.fail = () => null
  await spool.append({ ingest_issues: [issue(3)] })
  await spool.drained()
  expect(db.bodies()).toEqual(encoded([issue(3)]))
  expect(await readdir(join(dir, 'rejected'))).toHaveLength(1)
  expect(rejected).toEqual([['segment_rejected', 2, 'ingest_issues: Code: 53. Type mismatch']])
  expect(spool.stats()).toMatchObject({ rejected_segments: 1, segments: 0 })
  expect(spool.stats().bytes).toBeGreaterThan(0)
})

test('stop leaves on disk what cannot be inserted, and the next start inserts it', async () => {
  const { spool, db, restart, dir } = await start()
  db.fail = () => refused(true)
  await spool.append({ ingest_issues: [issue(1)] })
  await Promise.all([spool.append({ ingest_issues: [issue(2)] }), spool.stop(0)])
  await expect(spool.append({ ingest_issues: [issue(3)] })).rejects.toThrow(SpoolFull)
  expect(await files(dir)).not.toEqual([])
  db.fail = () => null
  const next = await restart()
  await next.drained()
  expect(db.bodies()).toEqual(encoded([issue(1), issue(2)]))
  expect(await files(dir)).toEqual([])
})

test('rows that rotted on disk are kept aside, counted and told of', async () => {
  const { spool, db, restart, dir } = await start()
  db.fail = () => refused(true)
  // In one segment, however slow the machine is.
  await spool.append({ ingest_issues: [1, 2, 3].map((items) => issue(items, 'x'.repeat(50))) })
  await spool.stop(0)
  const [name = ''] = await files(dir)
  const bytes = await readFile(join(dir, name))
  await writeFile(join(dir, name), bytes.fill(0x79, bytes.length - 200, bytes.length - 190))
  db.fail = () => null
  const rejected: unknown[] = []
  const next = await restart({ onRejected: (reason, rows) => rejected.push([reason, rows]) })
  await next.drained()
  expect(db.inserts).toEqual([])
  expect(rejected).toEqual([['segment_damaged', 3]])
  expect(next.stats().rejected_segments).toBe(1)
  expect(await readFile(join(dir, 'rejected', name))).toEqual(bytes)
})

test('a damaged file of a former run is kept aside, the others are replayed', async () => {
  const { spool, db, restart, dir } = await start()
  db.fail = () => refused(true)
  await spool.append({ ingest_issues: [issue(1)] })
  await spool.stop(0)
  await writeFile(join(dir, 'spans-0.seg'), 'this is no segment\n')
  db.fail = () => null
  const next = await restart()
  await next.drained()
  expect(db.bodies()).toEqual(encoded([issue(1)]))
  expect(await readdir(join(dir, 'rejected'))).toEqual(['spans-0.seg'])
})

test('a segment that goes away while a start looks at what is there was inserted: nothing is wrong', async () => {
  const { spool, restart, dir } = await start()
  await spool.stop()
  // Listed, and not there.
  await symlink(join(dir, 'nowhere'), join(dir, 'spans-0.seg'))
  const next = await restart()
  expect(next.stats().rejected_segments).toBe(0)
})

test('a directory that cannot be used is told in one line', async () => {
  const { dir } = await start()
  await writeFile(join(dir, 'file'), '')
  const config = { max_bytes: 1, segment_bytes: 1, segment_ms: 1 }
  const starting = startSpool({ dir: join(dir, 'file', 'spool'), config, db: new RecordingDb(), log: silent })
  await expect(starting).rejects.toThrow(/spool is not writable \(ENOTDIR\)/)
})
