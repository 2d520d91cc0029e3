/** A bot's conversation: what it edits, where it replies, and what it does when Slack is in the way. The contract test has the rest. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { composeNotification } from '../compose.ts'
import type { Notification, NotificationReason } from './notification.ts'
import { DeliveryError, type Memory, type Tools } from './notifier.ts'
import { createPost } from './post.ts'
import { slack } from './slack.ts'
import { slackStandIn, type SlackStandIn } from './testing/slack.ts'

let server: SlackStandIn
beforeEach(async () => {
  server = await slackStandIn()
})
afterEach(() => server.stop())

const now = Date.UTC(2026, 10, 21, 10)
const group = { receiver: 'r', key: '{}:{alertname="X"}', labels: {}, next_flush_at: 0, alerts: {}, channels: {} }

function notification(id: string, reason: NotificationReason, ends_at: number | null = null): Notification {
  const labels = { alertname: 'X' }
  const alert = { fingerprint: 'f'.repeat(16), labels, annotations: {}, value: 1, starts_at: now - 600_000, ends_at }
  const told = { told: { firing: ['x'], at: now }, outbox: null }
  return composeNotification(group, told, [alert], { id, reason, now, externalUrl: '' })
}

function send(message: Notification, memory: Memory | null, attempt = 1): Promise<Memory | null> {
  const { apiUrl: api_url, botToken: bot_token, channelId: channel } = server
  const config = slack.config.parse({ type: 'slack', api_url, bot_token, channel })
  const { signal } = new AbortController()
  const post = createPost({ fetch, now: () => now, secrets: [], signal })
  const tools: Tools = { post, memory, attempt, signal, timeoutMs: 10_000, redact: (text) => text }
  return slack.send(message, config, tools)
}

const threads = () =>
  server.posts.map(({ thread_ts, text, edits }) => `${thread_ts ? '> ' : ''}${text.split(' X')[0] ?? ''} ${edits}`)

test('one message, edited as things change, and replies that reach people', async () => {
  const memory = await send(notification('1', 'first'), null)
  expect(memory).toEqual({ channel: server.channelId, ts: server.posts[0]?.ts })
  expect(await send(notification('2', 'repeat'), memory)).toEqual(memory)
  expect(await send(notification('3', 'resolved', now), memory)).toBeNull()
  expect(threads()).toEqual(['🟢 [RESOLVED] 2', '> 🔴 [FIRING:1] 0', '> 🟢 [RESOLVED] 0'])
  expect(server.posts[2]?.text).toContain('10m 00s')
  expect(server.problems).toEqual([])
})

test('a message that is gone is written anew', async () => {
  const memory = await send(notification('1', 'first'), null)
  server.posts.splice(0)
  const again = await send(notification('2', 'repeat'), memory)
  expect(again).toEqual({ channel: server.channelId, ts: server.posts[0]?.ts })
  expect(threads()).toEqual(['🔴 [FIRING:1] 0'])
})

test('a message whose answer was lost is found again, and shows what is true by now', async () => {
  server.failNext('lost')
  await expect(send(notification('1', 'first'), null)).rejects.toThrow(DeliveryError)
  const memory = await send(notification('1', 'first'), null, 2)
  expect(memory).toEqual({ channel: server.channelId, ts: server.posts[0]?.ts })
  expect(server.posts).toHaveLength(1)
  // The edit arrives, and the reply, whose answer is lost.
  const over = notification('2', 'resolved', now)
  await send(over, memory, 1)
  await send(over, memory, 2)
  expect(threads()).toEqual(['🟢 [RESOLVED] 3', '> 🟢 [RESOLVED] 0'])
})

test.each([
  ['ratelimited', true],
  ['invalid_auth', false],
  ['not_in_channel', false],
])('ok: false, %s: retryable %s', async (error, retryable) => {
  server.failNext({ status: 200, body: JSON.stringify({ ok: false, error }) })
  await expect(send(notification('1', 'first'), null)).rejects.toMatchObject({ retryable })
})

test('a bot that may not read the channel still writes', async () => {
  server.failNext({ status: 200, body: JSON.stringify({ ok: false, error: 'missing_scope' }) })
  expect(await send(notification('1', 'first'), null, 2)).not.toBeNull()
  expect(server.posts).toHaveLength(1)
})

/** With a chart; its link only where the dashboard is public. */
function charted(id: string, url: string, reason: NotificationReason = 'first'): Notification {
  const bare = notification(id, reason)
  const chart = { alt: 'X: 5 s at the end', url, png: () => Promise.resolve(Uint8Array.from([0x89, 0x50, 0x4e, 0x47])) }
  const briefing = {
    unit: 'ms',
    threshold: null,
    normal: null,
    peak: null,
    affected: null,
    causes: [],
    chart,
    page: '/requests',
    window_ms: 300_000,
    filter: {},
  } as const
  return { ...bare, alerts: bare.alerts.map((alert) => Object.assign({}, alert, { briefing })) }
}
const link = 'https://watch.example/chart.png'

test('the chart stands in the thread as a file, and no edit links it too', async () => {
  const memory = await send(charted('1', link), null)
  expect(server.files).toEqual([{ id: 'F1', bytes: 4, thread_ts: memory?.['ts'] }])
  expect(server.posts[0]?.blocks).not.toContain(link)
  await send(charted('2', link, 'repeat'), memory)
  expect(server.posts[0]?.blocks).not.toContain(link)
  expect(server.files).toHaveLength(1)
  expect(server.problems).toEqual([])
})

test('an app that may not send files links the chart', async () => {
  server.refusesFiles = true
  expect(await send(charted('1', link), null)).not.toHaveProperty('file')
  expect(server.posts[0]?.blocks).toContain(link)
  await send(charted('2', ''), null)
  expect(server.posts).toHaveLength(2)
})
