/**
 * The dashboard's and the analysts' questions over a month of requests on disk, against what each may take, and the HTTP endpoint
 * against the engine in process: `npm run bench -- query [rows] [rounds]`. 100,000,000 rows is the form that aims are for; it takes
 * 25 GB below TMPDIR, all of which is removed. Query caches are off, or the second round would measure them.
 */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../storage/client.ts'
import type { Storage } from '../storage/index.ts'
import { testStorage } from '../storage/testing.ts'
import { compareEndpoint } from './support/endpoint-overhead.ts'
import { questions, ranges, type Example, type Question, type RangeName } from './support/questions.ts'
import { percentiles } from './support/rounds.ts'
import { loadMonth, models, month, users } from './support/synthetic-month.ts'

const [rows = 1_000_000, most = 20] = process.argv.slice(3, 5).map(Number)
const rounds = { most, budgetMs: 10_000 }
const bytesPerRow = 250

const folder = mkdtempSync(join(tmpdir(), 'inferwatch-bench-query-'))
let storage: Awaited<ReturnType<typeof testStorage>> | null = null
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void cleanUp().then(() => process.exit(1))
  })
try {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < rows * bytesPerRow)
    throw new Error(`${folder}: ${rows * bytesPerRow} bytes are needed, ${bavail * bsize} are free: set TMPDIR`)
  storage = await testStorage({ data_dir: folder })
  const to = Date.now()
  await loadMonth(storage.db, rows, to, progress)
  const rollupsFrom = performance.now()
  await storage.rollups.flush()
  progress(`rollups filled in ${((performance.now() - rollupsFrom) / 1000).toFixed(0)} s more`)
  await settled(storage.db)
  print(
    `${rows.toLocaleString('en')} requests over 30 d, ${models} models, ${users.toLocaleString('en')} users, evenly spread; `,
  )
  print(
    `${cpus().length} × ${cpus()[0]?.model}. ms of at most ${most} rounds after one that warms up, query caches off.`,
  )
  print('\n| stored | rows | bytes a row | MB |\n|---|---|---|---|')
  for (const line of await sizes(storage.db)) print(line)
  print('\n| | question | range | p50 | p95 | aim | |\n|---|---|---|---|---|---|---|')
  const tally = { met: 0, missed: 0 }
  const example = await exampleOf(storage.db)
  for (const question of questions) await answer(uncached(storage.db), question, to, example, tally)
  print(`\n${tally.met} aims of ${tally.met + tally.missed} are met.`)
  await endpoint(storage, to)
} finally {
  await cleanUp()
}

async function answer(
  db: Db,
  question: Question,
  to: number,
  example: Example,
  tally: { met: number; missed: number },
) {
  const { group, name, ask, aims, over = Object.keys(ranges) as RangeName[] } = question
  for (const range of over) {
    const asked = { from: to - ranges[range], to }
    const { p50, p95 } = await percentiles(() => ask(db, asked, example), rounds)
    const aim = aims[range]
    if (aim !== undefined) tally[p95 <= aim ? 'met' : 'missed'] += 1
    const verdict = aim === undefined ? '' : p95 <= aim ? 'met' : `missed, ${(p95 / aim).toFixed(1)} ×`
    print(`| ${group} | ${name} | ${range} | ${p50.toFixed(1)} | ${p95.toFixed(1)} | ${aim ?? ''} | ${verdict} |`)
  }
}

async function endpoint(running: Storage, to: number): Promise<void> {
  const lines = await compareEndpoint(running, folder, to, rounds)
  const aim = 1.2
  print('\n| HTTP endpoint, as reader | over HTTP, p50 | in process, p50 | ratio | aim | |\n|---|---|---|---|---|---|')
  for (const { name, http, engine } of lines) {
    const ratio = http.p50 / engine.p50
    const verdict = ratio <= aim ? 'met' : `missed by ${(http.p50 - engine.p50).toFixed(1)} ms`
    print(`| ${name} | ${http.p50.toFixed(1)} | ${engine.p50.toFixed(1)} | ${ratio.toFixed(2)} | ${aim} | ${verdict} |`)
  }
}

/** In the table of a month, one in its middle. */
async function exampleOf(db: Db): Promise<Example> {
  const newest = (table: string, columns: string) =>
    db.query<Record<string, string>>(
      `SELECT ${columns} FROM ${table} WHERE timestamp < {at:DateTime64(3)} ORDER BY timestamp DESC LIMIT 1`,
      { at: new Date(Date.now() - month / 10) },
    )
  const [[request], [span]] = await Promise.all([newest('requests', 'trace_id, span_id'), newest('spans', 'trace_id')])
  return { trace_id: request?.trace_id ?? '', span_id: request?.span_id ?? '', spans_trace_id: span?.trace_id ?? '' }
}

async function sizes(db: Db): Promise<string[]> {
  const parts = await db.query<{ name: string; stored: number; bytes: number }>(
    `SELECT table AS name, sum(rows) AS stored, sum(bytes_on_disk) AS bytes FROM system.parts
    WHERE active AND database = currentDatabase() GROUP BY table HAVING stored >= 1000 ORDER BY bytes DESC`,
  )
  return parts.map(
    ({ name, stored, bytes }) =>
      `| ${name} | ${stored.toLocaleString('en')} | ${(bytes / stored).toFixed(1)} | ${(bytes / 1e6).toFixed(1)} |`,
  )
}

/** Merges of what was just loaded would be measured too. They may take as long as the loading did. */
async function settled(db: Db): Promise<void> {
  const begun = performance.now()
  for (let quiet = 0; quiet < 3 && performance.now() - begun < 30 * 60_000;) {
    const [row] = await db.query<{ merges: number }>('SELECT count() AS merges FROM system.merges')
    quiet = row?.merges === 0 ? quiet + 1 : 0
    await sleep(1000)
  }
  progress(`merges done in ${((performance.now() - begun) / 1000).toFixed(0)} s more`)
}

/** The same database with the engine's caches of conditions and results off, and as many threads as a reader gets. */
function uncached(db: Db): Db {
  const settings = { use_query_condition_cache: 0, use_query_cache: 0, max_threads: 2 }
  const query: Db['query'] = (sql, params, options) =>
    db.query(sql, params, { ...options, settings: { ...options?.settings, ...settings } })
  return { ...db, query }
}

async function cleanUp(): Promise<void> {
  await storage?.stop()
  rmSync(folder, { recursive: true, force: true })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
