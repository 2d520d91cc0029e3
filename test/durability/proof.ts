/**
 * kill -9 under mixed load, with the storage going away and coming back: every acked span is there exactly once, `requests`
 * is what the acked spans say, and the rollups equal a recount of the raw rows. `npm run durability` breaks it 500 times;
 * `npm test` a few.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from '../support/instance.ts'
import { expectedRequests, type ExpectedRow, type SentSpan } from './expected.ts'
import { startLoad } from './load.ts'
import { schedule, type Fault, type FaultKind } from './schedule.ts'

export interface Proof {
  seed: number
  faults: Partial<Record<FaultKind, number>>
  acked: number
  /** Batches sent twice on purpose. */
  resent: number
  spans: Difference
  requests: Difference
  rollupsEqual: boolean
}

export interface Difference {
  missing: number
  /** Stored more than once, as readers see it. */
  duplicated: number
  /** There, and expected to be elsewhere or nowhere. */
  unexpected: number
  /** There, with other token counts. */
  wrong: number
}

interface Options {
  faults: number
  seed: number
  /** Between two faults, a random time up to this. */
  maxPauseMs?: number
  onFault?: (done: number, kind: FaultKind) => void
}

/** Runs one proof on a data directory of its own. Throws when the product does not come back. */
export async function proveDurability({
  faults,
  seed,
  maxPauseMs = 1500,
  onFault = () => {},
}: Options): Promise<Proof> {
  const folder = instanceFolder({ alerts: { shipped_rules: false } })
  let instance = await startInstance(folder)
  let keptFolder: string | null = folder
  const load = startLoad(() => instance.urls.otlp_http, seed)
  const done: Partial<Record<FaultKind, number>> = {}
  try {
    for (const [index, fault] of schedule(seed, faults, maxPauseMs).entries()) {
      await sleep(fault.afterMs)
      instance = await breakIt(instance, fault)
      done[fault.kind] = (done[fault.kind] ?? 0) + 1
      onFault(index + 1, fault.kind)
    }
    await sleep(500)
    await load.finish()
    const proof = {
      seed,
      faults: done,
      acked: load.acked.length,
      resent: load.resent,
      ...(await compareStored(instance, load.acked)),
      rollupsEqual: await rollupsEqual(instance),
    }
    // A failure is worth a look at what is on disk.
    if (isProven(proof)) keptFolder = null
    return proof
  } finally {
    await load.abandon()
    await instance.stop()
    if (keptFolder === null) removeFolder(folder)
    else process.stderr.write(`kept for inspection: ${keptFolder}\n${instance.output()}\n`)
  }
}

export function isProven({ spans, requests, rollupsEqual }: Proof): boolean {
  return rollupsEqual && [spans, requests].every(isNone)
}

/** Resolves with the instance that runs when it is over. */
async function breakIt(instance: Instance, { kind, forMs }: Fault): Promise<Instance> {
  if (kind === 'collector') {
    instance.kill('SIGKILL')
    await instance.exited
    return startInstance(instance.folder)
  }
  const pid = await eventually('the engine runs', () => Promise.resolve(instance.enginePid()))
  if (kind === 'stop') {
    process.kill(pid, 'SIGSTOP')
    await sleep(forMs)
    process.kill(pid, 'SIGCONT')
    return instance
  }
  process.kill(pid, 'SIGKILL')
  if (kind === 'away') await keepAway(instance, forMs)
  await eventually('the engine was restarted', () => {
    const now = instance.enginePid()
    return Promise.resolve(now !== null && now !== pid ? now : null)
  })
  return instance
}

/** Kills each engine that the supervisor starts meanwhile. */
async function keepAway(instance: Instance, forMs: number): Promise<void> {
  const end = Date.now() + forMs
  while (Date.now() < end) {
    const pid = instance.enginePid()
    if (pid !== null) process.kill(pid, 'SIGKILL')
    await sleep(100)
  }
}

