/** What channels are told, over real ClickHouse and stand-ins that fail as vendors do. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { alertmanagerStandIn } from './notify/testing/alertmanager.ts'
import { pagerdutyRateLimited } from './notify/testing/pagerduty.ts'
import { slackRateLimited } from './notify/testing/slack.ts'
import { previewNotification } from './preview.ts'
import { testStorage } from '../storage/testing.ts'
import {
  alertsHarness,
  latencyRules,
  minute,
  second,
  states,
  t0,
  type Harness,
  type LeadingAlerts,
} from './testing/harness.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage)
})
afterEach(() => room.stop())

test('a vendor that is down holds up neither evaluation nor the others, and hears of what fired and resolved', async () => {
  await room.slowForTwoMinutes()
  room.slack.failNext(...Array.from({ length: 10 }, () => ({ status: 503 })))
  room.pagerduty.failNext(pagerdutyRateLimited('900'))
  const alerts = await room.start()
  await room.clock.advance(2 * minute)
  expect(room.webhook.messages).toHaveLength(1)
  expect(alerts.channels()).toMatchObject([
    { channel: 'slack', healthy: false, queued: 1, last_error: expect.stringMatching(/answered 503/) },
    { channel: 'pagerduty', healthy: false, queued: 1, retry_at: t0 + 2 * minute + 900 * second },
    { channel: 'webhook', healthy: true, queued: 0, retry_at: null },
  ])
  await room.clock.advance(14 * minute)
  // Retry-After is honoured: one attempt so far, though the alert has resolved.
  expect(room.pagerduty.requests).toHaveLength(1)
  expect(states(alerts)).toEqual([])
  await room.clock.advance(30 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  expect(room.pagerduty.dropped).toEqual([])
  expect(room.slack.messages).toMatchObject([
    { text: expect.stringContaining('[FIRED &amp; RESOLVED] HighP95Latency') },
  ])
  expect(alerts.channels()).toMatchObject([{ healthy: true }, { healthy: true }, { healthy: true }])
})

test('messages go out by the fetch that the room was given', async () => {
  await room.slowForTwoMinutes()
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    asked.push(input instanceof Request ? input.url : String(input))
    return globalThis.fetch(input, init)
  }
  await room.start({ fetch })
  await room.clock.advance(2 * minute)
  expect(asked).toEqual([room.slack.webhookUrl, room.pagerduty.enqueueUrl, room.webhook.hookUrl])
})

test('Retry-After holds for everything that the channel has to tell', async () => {
  await room.slowForTwoMinutes()
  await room.slowForTwoMinutes('llama')
  room.pagerduty.failNext(pagerdutyRateLimited('240'))
  const alerts = await room.start()
  await room.clock.advance(5 * minute)
  expect(room.pagerduty.requests).toHaveLength(1)
  expect(alerts.channels()[1]).toMatchObject({ channel: 'pagerduty', queued: 2 })
  await room.clock.advance(2 * minute)
  expect(room.pagerduty.incidents).toHaveLength(2)
})

test.each(['86400', '99999999999999999'])(
  'a vendor that wants silence for %s s is asked again soon',
  async (seconds) => {
    await room.slowForTwoMinutes()
    await room.slowForTwoMinutes('llama')
    room.pagerduty.failNext(pagerdutyRateLimited(seconds))
    const alerts = await room.start()
    await room.clock.advance(2 * minute)
    expect(alerts.channels()[1]).toMatchObject({
      queued: 2,
      retry_at: t0 + 17 * minute,
      waiting_since: t0 + 2 * minute,
    })
    await room.clock.advance(15 * minute)
    expect(room.pagerduty.incidents).toHaveLength(2)
    expect(alerts.channels()[1]).toMatchObject({ queued: 0, waiting_since: null })
    await alerts.stop()
    expect(await room.notifications()).toContainEqual(
      expect.objectContaining({ channel: 'pagerduty', outcome: 'retry' }),
    )
  },
)

test('what fires and resolves while its group waits to be told is told with it', async () => {
  room.config.route.group_by = ['alertname']
  await room.insertRequests(t0, 120, 10 * second, { model: 'gpt-4o', duration_ms: 8_000 })
  await room.slowForTwoMinutes('llama', t0 + 2 * minute)
  room.slack.failNext(slackRateLimited(15 * 60))
  await room.start()
  await room.clock.advance(18 * minute)
  expect(room.slack.messages).toMatchObject([{ text: expect.stringMatching(/FIRING:1[^]*gpt-4o[^]*llama/) }])
})

test('an outbox survives a restart', async () => {
  await room.slowForTwoMinutes()
  room.slack.failNext(...Array.from({ length: 50 }, () => slackRateLimited(60)))
  const before = await room.start()
  await room.clock.advance(5 * minute)
  expect(room.slack.messages).toEqual([])
  await before.stop()
  room.slack.recover()
  const attempts = room.slack.requests.length
  await room.start()
  await room.clock.advance(10 * minute)
  expect(room.slack.requests.length).toBeGreaterThan(attempts)
  expect(room.slack.messages.map(({ color }) => color)).toEqual(['#d64545', '#2f9e62'])
  expect(room.pagerduty.incidents).toMatchObject([{ triggers: 1 }])
})

/** Somebody takes on the only group; says what PagerDuty hears from then on. */
function acknowledge({ routing }: LeadingAlerts): () => string[] {
  const before = room.pagerduty.requests.length
  const [group] = routing.groups()
  routing.act(group?.id ?? '', { action: 'acknowledge', who: 'ada', comment: '' })
  return () => room.pagerduty.requests.slice(before).map(({ body }) => JSON.parse(body).event_action)
}

