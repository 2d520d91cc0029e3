/**
 * Calls through the proxy of the whole product, while its engine is killed and its disk filled up: every client gets every byte, and
 * what is stored is what the vendor's ledger says, call by call and dollar by dollar. What was not recorded was counted.
 */
import { Agent, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from '../support/instance.ts'
import { smallDisk, type SmallDisk } from '../support/small-disk.ts'
import { exchangeOf, overrides, prices, startVendor, type Exchange } from './vendor.ts'

export interface LedgerProof {
  calls: number
  /** Of the clients: another status or other bytes than the vendor sent, or none. */
  failed: number
  kills: number
  /** Whether the disk was full for a while; null where this user may not mount one. */
  diskFull: boolean | null
  /** Calls without a row, and what the product counted as not recorded. */
  missing: number
  counted: Record<string, number>
  duplicated: number
  /** Rows that differ from the ledger, the first few. */
  wrong: number
  examples: object[]
  /** Of all rows, in dollars; and of the ledger for the same calls. */
  storedUsd: string
  ledgerUsd: string
}

interface Options {
  calls: number
  /** Kills the engine again and again, and fills the disk up in the middle. */
  faults?: boolean
  clients?: number
  onProgress?: (done: number) => void
}

export async function proveLedger(options: Options): Promise<LedgerProof> {
  const { calls, faults = false, clients = 24, onProgress = () => undefined } = options
  const vendor = await startVendor()
  const config = {
    alerts: { shipped_rules: false },
    spool: { segment_bytes: 2 ** 21 },
    prices: { overrides },
    endpoints: [
      { name: 'openai', upstream: vendor.url, kind: 'openai' },
      { name: 'claude', upstream: vendor.url, kind: 'anthropic' },
    ],
  }
  const disk = faults ? smallDisk(config, '192m') : null
  const folder = disk?.folder ?? instanceFolder(config)
  const instance = await startInstance(folder)
  const load = startLoad(instance.urls.dashboard, calls, clients, onProgress)
  let kills = 0
  try {
    if (faults) kills = await breakThings(instance, disk, load)
    const failed = await load.done
    const compared = await compare(instance, calls)
    return { calls, failed, kills, diskFull: faults ? disk !== null : false, ...compared }
  } finally {
    disk?.makeRoom()
    load.abandon()
    await instance.stop()
    await vendor.stop()
    if (disk) disk.remove()
    else removeFolder(folder)
  }
}

interface Load {
  readonly sent: number
  readonly isOver: boolean
  /** Resolves with the number of calls that failed. */
  done: Promise<number>
  abandon(): void
}

function startLoad(url: string, calls: number, clients: number, onProgress: (done: number) => void): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  let next = 0
  let failed = 0
  let isOver = false
  const client = async () => {
    while (next < calls) {
      const n = next++
      if (!(await isAnsweredRight(url, agent, n))) failed++
      if (n % 500 === 0) onProgress(n)
    }
  }
  const done = Promise.all(Array.from({ length: clients }, client)).then(() => {
    isOver = true
    agent.destroy()
    return failed
  })
  return {
    done,
    get sent() {
      return next
    },
    get isOver() {
      return isOver
    },
    abandon() {
      next = Infinity
    },
  }
}

function isAnsweredRight(url: string, agent: Agent, n: number): Promise<boolean> {
  const { model, path, body, status, answer } = exchangeOf(n)
  const endpoint = model === 'ledger-claude' ? 'claude' : 'openai'
  const headers = { 'content-type': 'application/json', 'x-inferwatch-session': String(n) }
  return new Promise((resolve) => {
    const request = httpRequest(`${url}/proxy/${endpoint}${path}`, { method: 'POST', agent, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve(response.statusCode === status && Buffer.concat(parts).toString() === answer.join('')),
      )
      response.on('error', () => resolve(false))
    })
    request.on('error', () => resolve(false)).end(body)
  })
}

/** Until the load is over. Resolves with the number of kills. */
async function breakThings(instance: Instance, disk: SmallDisk | null, load: Load): Promise<number> {
  let kills = 0
  for (let round = 0; !load.isOver; round++) {
    await sleep(1_500)
    const pid = instance.enginePid()
    if (pid !== null) {
      process.kill(pid, 'SIGKILL')
      kills++
    }
    if (round % 4 !== 1 || !disk) continue
    // To the last byte, and still so when the engine comes back.
    for (let again = 0; again < 6; again++) {
      disk.fill(0)
      await sleep(400)
    }
    disk.makeRoom()
  }
  return kills
}

