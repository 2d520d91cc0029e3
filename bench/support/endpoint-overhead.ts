/**
 * The same statements over the HTTP endpoint, as a reader, on a connection of the engine in one process with who asks, and over the
 * barest HTTP server that the engine's process can hold: of one engine, in turns, with the settings of a reader on all, so that what
 * else the machine does and what is in caches is the same for all.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { linesOf, type EngineAnswer, type EngineAsk, type EnginePorts } from './engine-process.ts'
import { type Percentiles, percentilesOf, type Rounds } from './rounds.ts'
import { day } from './synthetic-month.ts'

/** One way to ask. */
export interface Way extends Percentiles {
  /** Of the engine's process for one question. */
  cpu_ms: number
}

export interface Compared {
  name: string
  /** Of one answer. */
  bytes: number
  http: Way
  bare: Way
  engine: Way
}

const format = 'JSONCompactEachRow'
/** What runs for the first few times is not compiled yet, on either way. */
const warmUp = { rounds: 300, budgetMs: 2000 }

/** `dataDir`: of a storage that was stopped, as only one process may hold it. Throws when the ways give different numbers of rows. */
export async function compareEndpoint(dataDir: string, to: number, rounds: Rounds): Promise<Compared[]> {
  const child = fork(new URL('engine-process.ts', import.meta.url), {
    env: { ...process.env, UV_THREADPOOL_SIZE: '24' },
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const ports = await ask<EnginePorts>(child, { directory: join(dataDir, 'clickhouse') })
    const compared: Compared[] = []
    for (const [name, sql] of Object.entries(statementsUntil(to))) {
      const http = new Timed(child, () => askServer(agent, ports.endpoint, sql))
      const bare = new Timed(child, () => askServer(agent, ports.bare, sql))
      const engine = new Timed(child, () => ask<EngineAnswer>(child, { sql, format }))
      await inTurns([http, bare, engine], rounds)
      compared.push({ name, bytes: http.last.bytes, http: http.found(), bare: bare.found(), engine: engine.found() })
    }
    return compared
  } finally {
    agent.destroy()
    child.disconnect()
  }
}

async function inTurns(ways: readonly Timed[], { most, budgetMs }: Rounds): Promise<void> {
  const pass = async (count: number, forMs: number) => {
    const begun = performance.now()
    for (let round = 0; round < count && (round < 5 || performance.now() - begun < forMs); round++)
      for (const way of ways) await way.round()
  }
  await pass(warmUp.rounds, warmUp.budgetMs)
  for (const way of ways) way.forget()
  await pass(most, budgetMs)
  const lines = ways.map(({ last }) => last.lines)
  if (new Set(lines).size > 1) throw new Error(`different numbers of rows came from one engine: ${lines.join(', ')}`)
}

type Asking = () => Promise<EngineAnswer>

class Timed {
  private readonly child: ChildProcess
  private readonly asking: Asking
  private times: number[] = []
  private cpuUs = 0
  last: EngineAnswer = { ms: NaN, bytes: 0, lines: 0 }

  constructor(child: ChildProcess, asking: Asking) {
    this.child = child
    this.asking = asking
  }

  async round(): Promise<void> {
    const before = await ask<number>(this.child, 'cpu')
    this.last = await this.asking()
    this.cpuUs += (await ask<number>(this.child, 'cpu')) - before
    this.times.push(this.last.ms)
  }

  forget(): void {
    this.times = []
    this.cpuUs = 0
  }

  found(): Way {
    return { ...percentilesOf(this.times), cpu_ms: this.cpuUs / 1000 / this.times.length }
  }
}

function ask<T>(child: ChildProcess, what: EngineAsk): Promise<T> {
  return new Promise((resolve, reject) => {
    const died = () => reject(new Error('the process of the engine died'))
    child.once('exit', died)
    child.once('message', (answer: T) => {
      child.off('exit', died)
      resolve(answer)
    })
    child.send(what)
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

/** The client of Node, whose share of the time is counted too; a connection is opened once. */
async function askServer(agent: Agent, port: number, sql: string): Promise<EngineAnswer> {
  const begun = performance.now()
  const path = `/?user=reader&default_format=${format}`
  const [response] = (await once(
    request({ agent, port, host: '127.0.0.1', method: 'POST', path }).end(sql),
    'response',
  )) as [IncomingMessage]
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(response, 'end')
  const ms = performance.now() - begun
  const body = Buffer.concat(chunks)
  if (response.statusCode !== 200) throw new Error(body.toString())
  return { ms, bytes: body.length, lines: linesOf(body) }
}
