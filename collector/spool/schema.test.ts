/** Segments of other versions of the product: their columns are those of the version that wrote them. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RowBinaryWriter } from '../../storage/rowbinary.ts'
import { testStorage } from '../../storage/testing.ts'
import { startSpool } from './index.ts'
import { OpenSegment } from './segment.ts'
import { silent, temporaryDirectory } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

/** A sealed segment with one row, as a version with these columns left it. */
async function left(dir: string, columns: readonly string[]): Promise<void> {
  const writer = new RowBinaryWriter()
  writer.i64(1_790_000_000_000_000)
  for (const name of columns.slice(1)) writer.text(`${name} of then`)
  const directory = await open(dir, 'r')
  const header = { table: 'requests', columns, created_ms: 1_790_000_000_000 }
  const segment = await OpenSegment.create(dir, directory, `requests-${columns.join('-')}`, header)
  await segment.commit(writer.take(), 1)
  await segment.seal()
  await directory.close()
}

test('of an older version: in, with the defaults of later columns; of a newer one: kept, counted', async () => {
  const dir = await temporaryDirectory()
  await left(dir, ['timestamp', 'trace_id', 'span_id', 'model'])
  await left(dir, ['timestamp', 'trace_id', 'a_column_of_tomorrow'])
  const rejected: unknown[] = []
  const spool = await startSpool({
    dir,
    db: storage.db,
    log: silent,
    config: { max_bytes: 2 ** 30, segment_bytes: 2 ** 20, segment_ms: 50 },
    onRejected: (reason, rows) => rejected.push([reason, rows]),
  })
  await spool.drained()
  expect(await storage.db.query('SELECT trace_id, model, role, is_deleted FROM requests')).toEqual([
    { trace_id: 'trace_id of then', model: 'model of then', role: 'client', is_deleted: 0 },
  ])
  expect(rejected).toEqual([['segment_rejected', 1]])
  expect(await readdir(join(dir, 'rejected'))).toEqual(['requests-timestamp-trace_id-a_column_of_tomorrow.seg'])
  await spool.stop()
})
