/** The dead-man's switch: pinged while alerts work, and not a moment longer. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import { alertsConfig } from './config.ts'
import { pagerdutyRateLimited } from './notify/testing/pagerduty.ts'
import { startStandIn, type StandIn } from './notify/testing/server.ts'
import { alertsHarness, minute, second, type Harness } from './testing/harness.ts'

const rules = `
groups:
  - name: g
    interval: 30s
    rules: [{ alert: Always, sql: "select 1 as value" }]
`
const secret = 's3cr3t-ping-path'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let outside: StandIn
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())
beforeEach(async () => {
  room = await alertsHarness(storage, rules)
  outside = await startStandIn(() => ({ status: 200, body: 'OK' }))
  const heartbeat = { url: `${outside.url}/ping/${secret}`, interval: '1m' }
  room.config = alertsConfig.parse({
    ...room.config,
    receivers: [...room.config.receivers, { name: 'dead-man', heartbeat }],
  })
})
afterEach(async () => {
  await room.stop()
  await outside.stop()
})

const start = (overrides = {}) => room.start({ config: room.config, ...overrides })
const statusOf = (alerts: Awaited<ReturnType<typeof start>>) =>
  alerts.channels().find(({ receiver }) => receiver === 'dead-man')

test('a ping each interval; the last one is known', async () => {
  const alerts = await start()
  expect(statusOf(alerts)).toMatchObject({ channel: 'heartbeat', last_success_at: null })
  await room.clock.advance(3 * minute + second)
  expect(outside.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
    Array.from({ length: 3 }, () => `GET /ping/${secret}`),
  )
  expect(statusOf(alerts)).toMatchObject({ healthy: true, last_success_at: room.clock.now() - second })
})

test('a group that is not due yet holds back none', async () => {
  room.writeRules(rules.replace('30s', '6h'))
  const alerts = await start()
  await room.clock.advance(3 * minute + second)
  expect(outside.requests).toHaveLength(3)
  expect(statusOf(alerts)).toMatchObject({ healthy: true })
})

test('none while the rules cannot be evaluated', async () => {
  const state = { away: false }
  const reader: Db = {
    ...storage.reader,
    query: (sql, params, options) =>
      state.away ? Promise.reject(new Error('nobody there')) : storage.reader.query(sql, params, options),
  }
  const alerts = await start({ reader })
  await room.clock.advance(2 * minute + second)
  expect(outside.requests).toHaveLength(2)
  state.away = true
  await room.clock.advance(5 * minute)
  expect(outside.requests).toHaveLength(2)
  expect(statusOf(alerts)).toMatchObject({
    healthy: false,
    last_error: 'no rule of group "g" can be evaluated: nobody there',
    last_success_at: room.clock.now() - 5 * minute - second,
  })
  expect(room.logs.filter(({ msg }) => msg === 'heartbeat is held back')).toHaveLength(1)
  state.away = false
  await room.clock.advance(2 * minute)
  expect(outside.requests.length).toBeGreaterThan(2)
  expect(statusOf(alerts)).toMatchObject({ healthy: true })
})

test('none while an evaluation hangs', async () => {
  const state = { hangs: false, hanging: false }
  const reader: Db = {
    ...storage.reader,
    query: (sql, params, options) =>
      state.hangs
        ? new Promise((_, reject) => {
            state.hanging = true
            options?.signal?.addEventListener('abort', () => reject(new Error('aborted')))
          })
        : storage.reader.query(sql, params, options),
  }
  const alerts = await start({ reader, contextWaitMs: 50 })
  await room.clock.advance(30 * second)
  state.hangs = true
  // The clock waits for each of its tasks: one that hangs is left alone.
  void room.clock.advance(30 * second)
  await expect.poll(() => state.hanging).toBe(true)
  await room.clock.advance(6 * minute)
  expect(statusOf(alerts)).toMatchObject({
    last_error: expect.stringMatching(/group "g" was last evaluated \d+ s ago/),
  })
  const pinged = outside.requests.length
  await room.clock.advance(5 * minute)
  expect(outside.requests).toHaveLength(pinged)
})

test('none while notifications are stuck', async () => {
  room.slack.failNext(...Array.from({ length: 100 }, () => ({ status: 503 })))
  const alerts = await start()
  await room.clock.advance(10 * minute)
  const pinged = outside.requests.length
  expect(statusOf(alerts)?.last_error).toMatch(/^notifications to on-call \(slack\) don't arrive: .*503/)
  await room.clock.advance(5 * minute)
  expect(outside.requests).toHaveLength(pinged)
  room.slack.recover()
  await room.clock.advance(10 * minute)
  expect(outside.requests.length).toBeGreaterThan(pinged)
})

test('none while a vendor is seldom tried, since it asked for that', async () => {
  room.pagerduty.failNext(pagerdutyRateLimited('86400'))
  const alerts = await start()
  await room.clock.advance(12 * minute)
  expect(room.pagerduty.requests).toHaveLength(1)
  expect(statusOf(alerts)?.last_error).toMatch(/^notifications to on-call \(pagerduty\) don't arrive: .*429/)
  await room.clock.advance(6 * minute)
  expect(statusOf(alerts)).toMatchObject({ healthy: true })
})

test('an address that fails is tried again at the next interval, and its secret is not shown', async () => {
  outside.failNext({ status: 404, body: secret }, 'disconnect')
  const alerts = await start()
  await room.clock.advance(minute)
  expect(statusOf(alerts)).toMatchObject({
    healthy: false,
    last_error: expect.stringMatching(/^127\.0\.0\.1:\d+ answered 404$/),
  })
  await room.clock.advance(minute)
  expect(statusOf(alerts)?.last_error).toMatch(/^127\.0\.0\.1:\d+: [A-Z_]+$/)
  await room.clock.advance(minute)
  expect(statusOf(alerts)).toMatchObject({ healthy: true })
  expect(JSON.stringify([alerts.channels(), room.logs])).not.toContain(secret)
})

test.each(['http://169.254.169.254/latest/meta-data', 'http://[fd00:ec2::254]/', 'http://0.0.0.0:8080/'])(
  'nothing is asked of %s, where clouds serve credentials or no host is',
  async (url) => {
    const asked: unknown[] = []
    const config = alertsConfig.parse({ ...room.config, receivers: [{ name: 'dead-man', heartbeat: { url } }] })
    const alerts = await room.start({ config, fetch: (input) => Promise.reject(new Error(String(asked.push(input)))) })
    await room.clock.advance(minute)
    expect(statusOf(alerts)).toMatchObject({
      healthy: false,
      last_error: expect.stringMatching(/link-local or reserved/),
    })
    expect(asked).toEqual([])
  },
)

test('a reload moves it and takes it away; what was known of it stays known', async () => {
  const alerts = await start()
  await room.clock.advance(minute)
  const heartbeat = { url: `${outside.url}/elsewhere`, interval: '10s', method: 'POST' }
  const receivers = room.config.receivers.filter(({ name }) => name !== 'dead-man')
  await alerts.reload(
    alertsConfig.parse({ ...room.config, receivers: [...receivers, { name: 'dead-man', heartbeat }] }),
  )
  expect(statusOf(alerts)).toMatchObject({ last_success_at: room.clock.now() })
  await room.clock.advance(20 * second)
  expect(outside.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST'])
  await alerts.reload(alertsConfig.parse({ ...room.config, receivers }))
  await room.clock.advance(5 * minute)
  expect(outside.requests).toHaveLength(3)
  expect(statusOf(alerts)).toBeUndefined()
})

describe('configuration', () => {
  const heartbeat = { url: 'https://hc-ping.com/uuid' }

  test('a heartbeat alone is a receiver, and never the one that alerts go to', () => {
    const config = alertsConfig.parse({ receivers: [{ name: 'dead-man', heartbeat }] })
    expect(config.receivers).toEqual([
      { name: 'dead-man', notify: [], heartbeat: { ...heartbeat, interval: '1m', method: 'GET' } },
    ])
  })

  test.each([
    [{ receivers: [{ name: 'a' }] }, 'receivers.0.notify'],
    [{ receivers: [{ name: 'a', heartbeat: { url: 'ftp://x/' } }] }, 'receivers.0.heartbeat.url'],
    [{ receivers: [{ name: 'a', heartbeat: { ...heartbeat, interval: '0s' } }] }, 'receivers.0.heartbeat.interval'],
    [{ receivers: [{ name: 'a', heartbeat }], route: { receiver: 'a' } }, 'route.receiver'],
  ])('%j is refused', (fields, path) => {
    const result = alertsConfig.safeParse(fields)
    expect(result.error?.issues[0]?.path.join('.')).toBe(path)
  })
})
