import { constants, createGzip, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { gapBucket } from '../../../records/token-gaps.ts'
import { attributionConfig } from '../../config.ts'
import { SpoolFull } from '../../spool/index.ts'
import { limitsOf } from './rate-limits.ts'
import { Retries } from './retries.ts'
import { type Exchange, observe, sse, startMs, tell, testObserver } from './testing.ts'
import { traceContext } from './trace-context.ts'
import { privateHeaders } from './who.ts'

const path = '/v1/chat/completions'
const eventStream = { 'content-type': 'text/event-stream' }
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
const plain: Exchange = {
  path,
  request: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Where?' }] },
  answer: {
    id: 'chatcmpl-12345678',
    model: 'gpt-4o',
    choices: [{ message: { content: 'Here' }, finish_reason: 'stop' }],
    usage,
  },
}
const piece = (content: string, finish_reason: string | null = null) => ({
  id: 'chatcmpl-12345678',
  model: 'gpt-4o',
  choices: [{ index: 0, delta: { content }, finish_reason }],
})
const requestOf = async (exchange: Exchange, options = {}) => {
  const { calls } = await observe(exchange, options)
  return calls[0]?.request
}

describe('times', () => {
  const pieces = ['', 'a', 'b', 'c', ''].map((text, index) => sse([piece(text, index === 4 ? 'stop' : null)]))
  const streamed: Exchange = {
    ...plain,
    answerHeaders: eventStream,
    answer: pieces.join(''),
    cuts: pieces.map((_, index) => pieces.slice(0, index + 1).join('').length).slice(0, -1),
    times: [50, 200, 210, 410, 420].map((ms) => startMs + ms),
  }

  test('the first byte, the first token that is more than the empty chunk, the last, and every gap', async () => {
    const request = await requestOf(streamed)
    expect(request).toMatchObject({ ttfb_ms: 50, ttft_ms: 200, last_token_ms: 410, duration_ms: 425, streamed: true })
    expect(request?.timestamp).toBe(1_760_000_000_000_250)
    const gaps = [...(request?.itl_ms_counts ?? []).entries()].filter(([, count]) => count > 0)
    expect(gaps).toEqual([
      [gapBucket(10), 1],
      [gapBucket(200), 1],
    ])
    // 3 characters: one token, which leaves no time per further token.
    expect(request).toMatchObject({ output_tokens: 1, usage_source: 'estimated', tpot_ms: null })
  })

  test('a plain answer has a first byte, and no token by itself', async () => {
    const unknown = { ttft_ms: null, last_token_ms: null, itl_ms_counts: [], streamed: false }
    expect(await requestOf(plain)).toMatchObject({ ttfb_ms: 100, ...unknown })
  })

  test('of a compressed stream each token has the time of the chunk that it came in', async () => {
    const gzip = createGzip()
    const parts: Buffer[] = []
    gzip.on('data', (part: Buffer) => parts.push(part))
    const sizes: number[] = []
    for (const text of pieces) {
      await new Promise<void>((resolve) => {
        gzip.write(text)
        gzip.flush(constants.Z_SYNC_FLUSH, () => setImmediate(resolve))
      })
      sizes.push(Buffer.concat(parts).length)
    }
    const request = await requestOf({
      ...streamed,
      answer: Buffer.concat(parts),
      cuts: sizes.slice(0, -1),
      answerHeaders: { ...eventStream, 'content-encoding': 'gzip' },
    })
    expect(request).toMatchObject({ ttfb_ms: 50, ttft_ms: 200, last_token_ms: 410, finish_reason: 'stop' })
  })
})

describe('how a call ended', () => {
  const cases: readonly (readonly [name: string, exchange: Partial<Exchange>, expected: object])[] = [
    [
      'a rate limit of OpenAI',
      {
        status: 429,
        answer: { error: { message: 'Rate limit reached', type: 'tokens', code: 'rate_limit_exceeded' } },
      },
      {
        status: 'rate_limited',
        error_type: 'rate_limit_exceeded',
        http_status: 429,
        input_tokens: null,
        output_tokens: null,
      },
    ],
    [
      'a wrong key at Anthropic',
      { status: 401, answer: { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } } },
      { status: 'error', error_type: 'authentication_error', http_status: 401 },
    ],
    [
      'Google, in a list',
      { status: 503, answer: [{ error: { code: 503, status: 'UNAVAILABLE', message: 'overloaded' } }] },
      { status: 'error', error_type: 'UNAVAILABLE' },
    ],
    [
      'Amazon, in a header',
      {
        status: 400,
        answer: { message: 'no' },
        answerHeaders: { 'x-amzn-errortype': 'ValidationException:http://x/' },
      },
      { status: 'error', error_type: 'ValidationException' },
    ],
    ['a page of a proxy in between', { status: 502, answer: '<html>' }, { status: 'error', error_type: '502' }],
    [
      'a prompt that Azure filters',
      { status: 400, answer: { error: { code: 'content_filter' } } },
      { status: 'filtered' },
    ],
    ['an upstream that is slow', { status: 504, answer: '' }, { status: 'timeout', error_type: '504' }],
    [
      'no answer at all',
      { answer: undefined, end: { how: 'upstream_unreachable', error: 'ECONNREFUSED' } },
      { status: 'error', error_type: 'upstream_unreachable', http_status: null, ttfb_ms: null, input_tokens: null },
    ],
    [
      'a time-out of ours',
      { answer: undefined, end: { how: 'timeout' } },
      { status: 'timeout', error_type: 'timeout' },
    ],
    [
      'a guard rail of ours',
      { answer: undefined, end: { how: 'refused', error: 'rate_limited' } },
      { status: 'rate_limited', error_type: 'rate_limited' },
    ],
    [
      'a body that is too large for us',
      { answer: undefined, end: { how: 'refused', error: 'a body of more than 10 bytes' } },
      { status: 'error', error_type: 'refused' },
    ],
    [
      'an error in the middle of a stream',
      {
        answerHeaders: eventStream,
        answer: sse([
          piece('Bern'),
          { error: { message: 'The server had an error', type: 'server_error', code: null } },
        ]),
      },
      { status: 'error', error_type: 'server_error', http_status: 200, output_tokens: 1, output: 'Bern' },
    ],
    [
      'a client that went away: what was paid for until then',
      { answerHeaders: eventStream, answer: sse([piece('In the middle of Switzer')]), end: { how: 'client_aborted' } },
      {
        status: 'cancelled',
        error_type: 'client_aborted',
        http_status: 200,
        output_tokens: 6,
        usage_source: 'estimated',
      },
    ],
    [
      'a client that went away once it had all',
      { answerHeaders: eventStream, answer: sse([piece('Here', 'stop')]), end: { how: 'client_aborted' } },
      { status: 'ok', error_type: '', finish_reason: 'stop' },
    ],
    [
      'an upstream that broke off',
      { answerHeaders: eventStream, answer: sse([piece('In ')]), end: { how: 'upstream_aborted' } },
      { status: 'error', error_type: 'upstream_aborted', output_tokens: 1 },
    ],
  ]
  test.each(cases)('%s', async (_name, exchange, expected) => {
    const { calls, issues } = await observe({ ...plain, ...exchange })
    expect(calls[0]?.request).toMatchObject(expected)
    const { status } = calls[0]?.request ?? {}
    expect(calls[0]?.span.status).toBe(status === 'ok' || status === 'filtered' ? 'unset' : 'error')
    expect(issues).toEqual({})
  })

  test('an aborted message of Anthropic is not one token, which is what its first event says', async () => {
    const answer = sse(
      [
        { type: 'message_start', message: { usage: { input_tokens: 50, output_tokens: 1 } } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x'.repeat(400) } },
      ],
      { named: true },
    )
    const end = { how: 'client_aborted' } as const
    const message = { path: '/v1/messages', request: {}, answerHeaders: eventStream, answer, end }
    expect(await requestOf(message)).toMatchObject({
      input_tokens: 50,
      output_tokens: 100,
      usage_source: 'estimated',
      status: 'cancelled',
    })
  })

  test('an error that repeats the endpoint’s own key is kept without it', async () => {
    const { calls } = await observe({
      ...plain,
      endpoint: { api_key: 'the-key-of-the-endpoint' },
      status: 401,
      answer: { error: { message: 'no such key: the-key-of-the-endpoint', type: 'invalid_request_error' } },
    })
    expect(calls[0]?.span.status_message).toBe('no such key: [key]')
  })

  test.each(['', 'x'.repeat(940)])(
    'nor those that AWS says were signed, nor the client’s, cut or not',
    async (before) => {
      const aws = {
        region: 'us-east-1',
        access_key_id: 'a',
        secret_access_key: 'of-the-endpoint',
        session_token: 's'.repeat(50),
      }
      const message = `${before}x-amz-security-token:${aws.session_token} with a-key-of-the-client, of-the-endpoint`
      const { calls } = await observe({
        ...plain,
        endpoint: { aws },
        headers: { authorization: 'Bearer a-key-of-the-client' },
        status: 403,
        answer: { message },
      })
      const told = `${before}x-amz-security-token:[key]`
      expect(calls[0]?.span.status_message).toBe(before === '' ? `${told} with [key], [key]` : told)
    },
  )
})

describe('tries', () => {
  test('what the client says counts', async () => {
    expect(await requestOf({ ...plain, headers: { 'x-stainless-retry-count': '2' } })).toMatchObject({ attempt: 3 })
  })

  test('what failed and is sent again with the same key within a minute is a retry; what went well is none', () => {
    const retries = new Retries()
    const call = (startedMs: number, more: object = {}) => ({
      endpoint: 'e',
      api_key: 'k',
      path,
      body: Buffer.from('x'),
      startedMs,
      endedMs: startedMs + 10,
      ...more,
    })
    const attempts = [
      [call(0), true, 1],
      [call(1_000, { body: Buffer.from('other') }), true, 1],
      [call(1_000, { api_key: 'other' }), false, 1],
      [call(5), true, 1],
      [call(1_000), true, 2],
      [call(2_000), false, 3],
      [call(3_000), false, 1],
      [call(4_000), true, 1],
      [call(70_000), false, 1],
      [call(70_000, { body: null }), true, 1],
    ] as const
    for (const [of, failed, attempt] of attempts) expect(retries.attemptOf(undefined, of, failed)).toBe(attempt)
  })
})

describe('whom a call is for', () => {
  test('headers, before the body', async () => {
    const values = Object.fromEntries(privateHeaders.map((name) => [name, name.replace('x-inferwatch-', 'my-')]))
    const request = { model: 'gpt-4o', user: 'u', metadata: { team: 't', ticket: 'T-1' } }
    expect(await requestOf({ ...plain, headers: values, request })).toMatchObject({
      user_id: 'my-user',
      team: 'my-team',
      feature: 'my-feature',
      session_id: 'my-session',
      environment: 'my-environment',
      variant: 'my-variant',
      prompt_name: 'my-prompt-name',
      prompt_version: 'my-prompt-version',
      service: 'my-service',
    })
    const said = await requestOf({ ...plain, request })
    expect(said).toMatchObject({ user_id: 'u', team: 't', service: 'inferwatch-proxy' })
    expect(said?.attributes.get('metadata.ticket')).toBe('T-1')
  })

  test('names that the configuration gives', async () => {
    const attribution = attributionConfig.parse({ team: ['header.X-Tenant'], feature: ['body.extra.screen'] })
    const { calls } = await observe(
      { ...plain, headers: { 'x-tenant': 'acme' }, request: { model: 'm', extra: { screen: 'search' } } },
      { attribution },
    )
    // The pipeline reads them from the span, as it does of any other.
    expect(calls[0]?.span.attributes.get('header.X-Tenant')).toBe('acme')
    expect(calls[0]?.span.attributes.get('body.extra.screen')).toBe('search')
  })

  test.each([
    ['x-inferwatch-key', 'a-key-of-the-proxy-abcdefghijklmnop'],
    ['x-api-key', 'opaque-abcdefghijklmnop'],
    ['authorization', 'Bearer opaque-abcdefghijklmnop'],
  ])('a key that the configuration names, in %s, is hashed', async (header, value) => {
    const attribution = attributionConfig.parse({ api_key: [`header.${header}`] })
    const { calls } = await observe({ ...plain, headers: { [header]: value } }, { attribution })
    expect(calls[0]?.span.attributes.get(`header.${header}`)).toMatch(/^sha256:[0-9a-f]{12}$/)
    const all = JSON.stringify(calls, (_, item: unknown) => (item instanceof Map ? [...item] : item))
    expect(all).not.toContain('abcdefghijklmnop')
  })

  const key = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789'
  test.each<[string, Partial<Exchange>]>([
    ['a bearer', { headers: { authorization: `Bearer ${key}` } }],
    ['x-api-key', { headers: { 'x-api-key': key } }],
    ['api-key', { headers: { 'api-key': key } }],
    ['x-goog-api-key', { headers: { 'x-goog-api-key': key } }],
    ['a query', { path: `${path}?key=${key}` }],
  ])('the key in %s is hashed, and nowhere else', async (_name, exchange) => {
    const answerHeaders = { 'x-ratelimit-remaining-requests': '9' }
    const { calls, samples } = await observe({ ...plain, ...exchange, answerHeaders })
    expect(calls[0]?.request.api_key).toMatch(/^sha256:[0-9a-f]{12}$/)
    const text = JSON.stringify([calls, samples], (_, value: unknown) => (value instanceof Map ? [...value] : value))
    expect(text).toContain('sha256:')
    expect(text).not.toContain('abcdefghijklmnop')
  })

  test('of what AWS signs the id of the key tells keys apart, not the signature', async () => {
    const signed = (id: string, signature: string) =>
      requestOf({
        ...plain,
        headers: { authorization: `AWS4-HMAC-SHA256 Credential=${id}/2025/x, Signature=${signature}` },
      })
    expect((await signed('AKIA1', 'a'))?.api_key).toBe((await signed('AKIA1', 'b'))?.api_key)
    expect((await signed('AKIA1', 'a'))?.api_key).not.toBe((await signed('AKIA2', 'a'))?.api_key)
  })
})

describe('content', () => {
  test('off: nothing is kept, and tokens are estimated all the same', async () => {
    const answer = { choices: [{ message: { content: 'Here it is' }, finish_reason: 'stop' }] }
    const request = await requestOf({ ...plain, answer, endpoint: { content: 'off' } })
    expect(request).toMatchObject({ input: '', output: '', output_tokens: 3, input_tokens: 2 })
  })

  test('files in a prompt stand there by their size', async () => {
    const url = `data:image/png;base64,${'A'.repeat(5_000)}`
    const request = { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }
    expect((await requestOf({ ...plain, request }))?.input).toContain('[5022 characters of a file]')
  })

  test('a long answer is kept no further than it is stored', async () => {
    const answer = { choices: [{ message: { content: 'x'.repeat(100_000) } }] }
    const request = await requestOf({ ...plain, answer }, { content: { mode: 'full', max_bytes: 1_000, patterns: [] } })
    expect(request?.output.length).toBe(2_024)
    expect(request?.output_tokens).toBe(25_000)
  })
})

describe('trace context', () => {
  const trace = 'a'.repeat(32)
  test('a call continues the trace of its client', async () => {
    const { calls, added } = await observe({ ...plain, headers: { traceparent: `00-${trace}-${'b'.repeat(16)}-00` } })
    const { request, span } = calls[0] ?? {}
    expect(request).toMatchObject({ trace_id: trace, parent_span_id: 'b'.repeat(16) })
    expect(added).toEqual({ traceparent: `00-${trace}-${request?.span_id}-00` })
    expect(span).toMatchObject({ trace_id: trace, span_id: request?.span_id, name: 'chat gpt-4o', kind: 'client' })
  })

  test.each([
    undefined,
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `ff-${trace}-${'b'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${'b'.repeat(16)}-01`,
  ])('%s begins one', (header) => {
    const context = traceContext(header)
    expect(context.parent_span_id).toBe('')
    expect(context.trace_id).not.toBe(trace)
    expect(context.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })

  test('ids differ', () => {
    expect(new Set(Array.from({ length: 5_000 }, () => traceContext(undefined).span_id)).size).toBe(5_000)
  })
})

describe('usage that the client did not ask for', () => {
  const usageChunk = { id: 'chatcmpl-12345678', choices: [], usage }
  const whole = sse([piece('Here', 'stop'), usageChunk], { done: true })
  const streamed: Exchange = {
    endpoint: { ask_usage: true },
    path,
    request: { model: 'gpt-4o', stream: true },
    answerHeaders: eventStream,
    answer: whole,
  }

  test('is asked for, counted and hidden', async () => {
    const { calls, sent, passed, added } = await observe(streamed)
    expect(sent.toString()).toBe('{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}')
    expect(passed.toString()).toBe(sse([piece('Here', 'stop')], { done: true }))
    expect(added).toMatchObject({ 'accept-encoding': 'identity' })
    expect(calls[0]?.request).toMatchObject({ input_tokens: 10, output_tokens: 5, usage_source: 'reported' })
  })

  test('stays for a client that asked, and wherever nothing is configured', async () => {
    const request = { stream: true, stream_options: { include_usage: true } }
    for (const exchange of [
      { ...streamed, request },
      { ...streamed, endpoint: {} },
    ]) {
      const { passed, sent } = await observe(exchange)
      expect(passed.toString()).toBe(whole)
      expect(sent.toString()).toBe(JSON.stringify(exchange.request))
    }
  })

  test('that cannot be hidden is left, and counted', async () => {
    const answerHeaders = { ...eventStream, 'content-length': String(whole.length) }
    const { passed, issues } = await observe({ ...streamed, answerHeaders })
    expect(passed.toString()).toBe(whole)
    expect(issues).toEqual({ 'proxy usage_not_hidden': 1 })
  })

  test('what was held back of a stream that breaks off is given out', async () => {
    const hidden = sse([usageChunk])
    const start = whole.indexOf(hidden)
    for (let length = 0; length < whole.length; length += 3) {
      const answer = whole.slice(0, length)
      const { passed } = await observe({ ...streamed, answer, end: { how: 'upstream_aborted' } })
      const gone = length >= start + hidden.length
      expect(passed.toString()).toBe(gone ? answer.replace(hidden, '') : answer)
    }
  })
})

describe('limits of providers', () => {
  const now = Date.UTC(2026, 0, 1)
  test.each<[Record<string, string>, Record<string, number>]>([
    [
      {
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-limit-tokens': '150000',
        'x-ratelimit-reset-tokens': '6m0.5s',
      },
      { ratelimit_remaining_requests: 59, ratelimit_limit_tokens: 150000, ratelimit_reset_tokens_seconds: 360.5 },
    ],
    [{ 'x-ratelimit-reset-requests': '120ms' }, { ratelimit_reset_requests_seconds: 0.12 }],
    [
      {
        'anthropic-ratelimit-input-tokens-remaining': '7',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:30Z',
      },
      { ratelimit_remaining_input_tokens: 7, ratelimit_reset_requests_seconds: 30 },
    ],
    [{ 'retry-after': '20' }, { retry_after_seconds: 20 }],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, { retry_after_seconds: 60 }],
    [{ 'retry-after-ms': '1500' }, { retry_after_seconds: 1.5 }],
    [
      { 'x-ratelimit-reset': String(now / 1000 + 9), 'x-ratelimit-remaining': '3' },
      { ratelimit_reset_requests_seconds: 9, ratelimit_remaining_requests: 3 },
    ],
    [{ 'retry-after': 'soon', 'x-ratelimit-remaining-tokens': '', 'x-ratelimit-limit-tokens': '-1' }, {}],
  ])('%j', (headers, expected) => {
    expect(Object.fromEntries(limitsOf(headers, now).map(({ name, value }) => [name, value]))).toEqual(expected)
  })

  test('become series of the endpoint, the newest value of each', async () => {
    const { observer, samples } = testObserver()
    for (const remaining of ['9', '8'])
      tell(observer, { ...plain, answerHeaders: { 'x-ratelimit-remaining-requests': remaining } })
    await observer.stop()
    const labels = new Map(Object.entries({ endpoint: 'test', model: 'gpt-4o' }))
    expect(samples).toHaveLength(1)
    expect(samples[0]).toMatchObject({ target: 'proxy:test', name: 'ratelimit_remaining_requests', labels, value: 8 })
  })
})

describe('what goes wrong costs the observation alone', () => {
  test.each([
    ['a full spool', new SpoolFull('full'), { 'proxy calls_spool_full': 1 }],
    ['a pipeline that fails', new TypeError('oops'), { 'proxy calls_not_stored': 1 }],
  ])('%s', async (_name, error, counted) => {
    const { passed, issues } = await observe(plain, { acceptCalls: () => Promise.reject(error) })
    expect(passed.toString()).toBe(JSON.stringify(plain.answer))
    expect(issues).toEqual(counted)
  })

  test('a pipeline that throws at once, a store of limits that does', async () => {
    const acceptCalls = () => {
      throw new Error('oops')
    }
    const appendSamples = () => Promise.reject(new Error('no'))
    const { issues } = await observe(
      { ...plain, answerHeaders: { 'retry-after': '1' } },
      { acceptCalls, appendSamples },
    )
    expect(issues).toEqual({ 'proxy calls_not_stored': 1, 'proxy limits_not_stored': 1 })
  })

  test('a pipeline that never answers: calls wait up to a bound, then they are dropped and counted', async () => {
    const { observer, issues } = testObserver({}, { acceptCalls: () => new Promise(() => undefined) })
    for (let call = 0; call < 9_000; call++) {
      tell(observer, plain)
      if (call % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    // 2,048 are under way, and 5,000 wait.
    expect(issues.counts()).toEqual({ 'proxy too_many_calls': 9_000 - 2_048 - 5_000 })
  })

  test('copies have a bound together; beyond it calls are counted without what they say', async () => {
    const { observer, calls, issues } = testObserver({}, { maxCopiedBytes: 1_000 })
    tell(observer, { ...plain, request: { model: 'gpt-4o', messages: 'x'.repeat(2_000) } })
    tell(observer, plain)
    await observer.stop()
    expect(calls.map(({ request }) => request.requested_model)).toEqual(['', 'gpt-4o'])
    expect(issues.counts()).toEqual({ 'proxy no_room_for_copies': 1 })
  })

  test('the room of a call that was dropped is there for others', async () => {
    const { observer, calls, issues } = testObserver({}, { maxCopiedBytes: 1_000 })
    const start = { endpoint: 'test', method: 'POST', path: plain.path, headers: {}, startedMs: startMs }
    const dropped = observer.begin(start)
    dropped?.requestChunk(Buffer.alloc(500))
    dropped?.responseHead(200, { 'content-type': 'application/json' }, startMs)
    dropped?.responseChunk(Buffer.alloc(500), startMs)
    dropped?.dropped?.()
    dropped?.dropped?.()
    tell(observer, { ...plain, request: { model: 'gpt-4o', messages: 'x'.repeat(400) } })
    await observer.stop()
    expect(calls.map(({ request }) => request.requested_model)).toEqual(['gpt-4o'])
    expect(issues.counts()).toEqual({})
  })

  test('a request and an answer that are too large to be parsed still say their model and their counts', async () => {
    const large = 'A'.repeat(3 * 2 ** 20)
    const request = { model: 'gpt-4o', messages: [{ role: 'user', content: large }], stream: false }
    const answer = {
      id: 'chatcmpl-12345678',
      model: 'gpt-4o-2024-08-06',
      choices: [{ message: { content: large } }],
      usage,
    }
    const { calls, issues } = await observe({ ...plain, request, answer, cuts: [1_000, 2 ** 20] })
    expect(calls[0]?.request).toMatchObject({
      requested_model: 'gpt-4o',
      model_version: '2024-08-06',
      input_tokens: 10,
    })
    expect(issues).toEqual({})
  })

  test('a line without end', async () => {
    const answer = `${sse([piece('Here')])}data: ${'x'.repeat(3 * 2 ** 20)}`
    const cuts = [500, 1_000_000]
    const { calls, issues, passed } = await observe({ ...plain, answerHeaders: eventStream, answer, cuts })
    expect(issues).toEqual({ 'proxy event_too_long': 1 })
    expect(calls[0]?.request.output).toBe('Here')
    expect(passed).toHaveLength(answer.length)
  })

  test('an answer that bursts when it is decompressed', async () => {
    const answer = gzipSync(Buffer.alloc(80 * 2 ** 20))
    const { issues, calls } = await observe({ ...plain, answer, answerHeaders: { 'content-encoding': 'gzip' } })
    expect(issues).toEqual({ 'proxy answer_too_large': 1 })
    expect(calls).toHaveLength(1)
  })

  test.each([
    [{ 'content-encoding': 'gzip' }, 'bad_compression'],
    [{ 'content-encoding': 'lzma' }, 'unknown_encoding'],
    [{ 'content-type': 'application/vnd.amazon.eventstream' }, 'bad_aws_message'],
    [{ 'content-type': 'text/event-stream' }, 'bad_event'],
  ])('bytes that are not what %j says', async (answerHeaders, reason) => {
    const { issues, passed, calls } = await observe({ ...plain, answer: 'data: nonsense\n\n', answerHeaders })
    expect(issues).toEqual({ [`proxy ${reason}`]: 1 })
    expect(passed.toString()).toBe('data: nonsense\n\n')
    expect(calls).toHaveLength(1)
  })
})

test.each([
  ['GET', '/v1/models'],
  ['POST', '/v1/files'],
  ['GET', '/v1/chat/completions'],
  ['POST', '/healthz'],
])('%s %s is no call of a model', (method, path) => {
  expect(tell(testObserver().observer, { method, path })).toBeNull()
})
