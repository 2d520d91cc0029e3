/**
 * The dashboard's and the analysts' questions over a month of requests on disk, against what each may take, and the HTTP endpoint
 * against the engine in process: `npm run bench -- query --help`. 100,000,000 rows is the form that aims are for. Query caches are
 * off, or the second round would measure them.
 */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { Db } from '../storage/client.ts'
import type { Storage } from '../storage/index.ts'
import { testStorage } from '../storage/testing.ts'
import { compareEndpoint } from './support/endpoint-overhead.ts'
import { openMonth, type Month, type MonthFolder } from './support/month-folder.ts'
import { questions, ranges, type Example, type Question, type RangeName } from './support/questions.ts'
import { cpuSeconds } from './support/processes.ts'
import { percentiles, type Percentiles, type Rounds } from './support/rounds.ts'
import { rowsRead } from './support/rows-read.ts'
import { loadMonth, models, month, users } from './support/synthetic-month.ts'

interface Flags {
  rounds: number
  keep?: string
  data?: string
  only: string
}

const endpointGroup = 'HTTP endpoint'

const program = new Command('npm run bench -- query')
  .description(
    'ask every question of the dashboards over 30 days of synthetic requests, and say which are quick enough',
  )
  .argument('[rows]', 'requests to load; 100000000 is what the aims are for', count, 1_000_000)
  .option('--keep <folder>', 'load into this folder and leave it there')
  .option('--data <folder>', 'load nothing: measure what --keep left in this folder')
  .option('--rounds <number>', 'times that a question is asked, of those that are quick', count, 20)
  .option('--only <text>', `only questions whose group or name has this text; one group is "${endpointGroup}"`, '')
  .action((rows: number, flags: Flags) => run(rows, flags))

let storage: Awaited<ReturnType<typeof testStorage>> | null = null
let folder: MonthFolder | null = null
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void cleanUp().then(() => process.exit(1))
  })
try {
  await program.parseAsync(process.argv.slice(3), { from: 'user' })
} catch (error) {
  process.exitCode = 1
  progress(error instanceof Error ? error.message : String(error))
} finally {
  await cleanUp()
}

async function run(rows: number, flags: Flags): Promise<void> {
  const rounds = { most: flags.rounds, budgetMs: 10_000 }
  folder = openMonth({ rows, ...flags }, progress)
  storage = await testStorage({ data_dir: folder.path })
  const loaded = folder.loaded ?? (await load(storage, rows))
  folder.finished(loaded)
  await settled(storage.db)
  const size = `${loaded.rows.toLocaleString('en')} requests over 30 d, ${models} models, ${users.toLocaleString('en')} users`
  print(`${size}, evenly spread; ${cpus().length} × ${cpus()[0]?.model}.`)
  print(`ms of at most ${rounds.most} rounds after one that warms up, query caches off.`)
  print('\n| stored | rows | bytes a row | MB |\n|---|---|---|---|')
  for (const line of await sizes(storage.db)) print(line)
  const chosen = questions.filter(({ group, name }) => `${group} ${name}`.includes(flags.only))
  if (chosen.length > 0) {
    const { met, missed } = await answers(storage, chosen, loaded.to, rounds)
    print(`\n${met} aims of ${met + missed} are met.`)
  }
  if (endpointGroup.includes(flags.only)) await endpoint(storage, folder.path, loaded.to, rounds)
}

async function load({ db, rollups }: Storage, rows: number): Promise<Month> {
  const to = Date.now()
  await loadMonth(db, rows, to, progress)
  const begun = performance.now()
  const reporting = setInterval(() => {
    void rolledUp(db, to).then(progress, () => undefined)
  }, 10_000)
  try {
    await rollups.flush()
  } finally {
    clearInterval(reporting)
  }
  progress(`rollups filled in ${((performance.now() - begun) / 1000).toFixed(0)} s more`)
  return { rows, to }
}

