import { afterEach, beforeEach, expect, test } from 'vitest'
import { composeNotification } from '../compose.ts'
import { discord } from './discord.ts'
import type { Memory } from './notifier.ts'
import { createPost, redactor } from './post.ts'
import { discordStandIn } from './testing/discord.ts'

const now = Date.UTC(2026, 10, 21, 10)

let server: Awaited<ReturnType<typeof discordStandIn>>
beforeEach(async () => {
  server = await discordStandIn()
})
afterEach(() => server.stop())

function send(status: 'firing' | 'resolved', memory: Memory | null) {
  const { signal } = new AbortController()
  const post = createPost({ fetch, now: () => now, secrets: [], signal })
  const tools = { post, memory, attempt: 1, signal, timeoutMs: 10_000, redact: redactor([]) }
  const alert = {
    fingerprint: '0123456789abcdef',
    labels: { alertname: 'Down' },
    annotations: {},
    value: null,
    starts_at: now,
    ends_at: status === 'firing' ? null : now,
  }
  const group = { receiver: 'r', key: 'k', labels: {}, next_flush_at: now, alerts: {}, channels: {} }
  const log = { told: { firing: [alert.fingerprint], at: now }, outbox: null }
  const notification = composeNotification(group, log, [alert], { id: 'n', reason: 'first', now, externalUrl: '' })
  return discord.send(notification, discord.config.parse({ type: 'discord', webhook_url: server.webhookUrl }), tools)
}

test('where something else takes the webhook there is no message to edit', async () => {
  server.failNext({ status: 200, body: 'ok' })
  expect(await send('firing', null)).toBeNull()
})

test.each([403, 404, 405])('an edit that is refused with %i keeps nobody from hearing of the end', async (status) => {
  server.failNext({ status })
  await send('resolved', { id: '1' })
  expect(server.messages).toHaveLength(1)
})

test('an edit that may pass later is tried again', async () => {
  server.failNext({ status: 503 })
  await expect(send('resolved', { id: '1' })).rejects.toMatchObject({ retryable: true })
  expect(server.messages).toHaveLength(0)
})
