import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Db } from '../storage/client.ts'
import { channelsOf } from './channel.ts'
import { alertsConfig } from './config.ts'
import { Courier, type OutboxSource } from './courier.ts'
import type { AlertGroup, ChannelLog, GroupedAlert } from './group.ts'
import { alertmanagerStandIn } from './notify/testing/alertmanager.ts'
import { webhookStandIn } from './notify/testing/webhook.ts'
import { written } from './routing/stored.ts'
import { RowWriter } from './row-writer.ts'
import { createTelemetry } from './telemetry.ts'
import { manualClock } from './testing/manual-clock.ts'

const now = Date.UTC(2026, 10, 21, 10)
const minute = 60_000
const clock = manualClock(now)

let webhook: Awaited<ReturnType<typeof webhookStandIn>>
let peer: Awaited<ReturnType<typeof alertmanagerStandIn>>
beforeEach(async () => {
  webhook = await webhookStandIn()
  peer = await alertmanagerStandIn()
})
afterEach(() => Promise.all([webhook.stop(), peer.stop()]))

const firing = (n: number): GroupedAlert => ({
  fingerprint: n.toString(16).padStart(16, '0'),
  labels: { alertname: 'X', n: String(n) },
  annotations: {},
  value: null,
  starts_at: clock.now(),
  ends_at: null,
})

/** Groups of one alert each, and how often somebody looked through all of them. */
function groupsOf(count: number, log: (alert: GroupedAlert, index: number) => ChannelLog) {
  const groups = Array.from({ length: count }, (_, index): AlertGroup => {
    const alert = firing(index)
    const channels = Object.fromEntries(['webhook', 'alertmanager'].map((id) => [id, log(alert, index)]))
    return {
      receiver: 'r',
      key: `{}:{n="${index}"}`,
      labels: {},
      next_flush_at: now,
      alerts: { [alert.fingerprint]: alert },
      channels,
    }
  })
  let looks = 0
  const source: OutboxSource = {
    waiting(channel) {
      looks++
      return groups.flatMap((group) => {
        const log = group.channels[channel.id]
        return log?.outbox ? [{ group, log, outbox: log.outbox }] : []
      })
    },
    told: (channel) => groups.flatMap((group) => (group.channels[channel.id]?.told ? logOf(group, channel.id) : [])),
    settled: () => undefined,
  }
  return { source, looks: () => looks }
}

function logOf(group: AlertGroup, id: string) {
  const log = group.channels[id]
  return log ? [{ group, log }] : []
}

const [log, telemetry] = [pino({ level: 'silent' }), createTelemetry()]

function writerTo(insert: Db['insert']): RowWriter {
  return new RowWriter({ db: { insert }, clock, log, telemetry })
}

function courierOf(
  source: OutboxSource,
  notify: object[],
  brief = () => Promise.resolve(new Map()),
  writer = writerTo(() => Promise.resolve()),
): Courier {
  const courier = new Courier(
    {
      clock,
      fetch,
      random: () => 1,
      log,
      telemetry,
      writer,
      externalUrl: () => 'https://watch.example.com',
      templates: () => ({}),
      brief,
    },
    source,
  )
  courier.configure(alertsConfig.parse({ receivers: [{ name: 'r', notify }] }).receivers.flatMap(channelsOf))
  return courier
}

const waiting = (alert: GroupedAlert, index: number): ChannelLog => ({
  told: null,
  outbox: {
    id: `id${index}`,
    reason: 'first',
    expires_at: now + 60 * minute,
    attempts: 0,
    next_attempt_at: now - index,
    owed: [alert.fingerprint],
  },
})

test('one whose next attempt would come too late is given up in time', async () => {
  const { source } = groupsOf(1, (alert, index) => {
    const { outbox } = waiting(alert, index)
    return {
      told: null,
      outbox: outbox && { ...outbox, next_attempt_at: now + 1440 * minute, expires_at: now + minute },
    }
  })
  const outcomes: unknown[] = []
  const writer = writerTo((table, rows) => {
    if (table === 'notifications') outcomes.push(...rows)
    return Promise.resolve()
  })
  const courier = courierOf(source, [{ type: 'webhook', url: webhook.hookUrl }], undefined, writer)
  await clock.advance(minute)
  await writer.flush()
  expect(outcomes).toMatchObject([{ outcome: 'expired' }])
  expect(webhook.requests).toEqual([])
  await courier.stop(0)
})

test('thousands that wait are looked through once, the longest waiting first', async () => {
  const count = 40
  const { source, looks } = groupsOf(count, waiting)
  const courier = courierOf(source, [{ type: 'webhook', url: webhook.hookUrl }])
  await clock.advance(0)
  expect(webhook.messages.map(({ groupKey }) => groupKey)).toEqual(
    Array.from({ length: count }, (_, index) => `{}:{n="${count - 1 - index}"}`),
  )
  expect(looks()).toBeLessThan(6)
  await courier.stop(0)
})

test('whoever ends it does not wait for a storage that hangs', async () => {
  const writer = writerTo(() => new Promise(() => undefined))
  writer.put('notifications', {})
  const longest = written(writer)
  const { source, looks } = groupsOf(1, waiting)
  const courier = courierOf(source, [{ type: 'webhook', url: webhook.hookUrl }], undefined, writer)
  const before = looks()
  void clock.advance(0)
  await expect.poll(looks).toBeGreaterThan(before)
  const first = await Promise.race([courier.stop(0).then(() => 'the end'), longest.then(() => 'what is stored')])
  expect(first).toBe('the end')
  expect(webhook.messages).toEqual([])
})

const told = ({ fingerprint }: GroupedAlert): ChannelLog => ({ told: { firing: [fingerprint], at: now }, outbox: null })

test('what Alertmanager is told again waits for nothing that storage knows', async () => {
  const groups = groupsOf(3, told).source
  const courier = courierOf(groups, [{ type: 'alertmanager', urls: [peer.url] }], () => new Promise(() => undefined))
  await clock.advance(minute)
  expect(peer.alerts.size).toBe(3)
  await courier.stop(0)
})

test('a peer that is away is asked once a minute, not once for each group', async () => {
  const groups = groupsOf(3, told).source
  peer.failNext(...Array.from({ length: 10 }, () => ({ status: 503 })))
  const courier = courierOf(groups, [{ type: 'alertmanager', urls: [peer.url] }])
  await clock.advance(minute)
  expect(peer.requests).toHaveLength(1)
  await courier.stop(0)
})
