/** A request by its ids: in the minutes that are noted as it is stored, and, of rows that a former version stored, anywhere. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest } from '../../records/llm-request.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { costExplanation } from './cost.ts'
import { requestDetail } from './requests.ts'

const start = Date.UTC(2026, 10, 21, 12)
const minute = 60_000
const long = 'c'.repeat(32)
const request = (trace_id: string, span: number, at: number) => ({
  ...emptyRequest(),
  timestamp: at * 1000,
  trace_id,
  span_id: String(span).padStart(16, '0'),
  model: 'm',
  cost_usd: span / 1000,
  version: 1,
})
const one = request('a'.repeat(32), 1, start)
const twoOfOneTrace = [
  request('b'.repeat(32), 2, start - 20 * 24 * 60 * minute),
  request('b'.repeat(32), 3, start + 59_999),
]
/** More minutes than are looked at one by one. */
const conversation = Array.from({ length: 120 }, (_, id) => request(long, 1000 + id, start + id * 3 * minute))

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', [one, ...twoOfOneTrace, ...conversation])
})
afterAll(() => storage.stop())

const found = async ({ trace_id, span_id }: { trace_id: string; span_id: string }) => {
  const detail = await requestDetail(storage.reader, trace_id, span_id)
  const cost = await costExplanation(storage.reader, trace_id, span_id)
  return [detail?.timestamp_us, detail?.span_id, cost !== null]
}

test('every request is found, and nothing by ids that are not there', async () => {
  for (const row of [one, ...twoOfOneTrace, conversation[0] ?? one, conversation[119] ?? one])
    expect(await found(row)).toEqual([row.timestamp, row.span_id, true])
  for (const ids of [
    { trace_id: 'd'.repeat(32), span_id: one.span_id },
    { trace_id: one.trace_id, span_id: 'x' },
  ])
    expect(await found(ids)).toEqual([undefined, undefined, false])
})

test('the minutes of every stored request are noted', async () => {
  const [row] = await storage.reader.query(
    `select count() as requests, countIf((toUInt32(cityHash64(trace_id)), intDiv(toUnixTimestamp(timestamp), 60)) in (select trace, minute from trace_minutes)) as noted
    from requests`,
  )
  expect(row).toEqual({ requests: 123, noted: 123 })
})

test('a request that another one of its trace is noted without, and a trace that is not noted at all', async () => {
  const [early = one, late = one] = twoOfOneTrace
  await storage.db.command(
    'delete from trace_minutes where minute = {minute:UInt32} settings lightweight_deletes_sync = 2',
    {
      minute: Math.floor(late.timestamp / 60e6),
    },
  )
  for (const row of [early, late, one]) expect(await found(row)).toEqual([row.timestamp, row.span_id, true])
})
