import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { answered, api, ApiFailure, read } from '../lib/api.ts'
import { questionOf, type Search } from '../lib/search.ts'

const schema = () => read(api.schema.$get())

/** Tables, views and ready questions; they change with the version only. */
export const useSchema = () => useQuery({ queryKey: ['schema'], queryFn: schema, staleTime: Infinity })
export type SchemaAnswer = Awaited<ReturnType<typeof schema>>
export type SchemaTable = SchemaAnswer['tables'][number]

export interface SqlQuestion {
  sql: string
  /** A value for each {name:Type} but the range's. */
  params: Record<string, string | null>
  search: Search
  explain: boolean
}

const bodyOf = ({ sql, params, search }: SqlQuestion) => {
  const { range, from, to } = questionOf({ ...search, filters: {} })
  const span = from === undefined ? { range: String(range) } : { from: Number(from), to: Number(to) }
  return { query: sql, params, ...span }
}

const run = (question: SqlQuestion, id: string, signal: AbortSignal) =>
  read(api.sql.$post({ json: { ...bodyOf(question), explain: question.explain, id } }, { init: { signal } }))
export type SqlResult = Awaited<ReturnType<typeof run>>

/** A query in whatever state it is. */
export type SqlRun =
  | { state: 'none' }
  | { state: 'running'; question: SqlQuestion; since: number }
  | { state: 'done'; question: SqlQuestion; result: SqlResult }
  | { state: 'failed'; question: SqlQuestion; error: Error }

/** One query at a time: a new one, and leaving the page, cancels the one before. */
export function useSqlRun(onEnd: (question: SqlQuestion, end: SqlResult | Error) => void) {
  const [current, setCurrent] = useState<SqlRun>({ state: 'none' })
  const running = useRef<{ id: string; stop: AbortController } | null>(null)

  const cancel = useCallback(() => {
    const one = running.current
    if (!one) return
    running.current = null
    void api.sql[':id'].$delete({ param: { id: one.id } }).catch(() => undefined)
    one.stop.abort()
    setCurrent((before) =>
      before.state === 'running'
        ? { state: 'failed', question: before.question, error: new ApiFailure('Cancelled', 'Run it again', 409) }
        : before,
    )
  }, [])
  useEffect(() => cancel, [cancel])

  const start = async (question: SqlQuestion) => {
    cancel()
    const one = { id: crypto.randomUUID(), stop: new AbortController() }
    running.current = one
    setCurrent({ state: 'running', question, since: Date.now() })
    const end = await run(question, one.id, one.stop.signal).catch((error: Error) => error)
    if (running.current !== one) return
    running.current = null
    setCurrent(
      end instanceof Error ? { state: 'failed', question, error: end } : { state: 'done', question, result: end },
    )
    onEnd(question, end)
  }
  return { current, start: (question: SqlQuestion) => void start(question), cancel }
}

export const exportFormats = ['csv', 'json', 'parquet'] as const

/** The whole result as a file of the browser. */
export async function exportSql(question: SqlQuestion, format: (typeof exportFormats)[number]): Promise<void> {
  const response = await answered(api.sql.export.$post({ json: { ...bodyOf(question), format } }))
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1]
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name ?? `inferwatch.${format}`
  link.click()
  URL.revokeObjectURL(url)
}
