/** Sends generated statements as the reader and looks for anything that got out. */
import { testStorage } from '../../storage/testing.ts'
import { canaries, setTraps } from './canaries.ts'
import { attack, type Attack } from './statements.ts'

export interface SqlFuzzReport {
  sent: number
  /** Answers by HTTP status. */
  statuses: Record<number, number>
  /** Escapes, crashes and answers that never came: one line each, with the number that makes the statement again. */
  failures: string[]
}

export interface SqlFuzzOptions {
  count: number
  seed: number
  onProgress?: (sent: number) => void
}

/** Statements on their way at once. */
const concurrency = 4
const timeoutMs = 60_000
/** How often it is looked whether the traps still hold, in statements. */
const checkEvery = 1000

export async function sqlFuzz({ count, seed, onProgress }: SqlFuzzOptions): Promise<SqlFuzzReport> {
  const storage = await testStorage()
  const traps = await setTraps(storage.db, storage.data_dir)
  const report: SqlFuzzReport = { sent: 0, statuses: {}, failures: [] }
  const engine = storage.enginePid()
  try {
    const names = await storage.db.query<{ name: string }>('SELECT name FROM system.functions ORDER BY name')
    const functions = names.map(({ name }) => name)
    for (let from = 0; from < count && report.failures.length < 20; from += checkEvery) {
      const numbers = Array.from({ length: Math.min(checkEvery, count - from) }, (_, index) => from + index)
      const one = async () => {
        for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
          const made = attack(seed, number, traps, functions)
          const failure = await tryOut(storage.url, made, report)
          if (failure) report.failures.push(`${number}: ${failure}: ${JSON.stringify(made)}`)
          report.sent++
          onProgress?.(report.sent)
        }
      }
      await Promise.all(Array.from({ length: concurrency }, one))
      for (const line of await traps.sprung()) report.failures.push(`up to ${from + checkEvery}: ${line}`)
      const { ok, reason } = await storage.ready()
      if (!ok) report.failures.push(`up to ${from + checkEvery}: not healthy: ${reason}`)
      if (storage.enginePid() !== engine) report.failures.push(`up to ${from + checkEvery}: the engine died`)
    }
    return report
  } finally {
    await traps.remove()
    await storage.stop()
  }
}

/** Null when the answer is as it should be: in time, and without a canary. */
async function tryOut(url: string, { place, sql, params }: Attack, report: SqlFuzzReport): Promise<string | null> {
  const half = sql.length >> 1
  const query = new URLSearchParams({ user: 'reader', ...params })
  if (place === 'query') query.set('query', sql)
  if (place === 'both') query.set('query', sql.slice(0, half))
  const form = new FormData()
  form.set('query', sql)
  const body = place === 'form' ? form : place === 'both' ? sql.slice(half) : place === 'body' ? sql : ''
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(`${url}/?${query}`, { method: 'POST', body, signal })
    const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
    report.statuses[response.status] = (report.statuses[response.status] ?? 0) + 1
    return escaped(text, `${sql}${JSON.stringify(params)}`)
  } catch (error) {
    return error instanceof Error ? `no answer (${error.name}: ${error.message})` : 'no answer'
  }
}

/** A canary that the statement itself did not bring along. */
function escaped(answer: string, asked: string): string | null {
  const found = Object.values(canaries).find((canary) => answer.includes(canary) && !asked.includes(canary))
  return found === undefined ? null : `"${found}" came out`
}
