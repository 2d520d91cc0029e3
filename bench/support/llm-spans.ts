/** One OTLP request of model calls as real clients send them, whose ids and times can be made new without encoding again. */
import type { Encoding } from '../../collector/otlp/answer.ts'
import { jsonRequest, random, toProtobuf } from '../../collector/otlp/testing.ts'

export interface SpanBody {
  bytes: Buffer
  spans: number
  /** Gives every span ids that no earlier call gave, and moves it to now. */
  renew(): void
}

const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'o3-mini', 'gemini-2.5-flash']
const syllables = 'the ing and tion ver con pro ment ter re de com est al in ra lo ti ma no se li so ta'.split(' ')
/** Marks every trace id in the encoded request. */
const mark = 'a7c3e15b9d02f468'
const spanMark = 'b1e7'
/** As long as any time of now, in text too. */
const timeMark = '1111111111111111111'
const durationNs = 1_850_000_000n
/** Over all bodies, so that no two spans of a run are the same. */
let count = 0

/** About 25 attributes a span; `contentBytes` of prompt and answer together. The same spans in either encoding. */
export function llmSpans(spans: number, contentBytes: number, seed = 7, encoding: Encoding = 'protobuf'): SpanBody {
  const next = random(seed)
  const int = (below: number) => Math.floor(next() * below)
  const id = () => (int(2 ** 31) + 2 ** 30).toString(36) + (int(2 ** 31) + 2 ** 30).toString(36)
  const prose = (bytes: number) => {
    let text = ''
    while (text.length < bytes) {
      for (let left = 1 + int(4); left > 0; left--) text += syllables[int(syllables.length)]
      text += next() < 0.1 ? '. ' : ' '
    }
    return text.slice(0, bytes)
  }
  const list = Array.from({ length: spans }, (_, index) => {
    const model = models[int(models.length)] as string
    const input = 200 + int(4000)
    const texts: Record<string, string> = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': model.startsWith('claude')
        ? 'anthropic'
        : model.startsWith('gem')
          ? 'gcp.gemini'
          : 'openai',
      'gen_ai.request.model': model,
      'gen_ai.response.model': model,
      'gen_ai.response.id': `chatcmpl-${id()}`,
      'user.id': `user-${int(5000)}`,
      'session.id': id(),
      'server.address': 'api.example.com',
      'url.path': '/v1/chat/completions',
      'http.request.method': 'POST',
      team: `team-${int(8)}`,
      feature: `feature-${int(12)}`,
      'app.version': `2.${int(9)}.1`,
      'gen_ai.request.service_tier': 'default',
      'deployment.id': `dep-${int(40)}`,
    }
    if (contentBytes > 0) {
      const message = (role: string, bytes: number) =>
        JSON.stringify([{ role, parts: [{ type: 'text', content: prose(bytes) }] }])
      texts['gen_ai.input.messages'] = message('user', contentBytes / 2)
      texts['gen_ai.output.messages'] = message('assistant', contentBytes / 2)
    }
    const numbers: Record<string, number> = {
      'gen_ai.usage.input_tokens': input,
      'gen_ai.usage.output_tokens': 20 + int(900),
      'gen_ai.usage.cache_read.input_tokens': int(input),
      'gen_ai.usage.reasoning_tokens': 0,
      'gen_ai.request.max_tokens': 4096,
      'server.port': 443,
      'http.response.status_code': 200,
      'gen_ai.request.seed': int(1e6),
    }
    return {
      traceId: mark + '0'.repeat(16),
      spanId: spanMark + '0'.repeat(12),
      name: `chat ${model}`,
      kind: 3,
      startTimeUnixNano: timeMark,
      endTimeUnixNano: timeMark,
      attributes: [
        ...Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } })),
        ...Object.entries(numbers).map(([key, intValue]) => ({ key, value: { intValue } })),
        { key: 'gen_ai.request.temperature', value: { doubleValue: 0.7 } },
        { key: 'gen_ai.response.time_to_first_chunk', value: { doubleValue: 0.1 + next() } },
        { key: 'gen_ai.response.finish_reasons', value: { arrayValue: { values: [{ stringValue: 'stop' }] } } },
      ],
      status: { code: index % 50 === 0 ? 2 : 1 },
    }
  })
  const resource = { 'service.name': 'shop', 'service.version': '2.3.1', 'deployment.environment.name': 'production' }
  const attributes = Object.entries(resource).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  const request = jsonRequest(list, attributes)
  const bytes = encoding === 'json' ? Buffer.from(JSON.stringify(request)) : toProtobuf(request)
  return { bytes, spans, renew: encoding === 'json' ? jsonRenewer(bytes, spans) : protobufRenewer(bytes, spans) }
}

/** A span's ids and times stand in this order: 0a 10 trace, 12 08 span, …, 39 start, 41 end. */
function protobufRenewer(bytes: Buffer, spans: number): () => void {
  const start = Buffer.alloc(9, 0x39)
  start.writeBigUInt64LE(BigInt(timeMark), 1)
  const places = placesOf(bytes, Buffer.concat([Buffer.from([0x0a, 16]), Buffer.from(mark, 'hex')]), start, spans)
  return () => {
    const end = now()
    for (const [trace, start] of places) {
      count++
      bytes.writeUInt32BE(count, trace + 2 + 12)
      bytes.writeUInt32BE(count, trace + 2 + 18 + 4)
      bytes.writeBigUInt64LE(end - durationNs, start + 1)
      bytes.writeBigUInt64LE(end, start + 10)
    }
  }
}

/** The same as text: hexadecimal ids, decimal times. */
function jsonRenewer(bytes: Buffer, spans: number): () => void {
  const ids = `"traceId":"${mark}`
  const times = '"startTimeUnixNano":"'
  const places = placesOf(bytes, Buffer.from(ids), Buffer.from(times), spans)
  const traceEnd = ids.length - mark.length + 32
  const spanEnd = traceEnd + '","spanId":"'.length + 16
  const endTime = times.length + timeMark.length + '","endTimeUnixNano":"'.length
  return () => {
    const end = now()
    for (const [trace, start] of places) {
      const id = (++count).toString(16).padStart(8, '0')
      bytes.write(id, trace + traceEnd - 8, 'latin1')
      bytes.write(id, trace + spanEnd - 8, 'latin1')
      bytes.write(String(end - durationNs), start + times.length, 'latin1')
      bytes.write(String(end), start + endTime, 'latin1')
    }
  }
}

const now = () => BigInt(Date.now()) * 1_000_000n

/** Where the ids and where the times of each span begin. */
function placesOf(bytes: Buffer, ids: Buffer, times: Buffer, spans: number): [number, number][] {
  const places: [number, number][] = []
  for (let at = bytes.indexOf(ids); at !== -1; at = bytes.indexOf(ids, at + 1))
    places.push([at, bytes.indexOf(times, at)])
  if (places.length !== spans) throw new Error(`found ${places.length} of ${spans} spans`)
  return places
}
