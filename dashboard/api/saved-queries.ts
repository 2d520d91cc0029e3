/** Queries that everybody on the instance sees. */
import { randomUUID } from 'node:crypto'
import type { Db } from '../../storage/client.ts'
import { savedQueries, type SavedQueryRow } from '../../storage/queries/saved-queries.ts'
import { ApiError } from './errors.ts'
import { oneByOne } from './one-by-one.ts'

export const queryCharts = ['table', 'chart'] as const
export type QueryChart = (typeof queryCharts)[number]

/** What a person says of a query. */
export interface QueryText {
  name: string
  sql: string
  /** Values of its parameters, as they stand in their inputs. */
  params: Record<string, string>
  chart: QueryChart
  saved_by: string
}

/** What is not said stays as it was. */
export type QueryChange = { [Field in keyof QueryText]?: QueryText[Field] | undefined }

export interface SavedQuery extends QueryText {
  id: string
  /** Epoch ms. */
  saved_at: number
}

export interface SavedQueries {
  /** By name. */
  list(): Promise<SavedQuery[]>
  /** Throws ApiError 409 when there are as many as there may be, or one of that name. */
  save(text: QueryText): Promise<SavedQuery>
  /** Throws ApiError 404 when there is none of that id, 409 when another has the name. */
  change(id: string, change: QueryChange): Promise<SavedQuery>
  /** Throws ApiError 404 when there is none of that id. */
  remove(id: string): Promise<void>
}

export const mostSaved = 500

interface SavedQueriesOptions {
  db: Db
  writer: Pick<Db, 'insert'>
  now: () => number
}

export function createSavedQueries({ db, writer, now }: SavedQueriesOptions): SavedQueries {
  const inTurn = oneByOne()

  const put = async (query: SavedQuery, { version = 0, deleted = false } = {}) => {
    const row = {
      ...query,
      params: JSON.stringify(query.params),
      saved_at: new Date(query.saved_at),
      deleted,
      // Above the one before, also when the clock was set back.
      version: Math.max(now() * 1000, version + 1),
    }
    await writer.insert('saved_queries', [row])
    return query
  }

  return {
    list: async () => (await savedQueries(db)).map(queryOf),
    save: (text) =>
      inTurn(async () => {
        const rows = await savedQueries(db)
        if (rows.length >= mostSaved)
          throw new ApiError(409, `${mostSaved} queries are saved already`, 'Delete one that nobody needs')
        checkName(rows, text.name)
        return put({ ...text, id: randomUUID(), saved_at: now() })
      }),
    change: (id, change) =>
      inTurn(async () => {
        const rows = await savedQueries(db)
        const before = rowOf(rows, id)
        if (change.name !== undefined) checkName(rows, change.name, id)
        return put({ ...changed(queryOf(before), change), saved_at: now() }, before)
      }),
    remove: (id) =>
      inTurn(async () => {
        const before = rowOf(await savedQueries(db), id)
        await put(queryOf(before), { version: before.version, deleted: true })
      }),
  }
}

function changed(before: SavedQuery, change: QueryChange): SavedQuery {
  const { name = before.name, sql = before.sql, params = before.params } = change
  const { chart = before.chart, saved_by = before.saved_by } = change
  return { ...before, name, sql, params, chart, saved_by }
}

function rowOf(rows: readonly SavedQueryRow[], id: string): SavedQueryRow {
  const row = rows.find((one) => one.id === id)
  if (!row) throw new ApiError(404, `There is no saved query ${id}`, 'It may have been deleted', 'id')
  return row
}

function checkName(rows: readonly SavedQueryRow[], name: string, except = ''): void {
  if (rows.some((row) => row.name === name && row.id !== except))
    throw new ApiError(409, `A saved query is called "${name}" already`, 'Choose another name', 'name')
}

function queryOf({ id, name, sql, params, chart, saved_by, saved_at }: SavedQueryRow): SavedQuery {
  const stored = { params: JSON.parse(params) as Record<string, string>, chart: chart as QueryChart }
  return { id, name, sql, ...stored, saved_by, saved_at }
}
