/** What the pages of rules ask, over alerts that really run. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Alerts } from '../../../alerts/index.ts'
import { parseRuleFile } from '../../../alerts/rule-file.ts'
import { alertsHarness, latencyRules, minute, t0, type Harness } from '../../../alerts/testing/harness.ts'
import { testStorage } from '../../../storage/testing.ts'
import { testDeps } from '../../../test/dashboard/serve.ts'
import { createApp } from '../app.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let alerts: Alerts
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage, latencyRules)
  await room.slowForTwoMinutes()
  alerts = await room.start()
  await room.clock.advance(2 * minute)
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

async function get(path: string, overrides: Partial<Alerts> = {}) {
  const app = createApp(testDeps(storage.reader, { alerts: { ...alerts, routing: null, ...overrides } }))
  const response = await app.request(path, { headers: { host: 'localhost:8080' } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('a rule: its text as the file has it, and its last evaluations', async () => {
  const { body } = await get('/api/alerts/rule?group=latency&id=HighP95Latency')
  expect(body).toMatchObject({
    yaml: expect.stringMatching(/^alert: HighP95Latency\nkind: latency\n.*summary: "P95 of [^\n]*$/s) as string,
    interval_ms: 30_000,
    evaluations: expect.arrayContaining([
      expect.objectContaining({ at: t0 + 2 * minute, outcome: 'ok', value: 8_000, instances: 1, caught_up: false }),
    ]) as unknown,
  })
  expect(await get('/api/alerts/rule?group=latency&id=None')).toMatchObject({
    status: 404,
    body: { error: { field: 'id' } },
  })
})

test('the list of rules leaves both out', async () => {
  const { body } = await get('/api/alerts')
  const [rule] = body['rules'] as object[]
  expect(rule).toMatchObject({ name: 'HighP95Latency', missed_ticks: 0 })
  expect(rule).not.toHaveProperty('evaluations')
  expect(rule).not.toHaveProperty('yaml')
})

test('which process evaluates', async () => {
  expect((await get('/api/alerts')).body).toMatchObject({ lease: { role: 'leader' } })
  const lease = { identity: 'b', role: 'follower', leader: 'a', fence: 2 } as const
  expect((await get('/api/alerts', { lease: () => lease })).body).toMatchObject({ lease })
})

test('an example of each kind, which is a rule', async () => {
  const { kinds } = (await get('/api/alerts/kinds')).body as { kinds: { name: string; yaml: string }[] }
  expect(kinds.map(({ name }) => name)).toContain('sql')
  for (const { yaml } of kinds) {
    const indented = yaml.replaceAll('\n', '\n        ')
    expect(parseRuleFile(`groups:\n  - name: g\n    rules:\n      - ${indented}`, 'a').problems).toEqual([])
  }
})
