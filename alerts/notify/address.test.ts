import { expect, test } from 'vitest'
import { refuseReserved } from './address.ts'
import { channelConfig } from './index.ts'
import { secretsOf } from './post.ts'

test.each([
  ['http://169.254.169.254/latest/meta-data', false],
  ['http://[fd00:ec2::254]/', false],
  ['http://[fe80::1]/', false],
  ['http://[::ffff:169.254.169.254]/', false],
  ['http://2852039166/', false],
  ['http://0.0.0.0/', false],
  ['http://127.0.0.1:9093/', true],
  ['http://localhost:9093/', true],
  ['https://10.1.2.3/', true],
  ['https://203.0.113.7/', true],
])('%s is allowed: %s', async (url, allowed) => {
  const refused = await refuseReserved(url).then(
    () => null,
    (error: { retryable: boolean }) => error.retryable,
  )
  expect(refused).toBe(allowed ? null : false)
})

test.each([
  [{ type: 'webhook', url: 'http://hooks.example.com/a' }, ['url']],
  [{ type: 'alertmanager', urls: ['https://a.example.com', 'http://b.example.com'] }, ['urls']],
  [{ type: 'slack', bot_token: 'xoxb-1', channel: 'C1', api_url: 'http://slack.example.com' }, ['api_url']],
])('plain http leaves the machine only when asked for: %j', (config, path) => {
  expect(channelConfig.safeParse(config).error?.issues).toMatchObject([
    { path, message: expect.stringContaining('allow_http: true') },
  ])
  expect(channelConfig.safeParse({ ...config, allow_http: true }).success).toBe(true)
})

test('on this machine it is fine', () => {
  expect(channelConfig.safeParse({ type: 'webhook', url: 'http://127.0.0.1:5001/a' }).success).toBe(true)
})

test.each([
  [{ type: 'slack' }, /either webhook_url or bot_token/],
  [{ type: 'slack', webhook_url: 'https://a.example.com/x', bot_token: 'xoxb-1', channel: 'C1' }, /either/],
  [{ type: 'slack', bot_token: 'xoxb-1' }, /bot_token and channel together/],
])('%j is refused', (config, message) => {
  expect(channelConfig.safeParse(config).error?.message).toMatch(message)
})

test('secrets are found at any depth, and the keys that are none stay readable', () => {
  const secrets = secretsOf(
    {
      type: 'webhook',
      headers: { authorization: 'Bearer t0k3n-t0k3n' },
      secret: ['whsec_abcdef'],
      host: 'mail.example',
    },
    ['host'],
  )
  expect(secrets).toEqual(expect.arrayContaining(['t0k3n-t0k3n', 'whsec_abcdef']))
  expect(secrets).not.toContain('mail.example')
})
