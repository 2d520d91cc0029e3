/** `npm run sql-fuzz -- [count] [seed]`: 50,000 statements of a reader that tries to get out, unless said. */
import { sqlFuzz } from './fuzz.ts'

const count = Number(process.argv[2] ?? 50_000)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
process.stderr.write(`seed ${seed}\n`)
const started = performance.now()
const report = await sqlFuzz({
  count,
  seed,
  onProgress: (sent) => sent % 500 === 0 && process.stderr.write(`\r${sent} of ${count}`),
})
process.stderr.write('\n')
const seconds = Math.round((performance.now() - started) / 1000)
process.stdout.write(`${JSON.stringify({ ...report, seconds }, null, 2)}\n`)
if (report.failures.length > 0) process.exitCode = 1
