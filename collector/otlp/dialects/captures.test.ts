/**
 * What real clients sent, against what the stand-in endpoint told them: 23 tokens in, of which 10 cached, and 7 out, of
 * which 2 reasoning; 5 in for embeddings. A dash is what the client does not report: null, or false and empty. Traceloop's
 * enriched streams are its own estimates, which nothing on the span tells.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Span } from '../../../records/span.ts'
import { decodeJson } from '../decode-json.ts'
import { decodeProtobuf } from '../decode-protobuf.ts'
import { requestOf, unmappedCall } from './index.ts'

const captures = new URL('../../../../shared/captures/otlp/', import.meta.url)
const haveShared = existsSync(captures)
const options = { max_attribute_bytes: 262_144, now: Date.UTC(2026, 10, 21, 12) * 1000 }

/** One line a capture; captures of several calls have several lines. */
const table = `
capture                         dialect       role      provider operation  model                  version    requested              in cached written basis     out reason usage    max status       error_type      http finish     streamed ttft_ms
gzip-chat                       gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
otel-openai-chat                gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
otel-openai-chat-nocontent      gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
otel-openai-latest-chat         gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
otel-openai-latest-stream-usage gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
otel-openai-stream-usage        gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
otel-openai-stream              gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 -  -      -       -         -   -      -        64  ok           -               -    stop       -        -
otel-openai-tools               gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    tool_calls -        -
otel-openai-embeddings          gen_ai        client    openai   embeddings text-embedding-3-small -          text-embedding-3-small 5  -      -       -         -   -      reported -   ok           -               -    -          -        -
otel-openai-err429              gen_ai        client    openai   chat       gpt-4o                 -          gpt-4o                 -  -      -       -         -   -      -        64  rate_limited RateLimitError  429  -          -        -
otel-openai-undici-chat         gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported -   ok           -               -    stop       -        -
otel-openai-undici-stream       gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 -  -      -       -         -   -      -        -   ok           -               -    stop       -        -
otel-openai-undici-retry        gen_ai        client    openai   chat       gpt-4o                 -          gpt-4o                 -  -      -       -         -   -      -        -   rate_limited RateLimitError  429  -          -        -
proto-chat                      gen_ai        client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
traceloop-chat                  openllmetry   client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
traceloop-responses             openllmetry   client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported -   ok           -               -    stop       -        -
traceloop-tools                 openllmetry   client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    tool_calls -        -
traceloop-stream                openllmetry   client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 -  -      -       -         -   -      -        64  ok           -               -    stop       -        -
traceloop-stream-usage          openllmetry   client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 -  -      -       -         -   -      -        64  ok           -               -    stop       -        -
traceloop-enrich-stream         openllmetry   client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 7  -      -       -         5   -      reported 64  ok           -               -    stop       -        -
traceloop-enrich-stream-usage   openllmetry   client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 7  -      -       -         5   -      reported 64  ok           -               -    stop       -        -
openinference-chat              openinference client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    stop       -        -
openinference-chat-context      openinference client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    stop       -        -
openinference-responses         openinference client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported -   ok           -               -    -          -        -
openinference-tools             openinference client    openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    tool_calls -        -
openinference-stream            openinference client    openai   chat       gpt-4o                 -          gpt-4o                 -  -      -       -         -   -      -        64  ok           -               -    stop       yes      -
openinference-stream-usage      openinference client    openai   chat       gpt-4o                 -          gpt-4o                 -  -      -       -         -   -      -        64  ok           -               -    stop       yes      -
openinference-embeddings        openinference client    openai   embeddings text-embedding-3-small -          -                      -  -      -       -         -   -      -        -   ok           -               -    -          -        -
vercel-ai5-chat                 vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
vercel-ai5-stream               vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    stop       yes      152.26
vercel-ai5-tools                vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    tool_calls -        -
vercel-ai5-tools                vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 -      -       -         7   -      reported 64  ok           -               -    stop       -        -
vercel-ai5-err429               vercel_ai     framework openai   chat       gpt-4o                 -          gpt-4o                 -  -      -       -         -   -      -        64  rate_limited AI_APICallError -    -          -        -
vercel-ai6-chat                 vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    stop       -        -
vercel-ai6-stream               vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    stop       yes      183.80
vercel-ai6-responses-stream     vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    stop       yes      187.89
vercel-ai6-tools                vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    tool_calls -        -
vercel-ai6-tools                vercel_ai     framework openai   chat       gpt-4o                 2024-08-06 gpt-4o                 23 10     -       inclusive 7   2      reported 64  ok           -               -    stop       -        -
vercel-ai6-err429               vercel_ai     framework openai   chat       gpt-4o                 -          gpt-4o                 -  -      -       -         -   -      -        64  rate_limited AI_APICallError -    -          -        -
vercel-ai6-stream-err429        vercel_ai     framework openai   chat       gpt-4o                 -          gpt-4o                 -  -      -       -         -   -      -        64  rate_limited AI_APICallError -    -          yes      -
vercel-ai6-embeddings           vercel_ai     framework openai   embeddings text-embedding-3-small -          text-embedding-3-small 5  -      -       -         -   -      reported -   ok           -               -    -          -        -
langfuse-chat                   langfuse      framework -        chat       gpt-4o                 2024-08-06 -                      23 10     -       exclusive 7   2      reported 64  ok           -               -    -          -        -
langfuse-defaultexp-chat        langfuse      framework -        chat       gpt-4o                 2024-08-06 -                      23 10     -       exclusive 7   2      reported 64  ok           -               -    -          -        -
langfuse-nested                 langfuse      framework -        chat       gpt-4o                 2024-08-06 -                      23 10     -       exclusive 7   2      reported 64  ok           -               -    -          -        -
langfuse-stream                 langfuse      framework -        chat       gpt-4o                 -          -                      -  -      -       -         -   -      -        64  ok           -               -    -          yes      139.00
langfuse-stream-usage           langfuse      framework -        chat       gpt-4o                 -          -                      23 10     -       exclusive 7   2      reported 64  ok           -               -    -          yes      158.00
langfuse-err429                 langfuse      framework -        chat       gpt-4o                 -          -                      -  -      -       -         -   -      -        64  rate_limited 429             429  -          -        -
`
/** No row: the AI SDK exports but the parent of an aborted stream. */
const withoutRequests = ['vercel-ai6-abort']

