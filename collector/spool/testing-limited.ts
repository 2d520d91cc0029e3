/** Test helper: a process that may write no large file appends rows, and prints for each whether it was taken. */
import { startSpool, SpoolFull } from './index.ts'
import { issue, RecordingDb, silent } from './testing.ts'

const db = new RecordingDb()
db.fail = () => new Error('down')
const config = { max_bytes: 2 ** 30, segment_bytes: 2 ** 30, segment_ms: 60_000 }
const spool = await startSpool({ dir: process.argv[2] ?? '', config, db, log: silent })
const answers: string[] = []
for (let i = 0; i < 20; i++) {
  const answer = await spool.append({ ingest_issues: [issue(i, 'x'.repeat(10_000))] }).then(
    () => 'taken',
    (error: unknown) => (error instanceof SpoolFull ? 'full' : String(error)),
  )
  answers.push(answer)
}
process.stdout.write(JSON.stringify(answers))
await spool.stop(0)