/** Buckets are filled in the order of time, tier by tier. */
async function rolledUp(db: Db, to: number): Promise<string> {
  const day = (table: string) =>
    `(SELECT dateDiff('day', fromUnixTimestamp64Milli({from:Int64}, 'UTC'), max(timestamp)) FROM ${table})`
  const [row] = await db.query<{ minutes: number; hours: number }>(
    `SELECT ${day('requests_1m')} AS minutes, ${day('requests_1h')} AS hours`,
    { from: to - month },
  )
  const days = (value = 0) => `${Math.max(value, 0)} of 30 d`
  return `rollups: minutes ${days(row?.minutes)}, hours ${days(row?.hours)}`
}

async function answers(
  { db, reader, ...engine }: Storage,
  chosen: readonly Question[],
  to: number,
  rounds: Rounds,
): Promise<{ met: number; missed: number }> {
  const tally = { met: 0, missed: 0 }
  const example = await exampleOf(db, to)
  print('\n| | question | range | p50 | p95 | aim | met | CPU ms | rows read |\n|---|---|---|---|---|---|---|---|---|')
  for (const { group, name, ask, aims, over = Object.keys(ranges) as RangeName[] } of chosen)
    for (const range of over) {
      const asked = { from: to - ranges[range], to }
      const read = await rowsRead(reader, (counting) => ask(counting, asked, example))
      const { p50, p95, cpu_ms } = await timed(
        engine.enginePid() ?? process.pid,
        () => ask(uncached(db), asked, example),
        rounds,
      )
      const aim = aims[range]
      if (aim !== undefined) tally[p95 <= aim ? 'met' : 'missed'] += 1
      const verdict = aim === undefined ? '' : p95 <= aim ? 'yes' : `no, ${(p95 / aim).toFixed(1)} ×`
      const times = [p50.toFixed(1), p95.toFixed(1), aim ?? '', verdict, cpu_ms.toFixed(0)]
      const cells = [group, name, range, ...times, read.toLocaleString('en')]
      print(`| ${cells.join(' | ')} |`)
    }
  return tally
}

/** With the CPU that the engine used for one of them: on a machine that does other things, times alone say little. */
async function timed(
  pid: number,
  work: () => Promise<unknown>,
  rounds: Rounds,
): Promise<Percentiles & { cpu_ms: number }> {
  let asked = 0
  const before = cpuSeconds(pid)
  const times = await percentiles(() => {
    asked += 1
    return work()
  }, rounds)
  return { ...times, cpu_ms: ((cpuSeconds(pid) - before) * 1000) / asked }
}

/** Stops the storage. */
async function endpoint(running: Storage, dataDir: string, to: number, { most, budgetMs }: Rounds): Promise<void> {
  await running.stop()
  const lines = await compareEndpoint(dataDir, to, { most: most * 5, budgetMs })
  const aim = 1.2
  print(
    `\n| ${endpointGroup}, as reader | KB | p50 over HTTP | in process | ratio | aim | | over bare node:http | CPU ms over HTTP | in process | bare |`,
  )
  print(`|${'---|'.repeat(11)}`)
  for (const { name, bytes, http, engine, bare } of lines) {
    const ratio = http.p50 / engine.p50
    const verdict = ratio <= aim ? 'met' : `missed by ${(http.p50 - aim * engine.p50).toFixed(2)} ms`
    const times = [http.p50.toFixed(2), engine.p50.toFixed(2), ratio.toFixed(2), aim, verdict]
    const least = `${bare.p50.toFixed(2)}: ${(bare.p50 / engine.p50).toFixed(2)} ×`
    const cpu = [http, engine, bare].map(({ cpu_ms }) => cpu_ms.toFixed(2))
    print(`| ${[name, (bytes / 1000).toFixed(0), ...times, least, ...cpu].join(' | ')} |`)
  }
}

/** In the table of a month, one in its middle. */
async function exampleOf(db: Db, to: number): Promise<Example> {
  const newest = (table: string, columns: string) =>
    db.query<Record<string, string>>(
      `SELECT ${columns} FROM ${table} WHERE timestamp < {at:DateTime64(3)} ORDER BY timestamp DESC LIMIT 1`,
      { at: new Date(to - month / 10) },
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
  folder?.close()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0 is expected.')
  return value
}