const [head = '', ...lines] = table
  .trim()
  .split('\n')
  .map((line) => line.replace(/\s+/g, ' '))
const columns = head.split(' ')
const expected = Map.groupBy(lines, (line) => line.split(' ')[0] ?? '')

describe.skipIf(!haveShared)('captures of real clients', () => {
  test.each([...expected])('%s', (capture, rows) => {
    expect(columns).toHaveLength(22)
    expect(requestsOf(capture).map((request) => row(capture, request))).toEqual(rows)
  })

  test.each(withoutRequests)('%s gives spans, no request', (capture) => {
    expect(spansOf(capture).length).toBeGreaterThan(0)
    expect(requestsOf(capture)).toEqual([])
  })

  test('the table names every capture of traces', () => {
    const files = readdirSync(captures).filter(
      (name) => !/\.(?:logs|metrics)\.json$/.test(name) && !name.startsWith('_'),
    )
    const names = files.map((name) => name.replace(/\.\w+$/, ''))
    expect(names.filter((name) => !expected.has(name) && !withoutRequests.includes(name))).toEqual([])
  })

  test('every span of a capture is a call, or is known to be none', () => {
    const unmapped = [...expected.keys(), ...withoutRequests].flatMap((capture) =>
      spansOf(capture).flatMap((span) => (requestOf(span) ? [] : (unmappedCall(span) ?? []))),
    )
    expect(unmapped).toEqual([])
  })

  test('who called, and with which prompt', () => {
    const users = { user_id: 'user-42', session_id: 'sess-1', prompt_version: 'v3', provider: 'openai' }
    const [vercel] = requestsOf('vercel-ai6-stream')
    expect(vercel).toMatchObject({ ...users, feature: 'capital-fn', request_id: 'chatcmpl-mock1' })
    expect(vercel?.tpot_ms).toBeCloseTo(36.2, 1)
    const [context] = requestsOf('openinference-chat-context')
    expect(context).toMatchObject({ ...users, request_id: 'chatcmpl-mock1' })
    expect(Object.fromEntries(context?.attributes ?? [])).toEqual({
      metadata: '{"tenant":"acme"}',
      'tag.tags': '["a","b"]',
    })
    const [langfuse] = requestsOf('langfuse-nested')
    expect(langfuse).toMatchObject({
      user_id: 'user-42',
      session_id: 'sess-1',
      prompt_name: 'capital-prompt',
      prompt_version: '3',
    })
    expect(Object.fromEntries(langfuse?.attributes ?? [])).toEqual({
      'langfuse.observation.metadata.tenant': 'acme',
      'langfuse.release': 'r1',
      'langfuse.trace.name': 'tn',
      'langfuse.trace.tags': '["x","t1"]',
      'langfuse.version': 'v9',
    })
    expect(requestsOf('otel-openai-chat')[0]).toMatchObject({ instance: '127.0.0.1:45893', environment: 'test' })
  })

  test('what was said, as the client sent it', () => {
    const [traceloop] = requestsOf('traceloop-chat')
    expect(traceloop?.input).toBe(
      '[{"role":"system","parts":[{"type":"text","content":"Be terse."}]},' +
        '{"role":"user","parts":[{"type":"text","content":"Capital of France?"}]}]',
    )
    const [openinference] = requestsOf('openinference-tools')
    expect(openinference?.input).toBe(
      '[{"role":"system","content":"Be terse."},{"role":"user","content":"Capital of France?"}]',
    )
    expect(JSON.parse(openinference?.output ?? '')).toEqual([
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
      },
    ])
    expect(requestsOf('vercel-ai6-chat')[0]?.output).toBe('Paris is the capital.')
    expect(requestsOf('vercel-ai6-embeddings')[0]?.input).toBe('["hello"]')
    expect(requestsOf('langfuse-chat')[0]).toMatchObject({
      input: '{"messages":[{"role":"system","content":"Be terse."},{"role":"user","content":"Capital of France?"}]}',
      output: '{"role":"assistant","content":"Paris is the capital.","refusal":null}',
    })
    expect(requestsOf('otel-openai-chat')[0]).toMatchObject({ input: '', output: '' })
  })
})

function requestsOf(capture: string): LlmRequest[] {
  return spansOf(capture).flatMap((span) => requestOf(span) ?? [])
}

function spansOf(capture: string): Span[] {
  const json = new URL(`${capture}.json`, captures)
  if (existsSync(json)) return decodeJson(readFileSync(json), options).spans
  return decodeProtobuf(readFileSync(new URL(`${capture}.bin`, captures)), options).spans
}

const fields = [
  'dialect',
  'role',
  'provider',
  'operation',
  'model',
  'model_version',
  'requested_model',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'input_token_basis',
  'output_tokens',
  'reasoning_tokens',
  'usage_source',
  'max_tokens',
  'status',
  'error_type',
  'http_status',
  'finish_reason',
] as const

/** A request as a line of the table. */
function row(capture: string, request: LlmRequest): string {
  const cells = fields.map((field) => request[field])
  return [capture, ...cells, request.streamed ? 'yes' : '', request.ttft_ms?.toFixed(2) ?? '']
    .map((cell) => (cell === '' || cell === null ? '-' : String(cell)))
    .join(' ')
}
