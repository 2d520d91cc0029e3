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
  const load = startLoad(() => instance.urls.otlp_http)
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
    return { kills, ...(await compare(instance, load.acked)) }
  } finally {
    await load.stop()
    await instance.stop()
    removeFolder(folder)
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
  await eventually('the spool is empty', async () => {
    const metrics = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
    const bytes = /^inferwatch_spool_bytes(?:\{[^}]*\})? (\S+)$/m.exec(metrics)
    return bytes !== null && Number(bytes[1]) === 0 ? true : null
  })
  let missing = 0
  let duplicated = 0
  let unacked = 0
  for (const table of ['spans', 'requests']) {
    const rows = await sql<{ trace_id: string; span_id: string; n: number }>(
      instance,
      `SELECT trace_id, span_id, count() AS n FROM ${table} FINAL GROUP BY trace_id, span_id`,
    )
    const counts = new Map(rows.map((row) => [row.trace_id + row.span_id, Number(row.n)]))
    missing += acked.filter((span) => !counts.has(span.trace_id + span.span_id)).length
    duplicated += rows.filter((row) => Number(row.n) !== 1).length
    unacked += counts.size - acked.length
  }
  const rollupsEqual = await eventually(
    'rollups equal raw',
    async () => ((await sameTotals(instance)) ? true : null),
    60_000,
  ).catch(() => false)
  return { acked: acked.length, missing, duplicated, unacked, rollupsEqual }
}

/** Compares the totals of the minute rollup, per minute and model, with a recount. */
async function sameTotals(instance: Instance): Promise<boolean> {
  const [raw, rollup] = await Promise.all([
    sql(
      instance,
      `SELECT toStartOfMinute(timestamp) AS bucket, model, count() AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        toString(sum(cost_usd)) AS cost_usd FROM requests FINAL GROUP BY bucket, model ORDER BY bucket, model`,
    ),
    sql(
      instance,
      `SELECT bucket, model, sum(requests) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        toString(sum(cost_usd)) AS cost_usd FROM requests_1m FINAL GROUP BY bucket, model HAVING requests > 0 ORDER BY bucket, model`,
    ),
  ])
  return raw.length > 0 && JSON.stringify(raw) === JSON.stringify(rollup)
}
