import { expect, test } from 'vitest'
import { plainIssue } from '../records/ingest-issue.ts'
import { IssueLog } from './issues.ts'
import type { Batch } from './spool/index.ts'

function keepingSpool() {
  const batches: Batch[] = []
  return { append: async (batch: Batch) => void batches.push(batch), rows: () => batches.flatMap(rowsOf) }
}
const rowsOf = (batch: Batch) => batch.ingest_issues ?? []

test('items add up by source and reason; what the spool does not take is kept for the next flush', async () => {
  const issues = new IssueLog()
  issues.add('otlp_http', 'zero_trace_id', 2, 'first')
  issues.add('otlp_http', 'zero_trace_id', 3, 'second')
  await issues.flush({ append: () => Promise.reject(new Error('full')) }, 1)
  issues.add('otlp_http', 'zero_trace_id', 1, 'third')
  issues.add('scrape', 'zero_trace_id', 1, 'x'.repeat(9999))

  const spool = keepingSpool()
  await issues.flush(spool, 2)
  await issues.flush(spool, 3)
  const zero = { ...plainIssue, timestamp: 2000, reason: 'zero_trace_id' }
  expect(spool.rows()).toEqual([
    { ...zero, source: 'otlp_http', items: 6, example: 'first' },
    { ...zero, source: 'scrape', items: 1, example: 'x'.repeat(500) },
  ])
  expect(issues.counts()).toEqual({ 'otlp_http zero_trace_id': 6, 'scrape zero_trace_id': 1 })
})

test('each subject is a row with a place to look at; the counts since start are by reason alone', async () => {
  const issues = new IssueLog()
  const span = { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) }
  for (const subject of ['one', 'two', 'one'])
    issues.add('spans', 'no_ttft', 1, subject, { subject, severity: 'hint', span })
  const spool = keepingSpool()
  await issues.flush(spool, 2)
  const place = { example_trace_id: span.trace_id, example_span_id: span.span_id }
  const row = { ...place, timestamp: 2000, source: 'spans', reason: 'no_ttft', severity: 'hint' }
  expect(spool.rows()).toEqual([
    { ...row, subject: 'one', items: 2, example: 'one' },
    { ...row, subject: 'two', items: 1, example: 'two' },
  ])
  expect(issues.counts()).toEqual({ 'spans no_ttft': 3 })
})

test('what is ordinary is a hint', async () => {
  const issues = new IssueLog()
  issues.add('pipeline', 'content_cut', 1, '9 bytes')
  issues.add('pipeline', 'absurd_value', 1, '')
  const spool = keepingSpool()
  await issues.flush(spool, 2)
  expect(spool.rows().map(({ severity }) => severity)).toEqual(['hint', 'problem'])
})

test('subjects without end are counted as other, by reason, until the next flush', async () => {
  const issues = new IssueLog()
  for (let index = 0; index < 2000; index++) {
    issues.add('spans', 'no_ttft', 1, '', { subject: `client-${index}` })
    issues.add('spans', 'no_usage', 1, '', { subject: `client-${index}` })
  }
  issues.add('otlp_http', 'undecodable', 1, '')
  const spool = keepingSpool()
  await issues.flush(spool, 2)
  const rows = spool.rows()
  expect(rows).toHaveLength(503)
  const others = rows.filter(({ subject }) => subject === 'other')
  expect(others.map(({ reason, items }) => [reason, items])).toEqual([
    ['no_ttft', 1750],
    ['no_usage', 1750],
  ])
  expect(rows.at(-1)).toMatchObject({ reason: 'undecodable', subject: '', items: 1 })

  issues.add('spans', 'no_ttft', 1, '', { subject: 's'.repeat(9999) })
  await issues.flush(spool, 3)
  expect(spool.rows().at(-1)?.subject).toBe('s'.repeat(200))
})
