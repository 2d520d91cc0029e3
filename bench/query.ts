/**
 * The dashboard's questions over a month of requests, against the least that a scan of the same range can cost:
 * `npm run bench -- query [rows] [rounds]`. Query caches are off, or the second round would measure them.
 */
import { latencySeries } from '../storage/queries/latency.ts'
import { latestRequests } from '../storage/queries/requests.ts'
import { models } from '../storage/queries/models.ts'
import { overview } from '../storage/queries/overview.ts'
import { spendSeries } from '../storage/queries/spend.ts'
import { throughputSeries } from '../storage/queries/throughput.ts'
import type { Db } from '../storage/client.ts'
import type { TimeRange } from '../records/time-range.ts'
import { testStorage } from '../storage/testing.ts'

const [rows = 1_000_000, rounds = 5] = process.argv.slice(3, 5).map(Number)
const hour = 3_600_000
const ranges = { '1 h': hour, '24 h': 24 * hour, '30 d': 720 * hour }

const questions: Record<string, (db: Db, range: TimeRange) => Promise<unknown>> = {
  'scan: count, sum of dollars': (db, range) =>
    db.query(
      `select count(), sum(cost_usd) from requests
       where timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64})`,
      { ...range },
    ),
  overview: (db, range) => overview(db, {}, range),
  models: (db, range) => models(db, {}, range),
  'latency series': (db, range) => latencySeries(db, {}, range),
  'throughput series': (db, range) => throughputSeries(db, {}, range),
  'spend series': (db, range) => spendSeries(db, {}, range),
  'latest requests': (db, range) => latestRequests(db, {}, range, 50),
}

const storage = await testStorage()
try {
  const to = Date.now()
  await seed(storage.db, to)
  await storage.rollups.flush()
  process.stdout.write(
    `${rows.toLocaleString('en')} requests over 30 d; median ms of ${rounds} rounds, and the ratio to the scan\n\n`,
  )
  process.stdout.write(`| question | ${Object.keys(ranges).join(' | ')} |\n|---|---|---|---|\n`)
  const scans: number[] = []
  for (const [name, ask] of Object.entries(questions)) {
    const cells: string[] = []
    for (const [index, length] of Object.values(ranges).entries()) {
      const ms = await median(() => ask(uncached(storage.reader), { from: to - length, to }))
      scans[index] ??= ms
      cells.push(`${ms.toFixed(1)} (${(ms / (scans[index] ?? ms)).toFixed(1)})`)
    }
    process.stdout.write(`| ${name} | ${cells.join(' | ')} |\n`)
  }
} finally {
  await storage.stop()
}

/** Eight models, fifty users, log-normal latencies; more recent hours are busier, so that each range has its share. */
async function seed(db: Db, to: number): Promise<void> {
  await db.command(
    `insert into requests (timestamp, trace_id, span_id, duration_ms, ttft_ms, tpot_ms, streamed, service, environment, provider,
       model, operation, user_id, team, feature, input_tokens, output_tokens, status, finish_reason, cost_usd, cost_source, version)
     select fromUnixTimestamp64Milli(toInt64({to:Int64} - 2592000000 * pow((number + 0.5) / {rows:UInt64}, 2))),
       lower(hex(sipHash128(number))), lower(hex(sipHash64(number))),
       exp(6.5 + 0.8 * randNormal(0, 1)) as d, d * 0.2 as t, (d - t) / 200, true, 'bench', 'production',
       if(m < 4, 'openai', 'anthropic'), concat('model-', toString(number % 8 as m)), 'chat',
       concat('user-', toString(rand(1) % 50)), concat('team-', toString(rand(2) % 6)), concat('feature-', toString(rand(3) % 9)),
       rand(4) % 4000, rand(5) % 800, if(rand(6) % 100 < 2, 'error', 'ok'), 'stop', toDecimal64(rand(7) % 1000 / 100000, 12), 'catalogue', number
     from numbers({rows:UInt64})`,
    { to, rows },
  )
}

/** The same database with the engine's caches of conditions and results off. */
function uncached(db: Db): Db {
  const settings = { use_query_condition_cache: 0, use_query_cache: 0 }
  return { ...db, query: (sql, params, options) => db.query(sql, params, { ...options, settings }) }
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  // The first warms up.
  return times.slice(1).sort((a, b) => a - b)[rounds >> 1] ?? NaN
}
