import { describe, expect, test } from 'vitest'
import { contentSettings, endpointConfig } from './config.ts'
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
  const stored = createRedactor('off').span(chat(), '')
  expect(names(stored.attributes)).toEqual(['gen_ai.request.model', 'gen_ai.prompt.0.role', 'user.email', 'url.full'])
  expect(stored.events.map((event) => event.name)).toEqual(['exception', 'ai.stream.firstChunk'])
  expect(JSON.stringify([...stored.attributes.values()])).not.toContain('long enough')
})

test('redacted: content without personal data, other attributes as they are', () => {
  const stored = createRedactor('redacted').span(chat(), '')
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
  const stored = createRedactor('full').span(chat(), '')
  expect(stored.attributes.get('gen_ai.input.messages')).toBe(messages)
  expect(stored.events[0]?.attributes.get('content')).toBe('jane@example.com')
  expect(stored.attributes.has('http.request.header.authorization')).toBe(false)
  expect(stored.resource_attributes.has('api_key')).toBe(false)
})

describe.each(['off', 'redacted', 'full'] as const)('%s', (mode) => {
  test('never writes to a span or its shared resource', () => {
    const given = chat()
    const before = structuredClone(given)
    createRedactor(mode).span(given, '')
    expect(given).toEqual(before)
  })

  test('drops credentials, also of the resource and of a request’s own attributes', () => {
    const redactor = createRedactor(mode)
    const stored = redactor.span(chat(), '')
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
    expect(createRedactor(mode).span(plain, '')).toBe(plain)
  })

  test('a resource is cleaned once for all its spans', () => {
    const redactor = createRedactor(mode)
    const shared = chat().resource_attributes
    const [first, second] = [1, 2].map(() => redactor.span({ ...chat(), resource_attributes: shared }, ''))
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

describe('per endpoint', () => {
  const endpoints = [
    { name: 'private', content: 'off' },
    { name: 'open', content: 'full', upstream: 'http://vllm-1:8000' },
    { name: 'plain' },
  ].map((endpoint) => endpointConfig.parse(endpoint))
  const stored = (redactor: ReturnType<typeof createRedactor>, endpoint: string) => {
    const request = { ...emptyRequest(), endpoint, input: messages }
    redactor.request(request)
    const value = redactor.span(chat(), endpoint).attributes.get('gen_ai.input.messages') ?? ''
    // A request and its span say the same.
    expect(value).toBe(request.input)
    expect(redactor.text(messages, endpoint)).toBe(request.input)
    return value
  }

  test.each([
    ['private', ''],
    ['open', messages],
    ['plain', redacted],
    ['of no configuration', redacted],
    ['', ''],
  ])('"%s"', (endpoint, value) => {
    expect(stored(createRedactor('redacted', endpoints), endpoint)).toBe(value)
  })

  test('where no endpoint is known the strictest mode counts, unless another is named', () => {
    expect(stored(createRedactor('full', []), '')).toBe(messages)
    expect(stored(createRedactor('full', endpoints.slice(1)), '')).toBe(messages)
    expect(stored(createRedactor('off', endpoints.slice(1)), '')).toBe('')
    expect(stored(createRedactor({ ...contentSettings('full'), other_spans: 'redacted' }, endpoints), '')).toBe(
      redacted,
    )
  })
})

describe('sizes', () => {
  const settings = { ...contentSettings('full'), max_bytes: 1000 }
  const long = JSON.stringify([{ role: 'user', content: 'x'.repeat(5000) }])

  test.each(['redacted', 'full'] as const)(
    '%s: input, output and content attributes are cut, once and counted once',
    (mode) => {
      const cuts: number[] = []
      const redactor = createRedactor({ ...settings, mode }, [], (bytes) => cuts.push(bytes))
      const request = { ...emptyRequest(), input: long, output: 'short' }
      redactor.request(request)
      const attributes = { 'gen_ai.input.messages': long, 'ai.prompt.tools': Array(300).fill('tool'), other: long }
      const stored = redactor.span(span({ attributes }), '').attributes
      expect(request.input).toMatch(/^\[\{"role":"user","content":"x+…\[cut: \d+ bytes\]$/)
      expect(request.output).toBe('short')
      expect(stored.get('gen_ai.input.messages')).toBe(request.input)
      expect(stored.get('ai.prompt.tools')).toMatch(/^\["tool",.+…\[cut: \d+ bytes\]$/)
      expect(stored.get('other')).toBe(long)
      expect(cuts).toEqual([long.length, JSON.stringify(attributes['ai.prompt.tools']).length])
    },
  )

  test('a secret that the cut would halve is gone before it', () => {
    const redactor = createRedactor({ ...settings, mode: 'redacted' })
    for (let at = 940; at < 1000; at++)
      expect(redactor.text(`${'x '.repeat(at / 2)}jane@example.com ${'y'.repeat(99)}`, '')).not.toContain('jan')
  })
})

test('custom patterns work in content and where content is quoted', () => {
  const patterns = [{ name: 'ticket', regex: 'TCK-\\d+' }]
  const redactor = createRedactor({ ...contentSettings('redacted'), patterns })
  const stored = redactor.span(
    span({ status_message: 'TCK-1', attributes: { 'input.value': 'TCK-2', 'error.message': 'TCK-3', plain: 'TCK-4' } }),
    '',
  )
  expect(stored.status_message).toBe('[ticket]')
  expect([...stored.attributes.values()]).toEqual(['[ticket]', '[ticket]', 'TCK-4'])
})

test('attributes of messages are content, of anything else those that are named so', () => {
  const attributes = new Map([
    ['content', 'jane@example.com'],
    ['input.value', 'jane@example.com'],
    ['api_key', 'x'],
  ])
  const redactor = createRedactor('redacted')
  expect([...redactor.attributes(attributes, '', 'message').values()]).toEqual(['[email]', '[email]'])
  expect([...redactor.attributes(attributes, '').values()]).toEqual(['jane@example.com', '[email]'])
  expect([...createRedactor('off').attributes(attributes, '', 'message').keys()]).toEqual([])
})

test('a request keeps content in input and output alone', () => {
  const request = {
    ...emptyRequest(),
    attributes: new Map([
      ['prompt', 'hello'],
      ['tenant', 'acme'],
    ]),
  }
  createRedactor('full').request(request)
  expect([...request.attributes.keys()]).toEqual(['tenant'])
})

test('credentials inside structured content go, whatever they are named', () => {
  const attributes = { 'ai.prompt.tools': [{ api_key: 'abc', password: 5, auth: { token: 'jane@example.com' } }] }
  const stored = createRedactor('redacted').span(span({ attributes }), '')
  expect(stored.attributes.get('ai.prompt.tools')).toEqual([
    { api_key: '[key]', password: '[key]', auth: { token: '[email]' } },
  ])
})
