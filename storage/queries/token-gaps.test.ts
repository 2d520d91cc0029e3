import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { gapBucket } from '../../records/token-gaps.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { tokenGaps } from './token-gaps.ts'

const noon = Date.UTC(2026, 10, 21, 12)
let storage: Awaited<ReturnType<typeof testStorage>>
let ids = 0

function call(model: string, gaps: readonly number[]): LlmRequest {
  ids += 1
  const itl_ms_counts: number[] = []
  for (const gap of gaps) {
    const bucket = gapBucket(gap)
    while (itl_ms_counts.length <= bucket) itl_ms_counts.push(0)
    itl_ms_counts[bucket] = (itl_ms_counts[bucket] ?? 0) + 1
  }
  return { ...emptyRequest(), timestamp: noon * 1000, trace_id: `${ids}`, span_id: `${ids}`, model, itl_ms_counts }
}

beforeAll(async () => {
  storage = await testStorage()
  const steady = Array.from({ length: 98 }, () => 20)
  await store(storage.db, 'requests', [call('a', steady), call('a', [20, 900]), call('b', [5]), call('a', [])])
})
afterAll(() => storage.stop())

test('percentiles of all gaps, however few streams have the long ones', async () => {
  const rows = await tokenGaps(storage.reader, {}, { from: noon - 1, to: noon + 1 })
  expect(rows.map(({ model, requests, gaps }) => [model, requests, gaps])).toEqual([
    ['a', 2, 100],
    ['b', 1, 1],
  ])
  const [a] = rows
  // Of 100 gaps 99 took 20 ms: only beyond the 99th is one of 900.
  for (const quantile of [a?.p50_ms, a?.p95_ms, a?.p99_ms]) expect(Math.abs((quantile ?? 0) / 20 - 1)).toBeLessThan(0.2)
  expect(await tokenGaps(storage.reader, { model: 'nobody' }, { from: noon - 1, to: noon + 1 })).toEqual([])
})
