/** A rule that holds for nothing is not one without data: its `presence` finds what it measures while all is well. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyGpu } from '../../collector/scrape/gpu.ts'
import { emptyRequest } from '../../records/llm-request.ts'
import { testStorage } from '../../storage/testing.ts'
import { store } from '../../test/dashboard/store.ts'
import { hasData, rangeAt } from '../ask.ts'
import { parseRuleFile } from '../rule-file.ts'

const at = Date.UTC(2026, 10, 21, 10)
const timestamp = (at - 30_000) * 1000

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  const { db } = storage
  await db.insert('requests', [
    { ...emptyRequest(), timestamp, endpoint: 'chat', team: 'a', duration_ms: 100, cost_usd: 0.01 },
  ])
  await store(db, 'gpu_samples', [emptyGpu({ timestamp, target: 'http://g', host: 'a', fallbackHost: '' })])
  await db.insert('targets', [{ timestamp, url: 'http://a', kind: 'vllm', endpoint: 'chat', state: 'up' }])
})
afterAll(() => storage.stop())

const rules = [
  ['budget', { kind: 'budget', amount: '$1000', by: ['team'] }, { team: 'b' }],
  ['slo', { kind: 'slo', objective: '99%' }, { endpoint: 'other' }],
  ['anomaly', { kind: 'anomaly', measure: 'requests' }, { endpoint: 'other' }],
  ['target', { kind: 'target', measure: 'down', above: '2m' }, { url: 'http://b' }],
  ['target, unrecognised', { kind: 'target', measure: 'unrecognised', above: 0 }, { url: 'http://b' }],
  ['gpu, xid', { kind: 'gpu', measure: 'xid', above: 0 }, { host: 'b' }],
] as const

test.each(rules)('%s', async (_, rule, none) => {
  const present = (where: object) => {
    const file = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', ...rule, where }] }] })
    const { groups, problems } = parseRuleFile(file, 'rules.yaml')
    expect(problems).toEqual([])
    const parsed = groups[0]?.rules[0]
    if (!parsed) throw new Error('no rule')
    return hasData(storage.reader, parsed.presence(rangeAt(parsed, at, 0)), AbortSignal.timeout(60_000))
  }
  expect(await present({})).toBe(true)
  expect(await present(none)).toBe(false)
})
