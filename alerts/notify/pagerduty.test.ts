import { afterEach, beforeEach, expect, test } from 'vitest'
import { channelsOf } from '../channel.ts'
import { alertsConfig } from '../config.ts'
import { composeNotification } from '../compose.ts'
import { acknowledge, attempt } from '../deliver.ts'
import { manualClock } from '../testing/manual-clock.ts'
import { pagerduty } from './pagerduty.ts'
import { createPost } from './post.ts'
import { pagerdutyStandIn, type PagerdutyStandIn } from './testing/pagerduty.ts'

let server: PagerdutyStandIn
beforeEach(async () => {
  server = await pagerdutyStandIn()
})
afterEach(() => server.stop())

const now = Date.UTC(2026, 10, 21, 10)
const { signal } = new AbortController()
const sender = { clock: manualClock(now), fetch, random: () => 1, signal }

test('an acknowledgement reaches the incident, and is asked of no vendor that knows none', async () => {
  const notify = [
    { type: 'pagerduty', routing_key: server.routingKey, url: server.enqueueUrl },
    { type: 'webhook', url: 'https://example.com/hook' },
  ]
  const [pager, other] = alertsConfig.parse({ receivers: [{ name: 'r', notify }] }).receivers.flatMap(channelsOf)
  if (!pager || !other) throw new Error('no channels')
  const alert = { fingerprint: 'f', labels: {}, annotations: {}, value: 1, starts_at: now, ends_at: null }
  const group = { receiver: 'r', key: 'the key', labels: {}, next_flush_at: 0, alerts: {}, channels: {} }
  const occasion = { id: 'n', reason: 'first', now, externalUrl: '' } as const
  const firing = composeNotification(group, { told: null, outbox: null }, [alert], occasion)
  await attempt(pager, firing, { memory: null, attempts: 1 }, sender)
  expect(acknowledge(other, 'the key', 1, sender)).toBeNull()
  expect(await acknowledge(pager, 'the key', 1, sender)).toMatchObject({ outcome: 'sent' })
  expect(server.incidents).toMatchObject([{ status: 'acknowledged' }])
  expect(server.problems).toEqual([])
})

test('a change stands on the time line and notifies nobody', async () => {
  const post = createPost({ fetch, now: () => now, secrets: [], signal })
  const tools = { post, memory: null, attempt: 1, signal, timeoutMs: 1_000, redact: (text: string) => text }
  const config = pagerduty.config.parse({
    type: 'pagerduty',
    routing_key: server.routingKey,
    url: server.enqueueUrl,
  })
  await pagerduty.change?.({ summary: 'v2', at: now, details: { model: 'a' }, links: [] }, config, tools)
  expect(server.changes).toEqual(['v2'])
  expect(server.incidents).toEqual([])
  expect(server.problems).toEqual([])
})
