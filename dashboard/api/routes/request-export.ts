/** The filtered list as a file, newest first: all of it up to a limit, read and sent a page at a time. */
import { Hono } from 'hono'
import { z } from 'zod'
import { latestRequests, requestRowColumns, type Cursor, type RequestRow } from '../../../storage/queries/requests.ts'
import type { Db } from '../../../storage/client.ts'
import { brushShape, insideBrush } from '../brush.ts'
import type { RouteContext } from '../context.ts'
import { csvRow } from '../csv.ts'
import { checked, filterOf, questionSchema, rangeOf, type Question } from '../question.ts'

/** A page says so where it offers the file. */
export const mostExported = 100_000
const pageRows = 2000

const question = questionSchema({
  ...brushShape,
  format: z.enum(['csv', 'json']),
  limit: z.coerce.number().int().min(1).max(mostExported).default(mostExported),
})

interface Format {
  type: string
  begin: string
  row: (row: RequestRow, first: boolean) => string
  end: string
}

const time = ({ timestamp_us }: RequestRow) => new Date(timestamp_us / 1000).toISOString()

const formats: Record<'csv' | 'json', Format> = {
  csv: {
    type: 'text/csv; charset=utf-8',
    begin: csvRow(['timestamp', ...requestRowColumns]),
    row: (row) => csvRow([time(row), ...requestRowColumns.map((column) => row[column])]),
    end: '',
  },
  json: {
    type: 'application/json',
    begin: '[',
    row: (row, first) => `${first ? '\n' : ',\n'}${JSON.stringify({ timestamp: time(row), ...row })}`,
    end: '\n]\n',
  },
}

export function requestExportRoute({ deps, now }: RouteContext) {
  return new Hono().get('/api/requests/export', checked(question), (c) => {
    const query = c.req.valid('query')
    const asked = insideBrush({ range: rangeOf(query, now()), filter: filterOf(query) }, query)
    const name = `requests-${new Date(now()).toISOString().slice(0, 19).replaceAll(':', '')}.${query.format}`
    const lines = linesOf(deps.db, asked, formats[query.format], query.limit)
    return c.body(streamOf(lines), 200, {
      'content-type': formats[query.format].type,
      'content-disposition': `attachment; filename="${name}"`,
    })
  })
}

/** The next page is asked for once this one was taken: a reader that goes away ends it. */
async function* linesOf(db: Db, { filter, range }: Question, format: Format, limit: number): AsyncGenerator<string> {
  let [sent, after]: [number, Cursor | null] = [0, null]
  yield format.begin
  do {
    const page = await latestRequests(db, filter, range, Math.min(pageRows, limit - sent), after)
    yield page.requests.map((row, index) => format.row(row, sent + index === 0)).join('')
    sent += page.requests.length
    after = page.next
  } while (after !== null && sent < limit)
  yield format.end
}

function streamOf(lines: AsyncGenerator<string>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await lines.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await lines.return(undefined)
    },
  })
}