test('an acknowledgement is tried again until its vendor has it, over a restart too', async () => {
  await room.slowForTwoMinutes()
  const before = await room.start()
  await room.clock.advance(2 * minute)
  room.pagerduty.failNext({ status: 500 }, 'lost', pagerdutyRateLimited('30'))
  const heard = acknowledge(before)
  await room.clock.advance(10 * second)
  expect(heard()).toEqual(['acknowledge', 'acknowledge', 'acknowledge'])
  await before.stop()
  await room.start()
  await room.clock.advance(30 * second)
  expect(heard()).toEqual(['acknowledge', 'acknowledge', 'acknowledge', 'acknowledge'])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'acknowledged' }])
})

test('an acknowledgement waits behind the trigger of its incident', async () => {
  await room.slowForTwoMinutes()
  room.pagerduty.failNext({ status: 500 }, { status: 500 })
  const alerts = await room.start()
  await room.clock.advance(2 * minute)
  const heard = acknowledge(alerts)
  await room.clock.advance(20 * second)
  expect(heard()).toEqual(['trigger', 'trigger', 'acknowledge'])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'acknowledged', triggers: 1 }])
})

test('what somebody gave back before its vendor heard of it is acknowledged there once somebody takes it on', async () => {
  await room.slowForTwoMinutes()
  const alerts = await room.start()
  await room.clock.advance(2 * minute)
  room.pagerduty.failNext({ status: 500 }, { status: 500 })
  const heard = acknowledge(alerts)
  await room.clock.advance(0)
  const [group] = alerts.routing.groups()
  alerts.routing.act(group?.id ?? '', { action: 'unacknowledge', who: 'ada', comment: '' })
  await room.clock.advance(minute)
  expect(heard()).toEqual(['acknowledge'])
  const again = acknowledge(alerts)
  await room.clock.advance(10 * second)
  expect(again()).toEqual(['acknowledge', 'acknowledge'])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'acknowledged' }])
})

test('a refusal for good is shown, not retried before the next flush', async () => {
  await room.slowForTwoMinutes()
  room.slack.failNext({ status: 404, body: 'no_service' })
  const alerts = await room.start()
  await room.clock.advance(2 * minute + 59 * second)
  expect(room.slack.requests).toHaveLength(1)
  expect(alerts.channels()[0]).toMatchObject({
    healthy: false,
    last_error: expect.stringContaining('404 no_service'),
    queued: 0,
  })
  await alerts.stop()
  const rows = await room.notifications()
  expect(rows.filter(({ channel }) => channel === 'slack')).toMatchObject([
    { ok: false, outcome: 'failed', http_status: 404, retry_at: null },
  ])
})

test('no secret in tables, logs or what is shown', async () => {
  await room.slowForTwoMinutes()
  room.slack.failNext({ status: 403, body: `invalid_token ${room.slack.webhookUrl}` })
  room.pagerduty.failNext({ status: 500, body: `no ${room.pagerduty.routingKey}` })
  const alerts = await room.start()
  await room.clock.advance(9 * minute)
  await alerts.stop()
  const tables = ['alert_state', 'alert_groups', 'alert_events', 'notifications']
  const rows = await Promise.all(tables.map((table) => storage.db.query(`select * from ${table}`)))
  expect(rows.every((table) => table.length > 0)).toBe(true)
  const shown = JSON.stringify([rows, room.logs, alerts.channels(), alerts.rules(), alerts.active()])
  for (const secret of ['k3yK3yK3y', room.pagerduty.routingKey, 't0k3n-t0k3n']) expect(shown).not.toContain(secret)
  expect(shown).toContain('invalid_token')
})

