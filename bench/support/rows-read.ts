/** How many rows the engine reads for an answer: it says so in the statistics of the format JSON. */
import { text } from 'node:stream/consumers'
import type { Db, QueryOptions, SqlDb } from '../../storage/client.ts'

interface JsonAnswer {
  data: unknown[]
  statistics: { rows_read: number }
}

/** Of all queries that `ask` sends. */
export async function rowsRead(reader: Db & SqlDb, ask: (db: Db) => Promise<unknown>): Promise<number> {
  let rows = 0
  const query: Db['query'] = async <T>(
    sql: string,
    params: Record<string, unknown> = {},
    { settings = {} }: QueryOptions = {},
  ) => {
    const { body } = await reader.run(sql, { format: 'JSON', params, settings })
    const { data, statistics } = JSON.parse(await text(body)) as JsonAnswer
    rows += statistics.rows_read
    return data as T[]
  }
  await ask(Object.create(reader, { query: { value: query } }) as Db)
  return rows
}
