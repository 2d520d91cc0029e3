import { expect, test } from 'vitest'
import { channelsOf } from './channel.ts'
import { alertsConfig } from './config.ts'
import { composeNotification } from './compose.ts'
import { attempt, backoffMs } from './deliver.ts'
import { DeliveryError } from './notify/notifier.ts'
import { retryAfterMs, secretsOf } from './notify/post.ts'
import { manualClock } from './testing/manual-clock.ts'

const now = Date.UTC(2026, 10, 21, 10)

test('the back-off doubles from a second to five minutes; half of it is jitter', () => {
  const slowest = Array.from({ length: 11 }, (_, index) => backoffMs(index + 1, () => 1) / 1000)
  expect(slowest).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  expect(backoffMs(3, () => 0)).toBe(2_000)
  expect(backoffMs(10_000, () => 1)).toBe(300_000)
})

const group = { receiver: 'r', key: 'k', labels: {}, next_flush_at: 0, alerts: {}, channels: {} }
const notification = composeNotification(group, { told: null, outbox: null }, [], {
  id: 'n',
  reason: 'first',
  now,
  externalUrl: '',
})

const receiver = (notify: object[]) => alertsConfig.parse({ receivers: [{ name: 'r', notify }] }).receivers[0]!

function tryWith(failure: Error, attempts: number) {
  const [channel] = channelsOf(receiver([{ type: 'webhook', url: 'https://example.com/s3cr3t-path' }]))
  if (!channel) throw new Error('no channel')
  channel.send = () => Promise.reject(failure)
  const { signal } = new AbortController()
  return attempt(
    channel,
    notification,
    { memory: null, attempts },
    { clock: manualClock(now), fetch, random: () => 1, signal },
  )
}

test.each([
  [{ retryable: true }, 1, { outcome: 'retry', retry_in_ms: 1_000, asked_to_wait: false }],
  [{ retryable: true, httpStatus: 503 }, 4, { outcome: 'retry', retry_in_ms: 8_000, http_status: 503 }],
  [{ retryable: true, retryAfterMs: 60_000 }, 1, { outcome: 'retry', retry_in_ms: 60_000, asked_to_wait: true }],
  // The vendor's word is the least to wait, not the most.
  [{ retryable: true, retryAfterMs: 1_000 }, 4, { outcome: 'retry', retry_in_ms: 8_000, asked_to_wait: true }],
  // A day, and longer than a date can be: a quarter of an hour at most.
  [{ retryable: true, retryAfterMs: 86_400_000 }, 1, { outcome: 'retry', retry_in_ms: 900_000, asked_to_wait: true }],
  [{ retryable: true, retryAfterMs: 1e20 }, 1, { outcome: 'retry', retry_in_ms: 900_000, asked_to_wait: true }],
  [{ retryable: false, httpStatus: 404 }, 1, { outcome: 'failed', retry_in_ms: 0, http_status: 404 }],
])('%j at attempt %i', async (options, attempts, expected) => {
  expect(await tryWith(new DeliveryError('why', options), attempts)).toMatchObject({ error: 'why', ...expected })
})

test('a fault of our own is permanent, and its text is not shown', async () => {
  const { outcome, error } = await tryWith(new TypeError('s3cr3t is not a function'), 1)
  expect({ outcome, error }).toEqual({ outcome: 'failed', error: 'the notification could not be made (TypeError)' })
})

test.each([
  [null, null],
  ['7', 7_000],
  ['0', 0],
  ['1.5', 1_500],
  ['Sat, 21 Nov 2026 10:01:00 GMT', 60_000],
  ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
  ['soon', null],
])('Retry-After %j', (header, ms) => {
  expect(retryAfterMs(header, now)).toBe(ms)
})

test('what may be secret: values, and the parts of addresses', () => {
  const secrets = secretsOf({
    type: 'webhook',
    url: 'https://user:pa%2Fssword@example.com/hooks/t0k3nt0k3n?key=k3yk3y',
  })
  expect(secrets).toEqual(expect.arrayContaining(['t0k3nt0k3n', 'k3yk3y', 'pa%2Fssword', 'pa/ssword']))
  expect(secrets).not.toContain('webhook')
  // The longest first, so that no half of one stays.
  expect(secrets.map(({ length }) => length)).toEqual(secrets.map(({ length }) => length).sort((a, b) => b - a))
})

test('channels of one type are numbered from the second on', () => {
  const slack = { type: 'slack', webhook_url: 'https://example.com/a' } as const
  const hook = { type: 'webhook', url: 'https://example.com/b' } as const
  expect(channelsOf(receiver([slack, hook, slack])).map(({ id }) => id)).toEqual(['slack', 'webhook', 'slack-2'])
})
