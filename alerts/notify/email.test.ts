/** What mail programs see: threads, both bodies, the chart. The contract test has the failures. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { composeNotification } from '../compose.ts'
import { email } from './email.ts'
import type { Notification } from './notification.ts'
import type { Memory, Tools } from './notifier.ts'
import { smtpStandIn, smtpUser, type SmtpStandIn } from './testing/smtp.ts'

let server: SmtpStandIn
beforeEach(async () => {
  server = await smtpStandIn()
})
afterEach(() => server.stop())

const now = Date.UTC(2026, 10, 21, 10)
const group = { receiver: 'r', key: '{}:{alertname="X"}', labels: {}, next_flush_at: 0, alerts: {}, channels: {} }
const briefing = {
  unit: 'ms',
  threshold: { side: 'above', value: 5_000 },
  normal: null,
  peak: null,
  affected: null,
  causes: [],
  chart: { alt: 'chart', url: '', png: () => Promise.resolve(Buffer.from('not really a PNG')) },
  page: '/requests',
  window_ms: 300_000,
  filter: {},
} as const

function notification(id: string, ends_at: number | null = null): Notification {
  const labels = { alertname: 'X', model: '<b>\r\nBcc: victim@example.com' }
  const annotations = { summary: 'P95 is <7 s>' }
  const alert = { fingerprint: 'f'.repeat(16), labels, annotations, value: 7_000, starts_at: now - 60_000, ends_at }
  const told = { told: { firing: ['x'], at: now }, outbox: null }
  const briefings = new Map([[alert.fingerprint, { ...briefing, causes: [] }]])
  const occasion = { id, reason: 'first', now, externalUrl: 'https://watch.example.com', briefings } as const
  const made = composeNotification(group, told, [alert], occasion)
  return { ...made, title: `${made.title}\r\nBcc: victim@example.com` }
}

function send(message: Notification, memory: Memory | null = null, settings: object = {}) {
  const config = email.config.parse({
    type: 'email',
    host: '127.0.0.1',
    port: server.port,
    ...smtpUser,
    from: 'Inferwatch <alerts@example.com>',
    to: ['a@example.com', 'B <b@example.com>'],
    ...settings,
  })
  const tools: Tools = {
    post: () => Promise.reject(new Error('no post')),
    memory,
    attempt: 1,
    signal: new AbortController().signal,
    timeoutMs: 10_000,
    redact: (text) => text.replaceAll('wr0ng-p4ss', '***'),
  }
  return email.send(message, config, tools)
}

test('a group is one thread, from its first message to its last', async () => {
  const first = await send(notification('1'))
  const second = await send(notification('2'), first)
  expect(await send(notification('3', now), second)).toBeNull()
  const [root, ...replies] = server.mails.map(({ headers }) => headers)
  const id = root?.get('message-id')
  expect(id).toMatch(/^<[0-9a-f]{32}@example\.com>$/)
  expect(root?.has('references')).toBe(false)
  expect(replies.map((headers) => [headers.get('in-reply-to'), headers.get('references')])).toEqual([
    [id, id],
    [id, id],
  ])
  expect(root?.get('auto-submitted')).toBe('auto-generated')
  expect(server.mails[0]?.to).toEqual(['a@example.com', 'b@example.com'])
})

test('a message that came twice is one, and one that says more by now is another', async () => {
  server.failNext('lost')
  await expect(send(notification('1'))).rejects.toMatchObject({ retryable: true })
  await send(notification('1'))
  expect(server.requests).toHaveLength(2)
  expect(server.mails).toHaveLength(1)
  await send(notification('1', now))
  expect(server.mails).toHaveLength(2)
})

test('labels neither add headers nor markup, and the chart stands in the text', async () => {
  await send(notification('1'))
  const [mail] = server.mails
  expect(mail?.headers.has('bcc')).toBe(false)
  const source = (mail?.source ?? '').replaceAll(/=\r\n/g, '')
  expect(source).toContain('P95 is &lt;7 s&gt;')
  expect(source).toContain('P95 is <7 s>')
  const cid = /Content-Id: <([^>]+)>/i.exec(source)?.[1]
  expect(source).toContain(`src=3D"cid:${cid}"`)
  expect(server.problems).toEqual([])
})

test('a wrong password is no use trying again, and is not shown', async () => {
  const wrong = send(notification('1'), null, { password: 'wr0ng-p4ss' })
  await expect(wrong).rejects.toMatchObject({
    retryable: false,
    message: expect.stringMatching(/535 wrong password \*\*\*/),
  })
})

test.each([
  [{ to: ['not an address'] }, /expected an address/],
  [{ to: ['a@example.com\r\nBcc: b@example.com'] }, /expected an address/],
  [{ username: 'a', password: undefined }, /username and password together/],
])('%j is refused', (settings, text) => {
  const parsed = email.config.safeParse({ ...email.example, ...settings })
  expect(parsed.error?.message).toMatch(text)
})
