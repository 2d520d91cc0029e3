/**
 * Asks storage on behalf of many pages: equal questions within a second share one answer, only a few run at a time, and
 * `?explain=1` adds the SQL.
 */
import type { Db } from '../../storage/client.ts'

export interface ExplainedQuery {
  sql: string
  params: Record<string, unknown>
}

export type Explained<T> = T & { explain?: ExplainedQuery[] }

export type Ask = <T extends object>(
  key: string,
  explain: boolean,
  question: (db: Db) => Promise<T>,
) => Promise<Explained<T>>

export interface AskOptions {
  /** How long an answer is given again, in ms. */
  ttlMs?: number
  /** Queries that run at once; the rest wait. */
  concurrency?: number
  now?: () => number
}

/** Two at once keep a two-core machine answering; a page asks six questions. */
export function createAsk(db: Db, { ttlMs = 1000, concurrency = 4, now = Date.now }: AskOptions = {}): Ask {
  const limit = limiter(concurrency)
  const answers = new Map<string, { at: number; answer: Promise<object>; queries: ExplainedQuery[] }>()

  const forget = (before: number) => {
    for (const [key, { at }] of answers) if (at < before) answers.delete(key)
  }

  return async <T extends object>(key: string, explain: boolean, question: (db: Db) => Promise<T>) => {
    const time = now()
    forget(time - ttlMs)
    let entry = answers.get(key)
    if (!entry) {
      const queries: ExplainedQuery[] = []
      entry = { at: time, queries, answer: question(observed(db, queries, limit)) }
      answers.set(key, entry)
      // A failure is not remembered: the next question tries again.
      entry.answer.catch(() => answers.delete(key))
    }
    const answer = (await entry.answer) as T
    return explain ? { ...answer, explain: entry.queries } : answer
  }
}

function observed(db: Db, queries: ExplainedQuery[], limit: Limit): Db {
  return {
    ...db,
    query: (sql, params = {}, options) => {
      queries.push({ sql, params })
      return limit(() => db.query(sql, params, options))
    },
    command: (sql, params) => db.command(sql, params),
    insert: (table, rows) => db.insert(table, rows),
    insertRowBinary: (table, columns, body, token) => db.insertRowBinary(table, columns, body, token),
  }
}

type Limit = <T>(run: () => Promise<T>) => Promise<T>

/** Runs at most `limit` at a time, in the order they came. */
function limiter(limit: number): Limit {
  let running = 0
  const waiting: (() => void)[] = []
  return async (run) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
