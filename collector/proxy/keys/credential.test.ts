/** Where virtual keys are found, and what of a request reaches the upstream. */
import { describe, expect, test } from 'vitest'
import type { EndpointConfig } from '../../config.ts'
import { credentialOf, findKey, swapKey, withoutKeys } from './credential.ts'

const key = 'iw-a-virtual-key'
const none = () => false
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('a virtual key is found', () => {
  test.each<[string, string[], string]>([
    ['as a bearer', ['Authorization', `Bearer ${key}`], '/v1'],
    ['as a bearer in another spelling', ['authorization', `bearer  ${key}`], '/v1'],
    ['as the whole of Authorization', ['Authorization', key], '/v1'],
    ['as a password', ['Authorization', basic(`anybody:${key}`)], '/v1'],
    ['as a user', ['Authorization', basic(`${key}:`)], '/v1'],
    ['as Anthropic’s', ['X-Api-Key', key], '/v1'],
    ['as Azure’s', ['api-key', key], '/v1'],
    ['as Google’s', ['x-goog-api-key', key], '/v1'],
    ['as ours', ['x-inferwatch-key', key], '/v1'],
    ['in the query', [], `/v1?alt=sse&key=${key}`],
    ['in the query, encoded', [], `/v1?key=%69w-a-virtual-key`],
    ['in Azure’s query', [], `/v1?api-key=${key}`],
    ['among protocols', ['Sec-WebSocket-Protocol', `realtime, openai-insecure-api-key.${key}`], '/v1'],
    ['behind a vendor’s key', ['Authorization', 'Bearer sk-x', 'Authorization', `Bearer ${key}`], '/v1'],
  ])('%s', (_, rawHeaders, rest) => {
    expect(findKey({ rawHeaders, rest }, none)).toBe(key)
    const sent = swapKey({ rawHeaders, rest }, key, null)
    expect(findKey(sent, none)).toBe(null)
    expect(JSON.stringify(sent)).not.toMatch(/iw-|%69w|aXct/)
  })

  test.each<[string, string[], string]>([
    ['a vendor’s key', ['Authorization', 'Bearer sk-iw-1'], '/v1'],
    ['a signature', ['Authorization', 'AWS4-HMAC-SHA256 Credential=AKIAiw-/20261126/us-east-1'], '/v1'],
    ['a user agent', ['User-Agent', 'iw-client'], '/v1'],
    ['another parameter', [], '/v1?file=iw-1&monkey=iw-2'],
    ['a path', [], '/v1/iw-file'],
    ['a name and a password', ['Authorization', basic('a:b')], '/v1'],
  ])('and not in %s', (_, rawHeaders, rest) => {
    expect(findKey({ rawHeaders, rest }, none)).toBe(null)
  })
})

const kinds: Record<EndpointConfig['kind'], string[]> = {
  openai: ['Authorization', 'Bearer real'],
  anthropic: ['x-api-key', 'real'],
  azure: ['api-key', 'real'],
  bedrock: ['Authorization', 'Bearer real'],
  vertex: ['x-goog-api-key', 'real'],
  gemini: ['x-goog-api-key', 'real'],
  cohere: ['Authorization', 'Bearer real'],
  mistral: ['Authorization', 'Bearer real'],
  ollama: ['Authorization', 'Bearer real'],
  other: ['Authorization', 'Bearer real'],
}

test.each(Object.entries(kinds) as [EndpointConfig['kind'], string[]][])('the key of %s goes as %j', (kind, pair) => {
  const credential = credentialOf({ kind, api_key: 'real' }, '/v1')
  for (const name of ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key']) {
    const value = name === 'authorization' ? `Bearer ${key}` : key
    const sent = swapKey({ rawHeaders: ['Host', 'h', name, value, 'Accept', '*/*'], rest: '/v1' }, key, credential)
    expect(sent).toEqual({ rawHeaders: ['Host', 'h', ...pair, 'Accept', '*/*'], rest: '/v1' })
  }
})

test.each([
  ['vertex', 'ya29.token', '/v1', 'Authorization'],
  ['gemini', 'AIza', '/v1beta/openai/chat/completions', 'Authorization'],
  ['gemini', 'AIza', '/v1beta/models/g:generateContent', 'x-goog-api-key'],
] as const)('%s with %s at %s: %s', (kind, api_key, rest, name) => {
  expect(credentialOf({ kind, api_key }, rest)?.name).toBe(name)
})

test('an endpoint without a key gets none, and the client’s own where the virtual one stands apart', () => {
  expect(credentialOf({ kind: 'openai' }, '/v1')).toBe(null)
  const signed = ['Authorization', 'AWS4-HMAC-SHA256 x', 'x-amz-security-token', 't']
  expect(swapKey({ rawHeaders: [...signed, 'x-inferwatch-key', key], rest: '/' }, key, null).rawHeaders).toEqual(signed)
})

test('what a client signed or sent besides goes when the endpoint has a key', () => {
  const sent = swapKey(
    {
      rawHeaders: [
        ['Authorization', 'AWS4-HMAC-SHA256 x'],
        ['X-Amz-Security-Token', 't'],
        ['x-inferwatch-key', key],
        ['X-Debug', `key ${key}`],
        ['Sec-WebSocket-Protocol', `realtime, openai-insecure-api-key.${key}, beta`],
      ].flat(),
      rest: `/v1?a=%20b&key=${key}&key=AIza&c`,
    },
    key,
    credentialOf({ kind: 'gemini', api_key: 'real' }, '/v1'),
  )
  expect(sent).toEqual({
    rawHeaders: ['x-goog-api-key', 'real', 'Sec-WebSocket-Protocol', 'realtime, beta'],
    rest: '/v1?a=%20b&c',
  })
})

test('who reads the headers sees no key', () => {
  const headers = {
    host: 'h',
    authorization: `Bearer ${key}`,
    'x-api-key': key,
    'x-inferwatch-key': key,
    'x-mine': `k=${key}`,
  }
  expect(withoutKeys(headers, key)).toEqual({ host: 'h' })
})
