/** Who may call, by headers alone. */
import { expect, test } from 'vitest'
import { createAccess } from './access.ts'

const open = { exposed: false, keys: [], hosts: ['gateway.example.com'] }
const key = 'a-key-of-sixteen-letters'

test.each([
  [{ host: 'localhost:8080' }, null],
  [{ host: '127.0.0.1:8080' }, null],
  [{ host: '[::1]:8080' }, null],
  [{ host: '192.168.1.7:8080' }, null],
  [{ host: 'inferwatch:8080' }, null],
  [{ host: 'host.docker.internal:8080' }, null],
  [{ host: 'inferwatch.localhost' }, null],
  [{ host: 'gateway.example.com' }, null],
  [{}, null],
  [{ host: 'evil.example:8080' }, 'foreign_host'],
  [{ host: '127.0.0.1.evil.example' }, 'foreign_host'],
  [{ host: 'localhost.evil.example' }, 'foreign_host'],
  [{ host: 'localhost:8080', origin: 'http://localhost:8080' }, null],
  [{ host: 'localhost:8080', origin: 'http://localhost:3000' }, 'cross_site'],
  [{ host: 'localhost:8080', origin: 'https://evil.example' }, 'cross_site'],
  [{ host: 'localhost:8080', origin: 'null' }, 'cross_site'],
  [{ host: 'localhost:8080', origin: 'https://app.example' }, null],
  [{ host: 'localhost:8080', 'sec-fetch-site': 'cross-site' }, 'cross_site'],
  [{ host: 'localhost:8080', 'sec-fetch-site': 'same-site' }, 'cross_site'],
  [{ host: 'localhost:8080', 'sec-fetch-site': 'none' }, null],
])('on loopback, %j: %s', (headers, code) => {
  expect(createAccess(open)(headers, ['https://app.example'])?.code ?? null).toBe(code)
})

test.each([
  [{ 'x-inferwatch-key': key }, null],
  [{ 'x-inferwatch-key': key, host: 'llm.example.com', origin: 'https://app.example' }, null],
  [{ 'x-inferwatch-key': `${key}x` }, 'key_required'],
  [{ authorization: `Bearer ${key}` }, 'key_required'],
  [{ host: 'localhost' }, 'key_required'],
])('with keys, %j: %s', (headers, code) => {
  for (const exposed of [true, false])
    expect(createAccess({ exposed, keys: ['another-key-of-ours', key], hosts: [] })(headers, [])?.code ?? null).toBe(
      code,
    )
})

test('off loopback nobody passes while no key is set', () => {
  const denied = createAccess({ ...open, exposed: true })({ host: 'localhost', 'x-inferwatch-key': '' }, [])
  expect(denied).toMatchObject({ code: 'key_required', message: expect.stringContaining('set proxy.api_keys') })
})
