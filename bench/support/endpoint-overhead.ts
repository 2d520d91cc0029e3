/** The same statements over the HTTP endpoint, as a reader, and on a connection of the engine in one process with who asks. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Storage } from '../../storage/index.ts'
import type { EngineAsk } from './engine-process.ts'
import { percentiles, type Percentiles, type Rounds } from './rounds.ts'
import { day } from './synthetic-month.ts'

export interface Compared {
  name: string
  http: Percentiles
  engine: Percentiles
}

/** Stops the storage: only one process may hold its directory. Caches are as they come: a reader cannot switch them off. */
export async function compareEndpoint(
  storage: Storage,
  dataDir: string,
  to: number,
  rounds: Rounds,
): Promise<Compared[]> {
  const statements = Object.entries(statementsUntil(to))
  const overHttp: Percentiles[] = []
  for (const [, sql] of statements) overHttp.push(await percentiles(() => overEndpoint(storage.url, sql), rounds))
  await storage.stop()
  const ask = { directory: join(dataDir, 'clickhouse'), statements: statements.map(([, sql]) => sql), rounds }
  const inProcess = await askEngine(ask)
  return statements.flatMap(([name], index) => {
    const [http, engine] = [overHttp[index], inProcess[index]]
    return http && engine ? [{ name, http, engine }] : []
  })
}

function askEngine(ask: EngineAsk): Promise<Percentiles[]> {
  const child = fork(new URL('engine-process.ts', import.meta.url))
  return new Promise((resolve, reject) => {
    child.once('message', (times: Percentiles[]) => resolve(times))
    child.once('exit', () => reject(new Error('the engine in process died')))
    child.send(ask)
  })
}

function statementsUntil(to: number): Record<string, string> {
  const since = (ms: number) =>
    `timestamp >= fromUnixTimestamp64Milli(${to - ms}) AND timestamp < fromUnixTimestamp64Milli(${to})`
  const perModel = (ms: number) =>
    `SELECT model, quantilesTDigest(0.5, 0.95, 0.99)(duration_ms), sum(cost_usd) FROM requests WHERE ${since(ms)} GROUP BY model`
  return {
    'SELECT 1': 'SELECT 1',
    'per model, raw, 1 h': perModel(day / 24),
    'per model, raw, 24 h': perModel(day),
    'spend per hour and model, rollup, 30 d': `SELECT timestamp, model, sum(cost_usd) FROM requests_1h
      WHERE ${since(30 * day)} GROUP BY timestamp, model`,
    '100,000 rows of 4 columns': `SELECT timestamp, model, duration_ms, cost_usd FROM requests WHERE ${since(30 * day)} LIMIT 100000`,
  }
}

async function overEndpoint(url: string, sql: string): Promise<void> {
  const response = await fetch(`${url}/?user=reader&default_format=JSONCompactEachRow`, { method: 'POST', body: sql })
  if (!response.ok) throw new Error(await response.text())
  await response.arrayBuffer()
}
