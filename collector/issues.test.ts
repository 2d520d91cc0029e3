import { expect, test } from 'vitest'
import { IssueLog } from './issues.ts'
import type { Batch } from './spool/index.ts'

test('items add up by source and reason; what the spool does not take is kept for the next flush', async () => {
  const issues = new IssueLog()
  issues.add('otlp_http', 'zero_trace_id', 2, 'first')
  issues.add('otlp_http', 'zero_trace_id', 3, 'second')
  await issues.flush({ append: () => Promise.reject(new Error('full')) }, 1)
  issues.add('otlp_http', 'zero_trace_id', 1, 'third')
  issues.add('scrape', 'zero_trace_id', 1, 'x'.repeat(9999))

  const batches: Batch[] = []
  const spool = { append: async (batch: Batch) => void batches.push(batch) }
  await issues.flush(spool, 2)
  await issues.flush(spool, 3)
  expect(batches).toEqual([
    {
      ingest_issues: [
        { timestamp: 2000, source: 'otlp_http', reason: 'zero_trace_id', items: 6, example: 'first' },
        { timestamp: 2000, source: 'scrape', reason: 'zero_trace_id', items: 1, example: 'x'.repeat(500) },
      ],
    },
  ])
  expect(issues.counts()).toEqual({ 'otlp_http zero_trace_id': 6, 'scrape zero_trace_id': 1 })
})
