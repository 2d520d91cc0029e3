/** Objectives of the rule files, as a client meets them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alertsHarness, type Harness } from '../../../alerts/testing/harness.ts'
import { testStorage } from '../../../storage/testing.ts'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { createApp } from '../app.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const rules = `
groups:
  - name: objectives
    rules:
      - { alert: ChatAvailability, kind: slo, objective: 99%, where: { endpoint: chat }, min_requests: 1, min_bad: 1 }
      - { alert: ChatTtft, kind: slo, objective: 90%, indicator: ttft, max_ttft: 1s, period: month, by: [endpoint] }
      - { alert: Slow, kind: latency, above: 1s }
`

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let app: ReturnType<typeof createApp>
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage, rules, noon)
  const alerts = await room.start()
  app = createApp(testDeps(storage.reader, { alerts }), { now: () => noon })
  await room.insertRequests(noon - 100_000, 95, 1_000, { endpoint: 'chat', ttft_ms: 100 })
  await room.insertRequests(noon - 100_000, 5, 1_000, { endpoint: 'chat', ttft_ms: 2_000, status: 'error' })
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

async function slos(query = ''): Promise<unknown[]> {
  const response = await app.request(`/api/slos${query}`, { headers: { host: 'localhost:8080' } })
  expect(response.status).toBe(200)
  return ((await response.json()) as { slos: unknown[] }).slos
}

test('budget, burn, windows and course of each objective', async () => {
  const [availability, ttft, ...rest] = await slos()
  expect(rest).toEqual([])
  const near = (value: number) => expect.closeTo(value, 9) as number
  expect(availability).toMatchObject({
    rule: 'ChatAvailability',
    group: 'objectives',
    slo: { objective: 0.99, indicator: 'availability', where: { endpoint: ['chat'] }, period: '30d' },
    period: { from: noon - 30 * 86_400_000, to: noon },
    step_ms: 6 * 3_600_000,
    groups: [
      {
        labels: {},
        requests: 100,
        bad: 5,
        good_ratio: 0.95,
        budget_left_ratio: near(-4),
        bad_left: near(-4),
        burn: near(5),
        windows: [
          { severity: 'page', threshold: near(14.4), long_burn: near(5), short_burn: near(5), holds: false },
          { severity: 'page', threshold: near(6), holds: false },
          { severity: 'ticket', threshold: near(3), holds: true },
          { severity: 'ticket', threshold: near(1), holds: true },
        ],
        course: [{ at: noon - 6 * 3_600_000, requests: 100, bad: 5, budget_left_ratio: near(-4) }],
      },
    ],
  })
  expect(ttft).toMatchObject({
    rule: 'ChatTtft',
    period: { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 11, 1) },
    groups: [{ labels: { endpoint: 'chat' }, budget_left_ratio: near(0.5) }],
  })
})

test('one objective, and its SQL', async () => {
  expect(await slos('?rule=ChatTtft&group=objectives')).toMatchObject([{ rule: 'ChatTtft' }])
  expect(await slos('?rule=none')).toEqual([])
  const response = await app.request('/api/slos?explain=1', { headers: { host: 'localhost:8080' } })
  const { explain } = (await response.json()) as { explain: { sql: string }[] }
  expect(explain).toHaveLength(4)
  expect((await app.request('/api/slos?model=x', { headers: { host: 'localhost:8080' } })).status).toBe(400)
})
