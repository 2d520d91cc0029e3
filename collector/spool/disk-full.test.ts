import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
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
