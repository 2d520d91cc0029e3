/** Every notifier of the list, against a stand-in that checks its vendor's contract. */
import { readFileSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { composeNotification } from '../compose.ts'
import { groupKey, type AlertGroup, type GroupedAlert } from '../group.ts'
import { fingerprint } from '../labels.ts'
import { notifiers } from './index.ts'
import type { Notification } from './notification.ts'
import { DeliveryError, type Notifier } from './notifier.ts'
import { createPost, secretsOf } from './post.ts'
import { pagerdutyStandIn } from './testing/pagerduty.ts'
import type { StandIn } from './testing/server.ts'
import { slackStandIn } from './testing/slack.ts'
import { webhookStandIn } from './testing/webhook.ts'

interface Vendor {
  server: StandIn
  /** Points at the stand-in. */
  config: Record<string, string>
  secret: string
  /** How many messages the vendor took. */
  taken: () => number
}

/** A notifier without a stand-in fails the test of its type. */
const vendors: Record<string, () => Promise<Vendor>> = {
  async slack() {
    const server = await slackStandIn()
    const config = { type: 'slack', webhook_url: server.webhookUrl }
    return { server, config, secret: 'k3yK3yK3yK3yK3yK3yK3yK3y', taken: () => server.messages.length }
  },
  async pagerduty() {
    const server = await pagerdutyStandIn()
    const config = { type: 'pagerduty', routing_key: server.routingKey, url: server.enqueueUrl }
    return { server, config, secret: server.routingKey, taken: () => server.incidents.length }
  },
  async webhook() {
    const server = await webhookStandIn()
    const config = { type: 'webhook', url: server.hookUrl }
    return { server, config, secret: 't0k3n-t0k3n-t0k3n', taken: () => server.messages.length }
  },
}

const now = Date.UTC(2026, 10, 21, 10)

function alert(overrides: Partial<GroupedAlert> = {}): GroupedAlert {
  const labels = { alertname: 'HighP95Latency', model: 'gpt-4o', severity: 'critical' }
  const annotations = { summary: 'P95 of gpt-4o is 7.2 s' }
  const base = { fingerprint: fingerprint(labels), labels, annotations, value: 7200, starts_at: now - 120_000 }
  return { ...base, ends_at: null, ...overrides }
}

function notification(
  alerts: GroupedAlert[],
  told = true,
  externalUrl = 'http://inferwatch.example:8080',
): Notification {
  const labels = { alertname: 'HighP95Latency', model: 'gpt-4o' }
  const group: AlertGroup = {
    receiver: 'on-call',
    key: groupKey(labels),
    labels,
    next_flush_at: 0,
    alerts: {},
    channels: {},
  }
  const log = { told: told ? { firing: ['x'], at: now } : null, outbox: null }
  return composeNotification(group, log, alerts, { id: 'n1', reason: 'first', now, externalUrl })
}

const firing = () => notification([alert()])
const resolved = () => notification([alert({ ends_at: now })])

test('every notifier file stands in the list', () => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  const defining = files.filter((file) =>
    /^export const \w+ = defineNotifier\(/m.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')),
  )
  expect(defining.map((file) => file.replace('.ts', '')).sort()).toEqual(notifiers.map(({ type }) => type).sort())
})

describe.each(notifiers.map((notifier) => [notifier.type, notifier as Notifier] as const))('%s', (type, notifier) => {
  let vendor: Vendor
  beforeEach(async () => {
    vendor = await (vendors[type]?.() ?? Promise.reject(new Error(`no stand-in for ${type}`)))
  })
  afterEach(() => vendor.server.stop())

  const send = (message: Notification, options: { signal?: AbortSignal; timeoutMs?: number } = {}) => {
    const config = notifier.config.parse(vendor.config)
    const post = createPost({ fetch, now: () => now, secrets: secretsOf(config), ...options })
    return notifier.send(message, config, { post })
  }
  const failure = (message: Notification, options = {}) =>
    send(message, options).then(
      () => expect.unreachable('it was taken'),
      (error: unknown) => {
        expect(error).toBeInstanceOf(DeliveryError)
        const { message: text, stack = '' } = error as DeliveryError
        expect(text + stack + JSON.stringify(error)).not.toContain(vendor.secret)
        return error as DeliveryError
      },
    )

  test('its example is a valid configuration', () => {
    expect(notifier.config.parse(notifier.example)).toMatchObject({ type })
    expect(notifier.config.safeParse({ ...notifier.example, extra: 1 }).success).toBe(false)
  })

  test('firing and resolved are taken', async () => {
    await send(firing())
    await send(resolved())
    expect(vendor.server.problems).toEqual([])
    expect(vendor.taken()).toBeGreaterThan(0)
  })

  test('awkward alerts are taken too', async () => {
    const nasty = '<script>&amp; "quoted" | 🔥'.repeat(400)
    const labels = { alertname: nasty, model: '', ключ: nasty, severity: 'unheard-of' }
    const many = Array.from({ length: 60 }, (_, index) =>
      alert({
        labels: { ...labels, index: String(index) },
        annotations: { summary: nasty, runbook_url: 'javascript:alert(1)' },
      }),
    )
    await send(notification(many, false, ''))
    await send(notification([alert({ annotations: {}, labels: { alertname: 'X' } })], false, 'http://h/?a=1&b=<x>|y'))
    await send(
      notification(
        many.map((one) => alert({ labels: one.labels, annotations: one.annotations, ends_at: now })),
        false,
      ),
    )
    expect(vendor.server.problems).toEqual([])
  })

  test.each([
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
    [301, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [410, false],
  ])('status %i: retryable %s', async (status, retryable) => {
    vendor.server.failNext({
      status,
      headers: { location: '/elsewhere', 'retry-after': '7' },
      body: `no ${vendor.secret}`,
    })
    expect(await failure(firing())).toMatchObject({ retryable, httpStatus: status, retryAfterMs: 7000 })
    // A redirect is not followed.
    expect(vendor.server.requests).toHaveLength(1)
  })

  test('Retry-After may be a date', async () => {
    vendor.server.failNext({ status: 429, headers: { 'retry-after': new Date(now + 90_000).toUTCString() } })
    expect(await failure(firing())).toMatchObject({ retryable: true, retryAfterMs: 90_000 })
  })

  test('network failures are retryable', async () => {
    vendor.server.failNext('disconnect')
    expect(await failure(firing())).toMatchObject({ retryable: true, httpStatus: null })
    await vendor.server.stop()
    expect(await failure(firing())).toMatchObject({ retryable: true, httpStatus: null })
  })

  test('a vendor that never answers is given up on', async () => {
    vendor.server.failNext('hang')
    expect(await failure(firing(), { timeoutMs: 50 })).toMatchObject({ retryable: true })
  })

  test('abort is obeyed', async () => {
    vendor.server.failNext('hang')
    const stop = new AbortController()
    const failed = failure(firing(), { signal: stop.signal })
    stop.abort()
    expect((await failed).message).toContain('stopped')
  })

  test('an endless answer is cut', async () => {
    vendor.server.failNext({ status: 400, body: 'x'.repeat(2 ** 20) })
    expect((await failure(firing())).message.length).toBeLessThan(500)
  })
})
