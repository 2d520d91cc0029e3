import { afterEach, expect, test } from 'vitest'
import { ingestConfig } from '../config.ts'
import { asJson, good, startReceiver, stopReceivers } from './testing-receiver.ts'

afterEach(stopReceivers)

const origin = 'https://app.example.com'
/** What Chrome asks before it sends a span with these headers. */
const preflight = (url: string, from: string) =>
  fetch(`${url}/v1/traces`, {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,traceparent,X-Tenant,bad(header',
    },
  })

test('no page may send unless an origin is configured', async () => {
  const { url, post } = await startReceiver()
  const asked = await preflight(url, origin)
  expect(asked.status).toBe(405)
  const { headers } = await post(JSON.stringify(good), { ...asJson, origin })
  for (const answer of [asked.headers, headers])
    expect([...answer.keys()].filter((name) => name === 'vary' || name.startsWith('access-control'))).toEqual([])
})

test.each([[[origin]], [['https://other.example.com', origin]], [['*']]])('pages of %j', async (cors_origins) => {
  const { url, post, spans, issues } = await startReceiver({ cors_origins, api_keys: ['a-key-of-sixteen-characters'] })
  const asked = await preflight(url, origin)
  expect(asked.status).toBe(204)
  expect(Object.fromEntries(asked.headers)).toMatchObject({
    vary: 'origin',
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, content-encoding, authorization, traceparent, x-tenant',
    'access-control-max-age': '7200',
  })
  // A refusal, too, is for the page to read.
  const refused = await post(JSON.stringify(good), { ...asJson, origin })
  expect(refused.status).toBe(401)
  const authorization = 'Bearer a-key-of-sixteen-characters'
  const taken = await post(JSON.stringify(good), { ...asJson, origin, authorization })
  expect(taken.status).toBe(200)
  for (const { headers } of [refused, taken]) {
    expect(headers.get('access-control-allow-origin')).toBe(origin)
    expect(headers.get('vary')).toBe('origin')
  }
  expect(spans()).toHaveLength(1)
  expect(issues.counts()).toEqual({ 'otlp_http unauthorised': 1 })
})

test.each(['https://app.example.com.evil.test', 'http://app.example.com', 'https://app.example.com:8443', 'null'])(
  'not pages of %s',
  async (stranger) => {
    const { url, post } = await startReceiver({ cors_origins: [origin] })
    const asked = await preflight(url, stranger)
    expect(asked.status).toBe(405)
    const { headers } = await post(JSON.stringify(good), { ...asJson, origin: stranger })
    for (const answer of [asked.headers, headers]) {
      expect(answer.get('access-control-allow-origin')).toBeNull()
      expect(answer.get('vary')).toBe('origin')
    }
  },
)

test('origins change with a reload', async () => {
  const { url, receiver } = await startReceiver()
  receiver.reload(ingestConfig.parse({ cors_origins: [origin] }))
  expect((await preflight(url, origin)).status).toBe(204)
})

test.each(['app.example.com', 'https://app.example.com/', 'https://*', ''])('%j is no origin', (text) => {
  const parsed = ingestConfig.safeParse({ cors_origins: [text] })
  expect(parsed.error?.issues[0]?.message ?? 'taken').toContain('expected * or an origin')
})
