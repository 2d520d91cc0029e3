import { describe, expect, test } from 'vitest'
import { emptyRequest } from '../records/llm-request.ts'
import { span } from './otlp/dialects/testing.ts'
import { createRedactor } from './redact.ts'

const messages = '[{"role":"user","content":"I am jane@example.com and this is long enough to be remembered"}]'
const redacted = messages.replace('jane@example.com', '[email]')

const chat = () =>
  span({
    status: 'error',
    status_message: 'Incorrect API key provided: api_key=abcdefgh12345678',
    attributes: {
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.input.messages': messages,
      'gen_ai.prompt.0.role': 'user',
      'ai.prompt.tools': ['{"d":"ask jane@example.com"}', 3],
      'llm.input_messages.0.message': { text: 'jane@example.com', n: 1n },
      'user.email': 'jane@example.com',
      'http.request.header.authorization': 'Bearer abc',
      'url.full': 'https://x.dev/v1?key=abcdefgh12345678',
    },
    resource: { 'service.name': 'shop', api_key: 'abc' },
    events: [
      { name: 'gen_ai.user.message', attributes: { content: 'jane@example.com', n: 1 } },
      { name: 'exception', attributes: { 'exception.message': 'at 10.0.0.5: api_key=abcdefgh12345678' } },
      { name: 'ai.stream.firstChunk', attributes: { 'ai.response.msToFirstChunk': 150 } },
    ],
  })

const hashed = /^sha256:[0-9a-f]{12}$/
const names = (map: ReadonlyMap<string, unknown>) => [...map.keys()]

test('off: no content, no message events; the rest stays', () => {
  const stored = createRedactor('off').span(chat())
  expect(names(stored.attributes)).toEqual(['gen_ai.request.model', 'gen_ai.prompt.0.role', 'user.email', 'url.full'])
  expect(stored.events.map((event) => event.name)).toEqual(['exception', 'ai.stream.firstChunk'])
  expect(JSON.stringify([...stored.attributes.values()])).not.toContain('long enough')
})

test('redacted: content without personal data, other attributes as they are', () => {
  const stored = createRedactor('redacted').span(chat())
  expect(Object.fromEntries(stored.attributes)).toEqual({
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.input.messages': redacted,
    'gen_ai.prompt.0.role': 'user',
    'ai.prompt.tools': ['{"d":"ask [email]"}', 3],
    'llm.input_messages.0.message': { text: '[email]', n: 1n },
    'user.email': 'jane@example.com',
    'url.full': 'https://x.dev/v1?key=[key]',
  })
  expect(Object.fromEntries(stored.events[0]?.attributes ?? [])).toEqual({ content: '[email]', n: 1 })
  expect(stored.events[1]?.attributes.get('exception.message')).toBe('at 10.0.0.5: api_key=[key]')
})

test('full: all but credentials', () => {
  const stored = createRedactor('full').span(chat())
  expect(stored.attributes.get('gen_ai.input.messages')).toBe(messages)
  expect(stored.events[0]?.attributes.get('content')).toBe('jane@example.com')
  expect(stored.attributes.has('http.request.header.authorization')).toBe(false)
  expect(stored.resource_attributes.has('api_key')).toBe(false)
})

describe.each(['off', 'redacted', 'full'] as const)('%s', (mode) => {
  test('never writes to a span or its shared resource', () => {
    const given = chat()
    const before = structuredClone(given)
    createRedactor(mode).span(given)
    expect(given).toEqual(before)
  })

  test('drops credentials, also of the resource and of a request’s own attributes', () => {
    const redactor = createRedactor(mode)
    const stored = redactor.span(chat())
    expect(names(stored.resource_attributes)).toEqual(['service.name'])
    expect(names(stored.attributes)).not.toContain('http.request.header.authorization')
    const request = {
      ...emptyRequest(),
      attributes: new Map([
        ['x-api-key', 'abc'],
        ['tenant', 'acme'],
      ]),
    }
    redactor.request(request)
    expect([...request.attributes]).toEqual([['tenant', 'acme']])
  })

  test('a key where its name was asked for is stored as a hash that tells keys apart', () => {
    const stored = ['mobile-app', 'sk-abcdefgh12345678', 'sk-abcdefgh87654321'].map((api_key) => {
      const request = { ...emptyRequest(), api_key }
      createRedactor(mode).request(request)
      return request.api_key
    })
    expect(stored).toEqual(['mobile-app', expect.stringMatching(hashed), expect.stringMatching(hashed)])
    expect(new Set(stored).size).toBe(3)
  })

  test('a span without content is the span itself', () => {
    const plain = span({ attributes: { 'gen_ai.request.model': 'gpt-4o', 'http.route': '/chat' } })
    expect(createRedactor(mode).span(plain)).toBe(plain)
  })

  test('a resource is cleaned once for all its spans', () => {
    const redactor = createRedactor(mode)
    const shared = chat().resource_attributes
    const [first, second] = [1, 2].map(() => redactor.span({ ...chat(), resource_attributes: shared }))
    expect(first?.resource_attributes).toBe(second?.resource_attributes)
  })
})

test.each([
  ['off', ''],
  ['redacted', redacted],
  ['full', messages],
] as const)('a request’s content, %s', (mode, input) => {
  const request = { ...emptyRequest(), input: messages, output: '' }
  createRedactor(mode).request(request)
  expect(request).toMatchObject({ input, output: '' })
})

test('remembered content is not mixed up', () => {
  const redactor = createRedactor('redacted')
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20; i++) {
      const request = { ...emptyRequest(), input: `${messages} ${i}`, output: `${i} ${messages}` }
      redactor.request(request)
      expect(request).toMatchObject({ input: `${redacted} ${i}`, output: `${i} ${redacted}` })
    }
  }
})