test('a group that still fires is told again after repeat_interval, and a new alert of it at the next flush', async () => {
  room.config.route.group_by = ['alertname']
  room.writeRules(latencyRules.replace('interval: 30s', 'interval: 2m'))
  await room.insertRequests(t0, 700, 10 * second, { model: 'gpt-4o', duration_ms: 8_000 })
  await room.insertRequests(t0 + 10 * minute, 12, 10 * second, { model: 'llama', duration_ms: 9_000 })
  const alerts = await room.start()
  await room.clock.advance(105 * minute)
  await alerts.stop()
  const rows = (await room.notifications()).filter(({ channel }) => channel === 'webhook')
  expect(rows.map(({ reason }) => reason)).toEqual(['first', 'new_alerts', 'resolved', 'repeat'])
  expect(room.webhook.messages.map(({ alerts: { length } }) => length)).toEqual([1, 2, 2, 1])
})

test('a channel that wants no word of ends hears of what begins alone, and of what begins again', async () => {
  const hook = room.config.receivers[0]?.notify.find(({ type }) => type === 'webhook')
  if (hook) hook.send_resolved = false
  await room.slowForTwoMinutes()
  const alerts = await room.start()
  await room.clock.advance(30 * minute)
  expect(states(alerts)).toEqual([])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved', triggers: 1 }])
  expect(room.webhook.messages.map(({ status }) => status)).toEqual(['firing'])
  await room.insertRequests(room.clock.now(), 12, 10 * second, { model: 'gpt-4o', duration_ms: 8_000 })
  await room.clock.advance(30 * minute)
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved' }, { status: 'resolved' }])
  expect(room.webhook.messages.map(({ status }) => status)).toEqual(['firing', 'firing'])
})

test('a test notification tries every channel and leaves nothing open', async () => {
  room.webhook.failNext({ status: 401, body: 'who?' })
  const alerts = await room.start()
  expect(await alerts.testNotification('on-call')).toMatchObject([
    { channel: 'slack', ok: true },
    { channel: 'pagerduty', ok: true },
    { channel: 'webhook', ok: false, error: expect.stringContaining('401 who?') },
  ])
  expect(room.pagerduty.incidents).toMatchObject([{ status: 'resolved' }])
  await expect(alerts.testNotification('nobody')).rejects.toThrow(RangeError)
})

test('Alertmanager hears of what fires every minute with an end ahead, and of the end as soon as it is one', async () => {
  const peer = await alertmanagerStandIn()
  const down = await alertmanagerStandIn()
  await down.stop()
  await room.slowForTwoMinutes()
  room.config.receivers[0]?.notify.push({
    type: 'alertmanager',
    urls: [down.url, peer.url],
    headers: {},
    allow_http: false,
    send_resolved: true,
  })
  const alerts = await room.start()
  await room.clock.advance(5 * minute)
  const [alert] = peer.alerts.values()
  expect(alert?.posts).toBeGreaterThanOrEqual(3)
  expect(alert?.endsAt).toBeGreaterThan(room.clock.now() + 2 * minute)
  await room.clock.advance(5 * minute)
  expect([...peer.alerts.values()]).toMatchObject([{ endsAt: t0 + 7 * minute }])
  await alerts.stop()
  // What was told again is no notification of its own.
  const rows = (await room.notifications()).filter(({ channel }) => channel === 'alertmanager')
  expect(rows.map(({ status }) => status)).toEqual(['firing', 'resolved'])
  expect(peer.problems).toEqual([])
  await peer.stop()
})

test('messages carry what storage knows, and a preview of a real alert the same', async () => {
  await room.slowForTwoMinutes()
  const alerts = await room.start()
  await room.clock.advance(2 * minute)
  expect(room.slack.messages[0]?.blocks).toMatch(/8 s, above 5 s[^]*Affected: 12 requests/)
  expect(room.slack.messages[0]?.blocks).toContain('/alerts/silence?matcher=')
  const { config, directory: baseDir } = room
  const asked = { config, baseDir, receiver: 'on-call', resolved: false, now: room.clock.now() }
  const requests = room.slack.requests.length
  const [slack] = await previewNotification({ ...asked, alert: 'HighP95Latency' }, storage.reader)
  expect(slack?.text).toContain('Affected: 12 requests')
  expect(room.slack.requests).toHaveLength(requests)
  await expect(previewNotification({ ...asked, alert: 'Nope' }, storage.reader)).rejects.toThrow(/HighP95Latency/)
  await alerts.stop()
})
