/** What the overview shows at its fullest: a past to compare with, endpoints in every state, a fault, alerts, a budget, changes. */
import { alertsHarness, type Harness } from '../../alerts/testing/harness.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import { storeAnnotation } from '../../storage/queries/annotations.ts'
import type { testStorage } from '../../storage/testing.ts'
import { requests, trace } from './seed.ts'
import { storeFleet } from './seed-fleet.ts'
import { store } from './store.ts'

const minute = 60_000
const day = 1440 * minute

export const evil = '<img src=x onerror="window.hurt = true">'

/** For a third of the hour one request in three failed: of an hour a tenth. */
const rules = `
groups:
  - name: overview
    rules:
      - { alert: ManyErrors, kind: error_ratio, window: 1h, by: [endpoint], above: 2%, min_requests: 20, labels: { severity: critical } }
      - { alert: Available, kind: slo, indicator: availability, objective: 99%, by: [endpoint], period: 7d }
      - { alert: DailyBudget, kind: budget, amount: $5, period: day }
`

/** The hour before `now`, epoch ms, is what pages are asked about. Rows by their time, the earliest first. */
function overviewRequests(now: number): LlmRequest[] {
  const recent = requests(now, 120).map((row, index) =>
    Object.assign(row, {
      session_id: `session-${index % 50}`,
      context_window: row.provider === 'vllm' ? 8192 : 128_000,
      model_version: row.timestamp / 1000 > now - 25 * minute ? '2' : '1',
    }),
  )
  const past = Array.from({ length: 2 }, (_, back) => requests(now - (back + 1) * day, 20, back + 2)).flat()
  const retired = past.slice(0, 30).map((row, index) => copy(row, index, { endpoint: 'retired', model: 'gpt-3.5' }))
  // Few each, so that nothing can be said of them.
  const small = recent
    .filter(({ status, timestamp }) => status === 'ok' && timestamp / 1000 > now - 50 * minute)
    .slice(0, 40)
    .map((row, index) => copy(row, 100 + index, { endpoint: `edge-${(index % 8) + 1}` }))
  const hostile = recent.slice(-4).map((row, index) =>
    copy(row, 200 + index, {
      timestamp: row.timestamp - 1,
      endpoint: `${evil}/x`,
      model: evil,
      user_id: evil,
      session_id: evil,
      team: evil,
      model_version: evil,
      cost_usd: 4,
      error_type: evil,
      status: 'error',
    }),
  )
  return [...retired, ...past, ...recent, ...small, ...hostile].toSorted((a, b) => a.timestamp - b.timestamp)
}

const copy = (row: LlmRequest, id: number, fields: Partial<LlmRequest>): LlmRequest => ({
  ...row,
  trace_id: id.toString(16).padStart(32, 'c'),
  span_id: id.toString(16).padStart(16, 'c'),
  ...fields,
})

/** Stores it all, and starts the alerts over it. */
export async function seedOverview(
  storage: Awaited<ReturnType<typeof testStorage>>,
  now: number,
): Promise<{ rows: LlmRequest[]; room: Harness; alerts: Awaited<ReturnType<Harness['start']>> }> {
  const room = await alertsHarness(storage, rules, now)
  const rows = overviewRequests(now)
  await store(storage.db, 'requests', rows)
  await store(storage.db, 'spans', rows.slice(-50).flatMap(trace))
  await storeFleet(storage.db, now, 120)
  const mark = { end_timestamp: null, labels: {}, url: '', created_by: 'ci' }
  const deploy = { id: 'a', timestamp: now - 40 * minute, kind: 'deploy', title: 'chat 1.4.2', text: 'canary' } as const
  const config = { id: 'b', timestamp: now - 20 * minute, kind: 'config', title: evil, text: evil } as const
  for (const one of [deploy, config]) await storeAnnotation(storage.db, { ...mark, ...one })
  await storage.rollups.flush()
  const alerts = await room.start()
  await room.clock.advance(minute)
  return { rows, room, alerts }
}
