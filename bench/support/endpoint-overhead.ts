/**
 * The same statements over the HTTP endpoint, as a reader, and on a connection of the engine in one process with who asks: of one
 * engine, in turns, with the settings of a reader on both, so that what else the machine does and what is in caches is the same for both.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { linesOf, type EngineAnswer, type EngineAsk } from './engine-process.ts'
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
  engine: Way
}

const format = 'JSONCompactEachRow'
/** What runs for the first few times is not compiled yet, on either way. */
const warmUp = { rounds: 300, budgetMs: 2000 }

/** `dataDir`: of a storage that was stopped, as only one process may hold it. Throws when the two ways give different numbers of rows. */
export async function compareEndpoint(dataDir: string, to: number, rounds: Rounds): Promise<Compared[]> {
  const child = fork(new URL('engine-process.ts', import.meta.url), {
    env: { ...process.env, UV_THREADPOOL_SIZE: '24' },
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const port = await ask<number>(child, { directory: join(dataDir, 'clickhouse') })
    const compared: Compared[] = []
    for (const [name, sql] of Object.entries(statementsUntil(to))) {
      const overHttp = () => askEndpoint(agent, port, sql)
      const inProcess = () => ask<EngineAnswer>(child, { sql, format })
      compared.push({ name, ...(await inTurns(child, overHttp, inProcess, rounds)) })
    }
    return compared
  } finally {
    agent.destroy()
    child.disconnect()
  }
}

type Asking = () => Promise<EngineAnswer>

async function inTurns(
  child: ChildProcess,
  overHttp: Asking,
  inProcess: Asking,
  { most, budgetMs }: Rounds,
): Promise<Omit<Compared, 'name'>> {
  const [http, engine] = [new Timed(child, overHttp), new Timed(child, inProcess)]
  const pass = async (count: number, forMs: number) => {
    const begun = performance.now()
    for (let round = 0; round < count && (round < 5 || performance.now() - begun < forMs); round++) {
      await http.round()
      await engine.round()
    }
  }
  await pass(warmUp.rounds, warmUp.budgetMs)
  http.forget()
  engine.forget()
  await pass(most, budgetMs)
  if (http.last.lines !== engine.last.lines)
    throw new Error(`${http.last.lines} rows came over HTTP, ${engine.last.lines} from the engine itself`)
  return { bytes: http.last.bytes, http: http.found(), engine: engine.found() }
}

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
async function askEndpoint(agent: Agent, port: number, sql: string): Promise<EngineAnswer> {
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
