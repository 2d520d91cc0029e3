/** Every notifier of the list, against a stand-in that checks its vendor's contract. */
import { readFileSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { composeNotification } from '../compose.ts'
import { groupKey, type AlertGroup, type GroupedAlert } from '../group.ts'
import { fingerprint } from '../labels.ts'
import { notifiers } from './index.ts'
import type { Briefing, Notification } from './notification.ts'
import { DeliveryError, type Memory, type Notifier, type Tools } from './notifier.ts'
import { createPost, redactor, secretsOf } from './post.ts'
import { alertmanagerStandIn } from './testing/alertmanager.ts'
import { discordStandIn } from './testing/discord.ts'
import { pagerdutyStandIn } from './testing/pagerduty.ts'
import type { StandIn } from './testing/server.ts'
import { slackStandIn } from './testing/slack.ts'
import { smtpStandIn, smtpUser } from './testing/smtp.ts'
import { teamsStandIn } from './testing/teams.ts'
import { webhookStandIn } from './testing/webhook.ts'

interface Vendor {
  server: StandIn
  /** Points at the stand-in. */
  config: Record<string, unknown> & { type: string }
  secret: string
  /** How many messages the vendor took. */
  taken: () => number
  /** False where failures have no HTTP status. */
  http?: boolean
}

/** By name of the way: a notifier may have several. One without a stand-in fails the test of the list. */
const vendors: Record<string, () => Promise<Vendor>> = {
  async 'slack webhook'() {
    const server = await slackStandIn()
    const config = { type: 'slack', webhook_url: server.webhookUrl }
    return { server, config, secret: 'k3yK3yK3yK3yK3yK3yK3yK3y', taken: () => server.messages.length }
  },
  async 'slack bot'() {
    const server = await slackStandIn()
    const { apiUrl: api_url, botToken: bot_token, channelId: channel } = server
    const config = { type: 'slack', api_url, bot_token, channel }
    return { server, config, secret: bot_token, taken: () => server.posts.length }
  },
  async pagerduty() {
    const server = await pagerdutyStandIn()
    const config = { type: 'pagerduty', routing_key: server.routingKey, url: server.enqueueUrl }
    return { server, config, secret: server.routingKey, taken: () => server.incidents.length }
  },
  async webhook() {
    const server = await webhookStandIn()
    const config = { type: 'webhook', url: server.hookUrl, secret: ['another-secret', server.secret] }
    return { server, config, secret: 't0k3n-t0k3n-t0k3n', taken: () => server.messages.length }
  },
  async teams() {
    const server = await teamsStandIn()
    const config = { type: 'teams', webhook_url: server.workflowUrl }
    return { server, config, secret: 's1gn4tur3-s1gn4tur3', taken: () => server.messages.length }
  },
  async discord() {
    const server = await discordStandIn()
    const config = { type: 'discord', webhook_url: server.webhookUrl }
    return { server, config, secret: 't0k3n-d1sc0rd-t0k3n', taken: () => server.messages.length }
  },
  async alertmanager() {
    const server = await alertmanagerStandIn()
    const config = { type: 'alertmanager', urls: [server.url], headers: { authorization: 'Bearer am-t0k3n-am' } }
    return { server, config, secret: 'am-t0k3n-am', taken: () => server.alerts.size }
  },
  async email() {
    const server = await smtpStandIn()
    const from = 'Inferwatch <alerts@example.com>'
    const config = { type: 'email', host: '127.0.0.1', port: server.port, ...smtpUser, from, to: ['a@example.com'] }
    return { server, config, secret: smtpUser.password, taken: () => server.mails.length, http: false }
  },
}

const now = Date.UTC(2026, 10, 21, 10)

function alert(overrides: Partial<GroupedAlert> = {}): GroupedAlert {
  const labels = { alertname: 'HighP95Latency', model: 'gpt-4o', severity: 'critical' }
  const annotations = { summary: 'P95 of gpt-4o is 7.2 s' }
  const base = { fingerprint: fingerprint(labels), labels, annotations, value: 7200, starts_at: now - 120_000 }
  return { ...base, ends_at: null, ...overrides }
}

const briefing: Briefing = {
  unit: 'ms',
  threshold: { side: 'above', value: 5_000 },
  normal: 1_100,
  peak: 9_000,
  affected: { requests: 1_234, users: 56, cost_usd: 7.5 },
  causes: ['vllm-1:8000 <queued> *up* to 42 requests & more'],
  chart: {
    alt: 'P95 over three hours',
    url: 'https://inferwatch.example/api/alerts/chart/abc.png',
    png: () => Promise.resolve(Buffer.from('iVBORw0KGgo=', 'base64')),
  },
  page: '/requests',
  window_ms: 300_000,
  filter: { model: 'gpt-4o' },
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
  const briefings = new Map(alerts.map((one) => [one.fingerprint, briefing]))
  return composeNotification(group, log, alerts, { id: 'n1', reason: 'first', now, externalUrl, briefings })
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

test('every notifier has a stand-in; a program is run by a test of its own', async () => {
  const made = await Promise.all(Object.values(vendors).map((make) => make()))
  await Promise.all(made.map(({ server }) => server.stop()))
  const tested = new Set(made.map(({ config }) => config.type)).add('command')
  expect([...tested].sort()).toEqual(notifiers.map(({ type }) => type).sort())
})

test.each(notifiers.map((notifier) => [notifier.type, notifier as Notifier] as const))(
  'the example of %s is a valid configuration',
  (type, notifier) => {
    expect(notifier.config.parse(notifier.example)).toMatchObject({ type })
    expect(notifier.config.safeParse({ ...notifier.example, extra: 1 }).success).toBe(false)
  },
)

describe.each(Object.entries(vendors))('%s', (_, make) => {
  let vendor: Vendor
  beforeEach(async () => {
    vendor = await make()
  })
  afterEach(() => vendor.server.stop())

  type Options = { signal?: AbortSignal; timeoutMs?: number; memory?: Memory | null; attempt?: number }
  const send = (message: Notification, options: Options = {}) => {
    const notifier = notifiers.find(({ type }) => type === vendor.config.type) as unknown as Notifier
    const config = notifier.config.parse(vendor.config)
    const secrets = secretsOf(config, notifier.shown)
    const { signal = new AbortController().signal, timeoutMs = 10_000, memory = null, attempt = 1 } = options
    const post = createPost({ fetch, now: () => now, secrets, signal, timeoutMs })
    const tools: Tools = { post, memory, attempt, signal, timeoutMs, redact: redactor(secrets) }
    return notifier.send(message, config, tools)
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

  test('firing and resolved are taken', async () => {
    const memory = await send(firing())
    expect(await send(resolved(), { memory })).toBeNull()
    expect(vendor.server.problems).toEqual([])
    expect(vendor.taken()).toBeGreaterThan(0)
  })

  test('a text from a template is taken', async () => {
    const text = '<b> *bold* _it_ `code` [a](http://b) @everyone & more\n'.repeat(300)
    const memory = await send({ ...firing(), title: text.slice(0, 2_000), body: text })
    await send({ ...resolved(), body: '' }, { memory })
    expect(vendor.server.problems).toEqual([])
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
    const told = vendor.http === false ? {} : { httpStatus: status, retryAfterMs: 7000 }
    expect(await failure(firing())).toMatchObject({ retryable, ...told })
    // A redirect is not followed.
    expect(vendor.server.requests).toHaveLength(1)
  })

  test('Retry-After may be a date', async () => {
    vendor.server.failNext({ status: 429, headers: { 'retry-after': new Date(now + 90_000).toUTCString() } })
    // Mail has no such thing.
    const told = vendor.http === false ? {} : { retryAfterMs: 90_000 }
    expect(await failure(firing())).toMatchObject({ retryable: true, ...told })
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

  test('no part of a secret is left where an answer is cut', async () => {
    const half = vendor.secret.slice(0, Math.floor(vendor.secret.length / 2))
    for (let length = 270; length < 300; length += 5) {
      vendor.server.failNext({ status: 403, body: `${'x'.repeat(length)}${vendor.secret}` })
      expect((await failure(firing())).message).not.toContain(half)
    }
  })

  test('an endless answer is cut', async () => {
    vendor.server.failNext({ status: 400, body: 'x'.repeat(2 ** 20) })
    expect((await failure(firing())).message.length).toBeLessThan(500)
  })
})
