import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { SpoolFull } from './index.ts'
import { encoded, issue, testSpool } from './testing.ts'

/** The kernel refuses writes beyond `ulimit -f`, in the middle of one, as a full disk does. */
test('a disk that takes no more: refused, nothing torn is left, and it goes on when there is room', async () => {
  const { dir, db, spool, restart, stop } = await testSpool()
  await spool.stop()
  const child = new URL('testing-limited.ts', import.meta.url).pathname
  const script = 'ulimit -f 64; exec "$0" "$1" "$2"'
  const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, child, dir])
  const answers = JSON.parse(stdout) as string[]
  // Six rows fit into a file of 64 KiB; the seventh is refused, and the next opens a new one.
  expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => (i % 7 === 6 ? 'full' : 'taken')))

  const taken = answers.flatMap((answer, i) => (answer === 'taken' ? [issue(i, 'x'.repeat(10_000))] : []))
  const next = await restart()
  await next.drained()
  expect(db.bodies()).toEqual(encoded(taken))
  await stop()
})

test('the spool leaves ClickHouse the room that emptying it takes', async () => {
  const space = { free: 10 * 2 ** 30, total: 100 * 2 ** 30 }
  const config = { segment_bytes: 8 * 2 ** 20, segment_ms: 20 }
  const { db, spool, stop } = await testSpool(config, { space: () => Promise.resolve(space) })
  db.fail = () => new Error('Cannot reserve 1.00 MiB, not enough space')
  await spool.append({ ingest_issues: [issue(1)] })

  space.free = 31 * 2 ** 20
  await expect.poll(() => spool.stats().no_room).toMatch(/^the disk has 31 MiB left and ClickHouse needs 32 MiB/)
  await expect(spool.append({ ingest_issues: [issue(2)] })).rejects.toThrow(SpoolFull)
  // What was taken before still goes in.
  db.fail = () => null
  await spool.drained()
  expect(db.bodies()).toEqual(encoded([issue(1)]))

  space.free = 33 * 2 ** 20
  await expect.poll(() => spool.stats().no_room).toBe('')
  expect(spool.stats().last_refusal).toMatch(/^the disk has 31 MiB left/)
  await spool.append({ ingest_issues: [issue(2)] })
  await spool.drained()
  expect(db.bodies()).toEqual(encoded([issue(1), issue(2)]))
  await stop()
})