interface Row {
  session_id: string
  model: string
  status: string
  http_status: number
  streamed: boolean
  input_tokens: number | null
  cached_input_tokens: number | null
  cache_write_tokens: number | null
  output_tokens: number | null
  cost: string | null
}

async function compare(instance: Instance, calls: number) {
  const counted = await eventually('everything is stored or counted', async () => {
    const [all] = await sql<{ n: number }>(instance, 'SELECT toUInt32(count()) AS n FROM requests')
    const lost = await notRecorded(instance)
    const total = (all?.n ?? 0) + Object.values(lost).reduce((sum, items) => sum + items, 0)
    return total >= calls ? lost : null
  })
  const rows = await sql<Row>(
    instance,
    `SELECT session_id, model, status, http_status, streamed, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
      toString(cost_usd) AS cost FROM requests`,
  )
  const seen = new Set<string>()
  const examples: object[] = []
  let duplicated = 0
  let wrong = 0
  let stored = 0n
  let billed = 0n
  for (const row of rows) {
    if (seen.has(row.session_id)) duplicated++
    seen.add(row.session_id)
    const exchange = exchangeOf(Number(row.session_id))
    stored += picodollars(row.cost ?? '0')
    billed += costOf(exchange)
    const difference = differenceOf(row, exchange)
    if (!difference) continue
    wrong++
    if (examples.length < 3) examples.push(difference)
  }
  const [storedUsd, ledgerUsd] = [dollars(stored), dollars(billed)]
  return { missing: calls - seen.size, counted, duplicated, wrong, examples, storedUsd, ledgerUsd }
}

/** Calls that the proxy counted as not recorded, by reason. */
async function notRecorded(instance: Instance): Promise<Record<string, number>> {
  const rows = await sql<{ reason: string; items: number }>(
    instance,
    `SELECT reason, toUInt32(sum(items)) AS items FROM ingest_issues WHERE source = 'proxy' GROUP BY reason ORDER BY reason`,
  )
  return Object.fromEntries(rows.map(({ reason, items }) => [reason, items]))
}

function differenceOf(row: Row, { model, status, streamed, usage }: Exchange): object | null {
  const { cost } = row
  const exchange = { model, http_status: status, streamed, ...(usage ?? nothing) }
  const expected: Record<string, unknown> = { ...exchange, status: statuses[status] }
  const found: Record<string, unknown> = { ...row }
  // Vendors that have none of it leave it out.
  const isSame = (name: string) => found[name] === expected[name] || (!expected[name] && !found[name])
  const names = Object.keys(expected).filter((name) => !isSame(name))
  const costs = usage ? costOf({ model, usage }) : null
  if (costs === null ? cost !== null : cost === null || picodollars(cost) !== costs) names.push('cost')
  if (names.length === 0) return null
  return { call: row.session_id, names, expected: { ...expected, cost: costs === null ? null : dollars(costs) }, found }
}

const nothing = { input_tokens: null, cached_input_tokens: null, cache_write_tokens: null, output_tokens: null }
const statuses: Record<number, string> = { 200: 'ok', 429: 'rate_limited', 500: 'error', 503: 'error' }

/** Exactly, in 10⁻¹² dollars: a token costs so many whole ones. */
function costOf({ model, usage }: Pick<Exchange, 'model' | 'usage'>): bigint {
  if (!usage) return 0n
  const rates = prices[model]
  const rate = (usd: number) => BigInt(Math.round(usd * 1e6))
  const { input_tokens, cached_input_tokens, cache_write_tokens, output_tokens } = usage
  return (
    BigInt(input_tokens - cached_input_tokens - cache_write_tokens) * rate(rates.input_usd) +
    BigInt(cached_input_tokens) * rate(rates.cached_input_usd) +
    BigInt(cache_write_tokens) * rate(rates.cache_write_usd) +
    BigInt(output_tokens) * rate(rates.output_usd)
  )
}

function picodollars(text: string): bigint {
  const [whole = '0', part = ''] = text.split('.')
  return BigInt(whole) * 10n ** 12n + BigInt(part.padEnd(12, '0').slice(0, 12))
}

const dollars = (pico: bigint) => `${pico / 10n ** 12n}.${String(pico % 10n ** 12n).padStart(12, '0')}`

/** No client noticed anything, every row is right, and every call has one or was counted as not recorded. */
export function isProven({ failed, missing, counted, duplicated, wrong, storedUsd, ledgerUsd }: LedgerProof): boolean {
  const notRecordedCalls = Object.values(counted).reduce((sum, items) => sum + items, 0)
  return failed + duplicated + wrong === 0 && missing === notRecordedCalls && storedUsd === ledgerUsd
}
