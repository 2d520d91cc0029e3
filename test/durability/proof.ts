/**
 * kill -9 under load: every acked span is there exactly once, as a span and as a request, and the rollups equal a
 * recount of the raw rows. `npm run durability` runs 50 kills of each kind; `npm test` a few.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from '../support/instance.ts'
import { startLoad, type SentSpan } from '../support/load.ts'

export type Victim = 'collector' | 'engine'

export interface Proof {
  kills: number
  acked: number
  missing: number
  duplicated: number
  /** Rows present that nobody acked: sent, stored, and the answer lost. Allowed. */
  unacked: number
  rollupsEqual: boolean
}

interface Options {
  victim: Victim
  kills: number
  /** Between two kills, a random time up to this. */
  maxPauseMs?: number
  onKill?: (done: number) => void
}

/** Runs one proof on a data directory of its own. Throws when the product does not come back. */
export async function proveDurability({
  victim,
  kills,
  maxPauseMs = 1500,
  onKill = () => {},
}: Options): Promise<Proof> {
  const folder = instanceFolder({ alerts: { shipped_rules: false } })
  let instance = await startInstance(folder)
  let keptFolder: string | null = null
  // Paced: an engine that is killed again and again stays away for seconds, and what piles up has to be compared.
  const load = startLoad(() => instance.urls.otlp_http, { pauseMs: 40 })
  try {
    for (let done = 0; done < kills; done++) {
      await sleep(200 + Math.random() * maxPauseMs)
      if (victim === 'collector') {
        instance.kill('SIGKILL')
        await instance.exited
        instance = await startInstance(folder)
      } else await killEngine(instance)
      onKill(done + 1)
    }
    await sleep(500)
    await load.stop()
    const proof = { kills, ...(await compare(instance, load.acked)) }
    const proven = proof.missing === 0 && proof.duplicated === 0 && proof.rollupsEqual
    // A failure is worth a look at what is on disk.
    if (!proven) keptFolder = folder
    return proof
  } finally {
    await load.stop()
    await instance.stop()
    if (keptFolder === null) removeFolder(folder)
    else process.stderr.write(`kept for inspection: ${keptFolder}\n${instance.output()}\n`)
  }
}

async function killEngine(instance: Instance): Promise<void> {
  const pid = await eventually('the engine runs', () => Promise.resolve(instance.enginePid()))
  process.kill(pid, 'SIGKILL')
  await eventually('the engine was restarted', async () => {
    const now = instance.enginePid()
    return now !== null && now !== pid ? now : null
  })
}

async function compare(instance: Instance, acked: SentSpan[]): Promise<Omit<Proof, 'kills'>> {
  await eventually(
    'the spool is empty',
    async () => {
      const metrics = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
      const bytes = /^inferwatch_spool_bytes(?:\{[^}]*\})? (\S+)$/m.exec(metrics)
      return bytes !== null && Number(bytes[1]) === 0 ? true : null
    },
    240_000,
  )
  let missing = 0
  let duplicated = 0
  let unacked = 0
  for (const table of ['spans', 'requests']) {
    const counts = await storedSpans(instance, table)
    missing += acked.filter((span) => !counts.has(span.trace_id + span.span_id)).length
    for (const n of counts.values()) if (n !== 1) duplicated++
    unacked += counts.size - acked.length
  }
  const rollupsEqual = await eventually(
    'rollups equal raw',
    async () => ((await sameTotals(instance)) ? true : null),
    60_000,
  ).catch(() => false)
  return { acked: acked.length, missing, duplicated, unacked, rollupsEqual }
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

/** How often each span is stored, by its ids. Asked in parts, since one answer to the reader has a limit. */
async function storedSpans(instance: Instance, table: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let part = 0; part < 16; part++) {
    const prefix = part.toString(16)
    const rows = await sql<{ id: string; n: number }>(
      instance,
      `SELECT trace_id || span_id AS id, count() AS n FROM ${table} FINAL WHERE startsWith(trace_id, '${prefix}') GROUP BY id`,
    )
    for (const { id, n } of rows) counts.set(id, n)
  }
  return counts
}