/** Of what is there once the spool is empty. */
export async function compareStored(
  instance: Instance,
  acked: readonly SentSpan[],
): Promise<Pick<Proof, 'spans' | 'requests'>> {
  await eventually(
    'the spool is empty',
    async () => {
      const metrics = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
      const bytes = /^inferwatch_spool_bytes(?:\{[^}]*\})? (\S+)$/m.exec(metrics)
      return bytes !== null && Number(bytes[1]) === 0 ? true : null
    },
    240_000,
  )
  const plain = (span: SentSpan): ExpectedRow => ({ ...span, input_tokens: 0, output_tokens: 0 })
  const spans = difference(acked.map(plain), await storedRows(instance, 'spans', '0', '0'))
  return { spans, requests: await settledRequests(instance, expectedRequests(acked)) }
}

/** Spans of one call that came before and after a restart are merged later: in all these restarts, there was no time for it. */
async function settledRequests(instance: Instance, expected: readonly ExpectedRow[]): Promise<Difference> {
  const end = Date.now() + 300_000
  for (;;) {
    const found = difference(expected, await storedRows(instance, 'requests', 'input_tokens', 'output_tokens'))
    if (isNone(found) || Date.now() > end) return found
    await sleep(3_000)
  }
}

const isNone = (difference: Difference) => Object.values(difference).every((n) => n === 0)

/** The hour's rollups are brought up to date once a minute. */
function rollupsEqual(instance: Instance): Promise<boolean> {
  return eventually('rollups equal raw', async () => ((await sameTotals(instance)) ? true : null), 90_000).catch(
    () => false,
  )
}

interface StoredRow {
  id: string
  n: number
  input: number | null
  output: number | null
}

function difference(expected: readonly ExpectedRow[], stored: ReadonlyMap<string, StoredRow>): Difference {
  const wanted = new Map(expected.map((row) => [row.trace_id + row.span_id, row]))
  const found = [...stored.values()]
  return {
    missing: [...wanted.keys()].filter((id) => !stored.has(id)).length,
    duplicated: found.filter(({ n }) => n > 1).length,
    unexpected: found.filter(({ id }) => !wanted.has(id)).length,
    wrong: found.filter(({ id, input, output }) => {
      const row = wanted.get(id)
      return row !== undefined && (row.input_tokens !== input || row.output_tokens !== output)
    }).length,
  }
}

/** Compares each tier of the rollups with a recount of the raw rows: per bucket and model, counts, tokens and dollars. */
async function sameTotals(instance: Instance): Promise<boolean> {
  const measures = ['input_tokens', 'output_tokens', 'cost_usd'].map((name) => `toString(sum(${name}))`).join(', ')
  const tiers = { requests_1m: 'toStartOfMinute', requests_1h: 'toStartOfHour', requests_1d: 'toStartOfDay' }
  for (const [table, start] of Object.entries(tiers)) {
    const [raw, rollup] = await Promise.all([
      sql(
        instance,
        `SELECT toString(${start}(timestamp)) AS at, model, count() AS n, ${measures} FROM requests FINAL GROUP BY at, model ORDER BY at, model`,
      ),
      sql(
        instance,
        `SELECT toString(${start}(timestamp)) AS at, model, sum(requests) AS n, ${measures} FROM ${table} FINAL GROUP BY at, model HAVING n > 0 ORDER BY at, model`,
      ),
    ])
    if (raw.length === 0 || JSON.stringify(raw) !== JSON.stringify(rollup)) return false
  }
  return true
}

/** Rows by the ids of their spans. Asked in parts, since one answer to the reader has a limit. */
async function storedRows(
  instance: Instance,
  table: string,
  input: string,
  output: string,
): Promise<Map<string, StoredRow>> {
  const rows = new Map<string, StoredRow>()
  for (const prefix of '0123456789abcdef') {
    const found = await sql<StoredRow>(
      instance,
      `SELECT trace_id || span_id AS id, count() AS n, any(${input}) AS input, any(${output}) AS output FROM ${table} FINAL WHERE startsWith(trace_id, '${prefix}') GROUP BY id`,
    )
    for (const row of found) rows.set(row.id, row)
  }
  return rows
}
