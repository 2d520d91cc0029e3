/** Valid requests of every signal to begin with: hand-made ones, and recorded ones where they are at hand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { jsonRequest, jsonSpan, toProtobuf } from '../../collector/otlp/testing.ts'

export const signals = ['traces', 'logs', 'metrics'] as const
export type Signal = (typeof signals)[number]

export interface Sample {
  signal: Signal
  request: object
  protobuf: Buffer
}

const recordings = new URL('../../../shared/captures/otlp/', import.meta.url)
const envelopes: Record<Signal, string> = {
  traces: 'resourceSpans',
  logs: 'resourceLogs',
  metrics: 'resourceMetrics',
}

export function corpus(): Sample[] {
  const requests = [...handMade(), ...recorded()]
  return requests.map(([signal, request]) => ({ signal, request, protobuf: toProtobuf(request) }))
}

function recorded(): [Signal, object][] {
  if (!existsSync(recordings)) return []
  const names = readdirSync(recordings).filter((name) => name.endsWith('.json'))
  const captures = names.map((name) => JSON.parse(readFileSync(new URL(name, recordings), 'utf8')) as unknown)
  return signals.flatMap((signal) => captures.flatMap((capture) => requestsOf(signal, capture)))
}

/** A capture is one request, a list of them, or a list of records that hold one. */
function requestsOf(signal: Signal, capture: unknown): [Signal, object][] {
  if (typeof capture !== 'object' || capture === null) return []
  if (envelopes[signal] in capture) return [[signal, capture]]
  return Object.values(capture).flatMap((inner) => requestsOf(signal, inner))
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const int = (key: string, intValue: number | string) => ({ key, value: { intValue } })
const list = (key: string, ...values: object[]) => ({ key, value: { arrayValue: { values } } })
const start = '1760000000123456789'
const end = '1760000001623456789'
const traceId = '5b8efff798038103d269b633813fc60c'
const spanId = 'eee19b7ec3c1b174'

function handMade(): [Signal, object][] {
  return [
    ...spans().map((span): [Signal, object] => ['traces', jsonRequest([jsonSpan(span)], resource)]),
    [
      'traces',
      jsonRequest(
        spans().map((span, i) => jsonSpan({ ...span, spanId: idOf(i) })),
        resource,
      ),
    ],
    ['logs', logs()],
    ['metrics', metrics()],
  ]
}

const idOf = (index: number) => (index + 1).toString(16).padStart(16, '0')

const resource = [text('service.name', 'shop'), text('deployment.environment.name', 'production')]

/** One span of each dialect, and the odd ones. */
function spans(): Record<string, unknown>[] {
  const messages = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'héllo, call +49 170 1234567' }] }])
  return [
    {
      attributes: [
        text('gen_ai.operation.name', 'chat'),
        text('gen_ai.provider.name', 'openai'),
        text('gen_ai.request.model', 'gpt-4o'),
        int('gen_ai.usage.input_tokens', '123'),
        int('gen_ai.usage.output_tokens', 45),
        list('gen_ai.response.finish_reasons', { stringValue: 'stop' }),
        text('gen_ai.input.messages', messages),
      ],
      events: [{ timeUnixNano: '1760000000500000000', name: 'gen_ai.choice', attributes: [text('index', '0')] }],
      links: [{ traceId, spanId }],
      status: { code: 2, message: 'rate limited' },
      flags: 257,
    },
    {
      attributes: [
        text('openinference.span.kind', 'LLM'),
        text('llm.model_name', 'claude-sonnet-4-5'),
        int('llm.token_count.prompt', 9),
        text('llm.input_messages.0.message.content', 'a b c'),
        text('llm.invocation_parameters', '{"max_tokens":5,"stream":true}'),
      ],
    },
    {
      name: 'openai.chat',
      attributes: [
        text('traceloop.span.kind', 'workflow'),
        text('llm.request.type', 'chat'),
        text('gen_ai.prompt.0.content', 'hello'),
        int('llm.usage.total_tokens', 12),
        { key: 'llm.is_streaming', value: { boolValue: true } },
      ],
    },
    {
      name: 'ai.generateText.doGenerate',
      attributes: [
        text('ai.operationId', 'ai.generateText.doGenerate'),
        text('ai.model.id', 'gpt-4o'),
        { key: 'ai.response.msToFinish', value: { doubleValue: 812.5 } },
        text('ai.prompt.messages', messages),
        text('ai.response.toolCalls', '[{"toolName":"weather","args":{"city":"Köln"}}]'),
      ],
    },
    {
      attributes: [
        text('langfuse.observation.type', 'generation'),
        text('langfuse.observation.usage_details', '{"input":1,"output":2}'),
        text('langfuse.observation.cost_details', '{"total":0.01}'),
      ],
    },
    {
      name: 'llm_request',
      attributes: [
        text('gen_ai.request.id', 'cmpl-1'),
        { key: 'gen_ai.latency.time_to_first_token', value: { doubleValue: 0.12 } },
        { key: 'gen_ai.latency.time_in_queue', value: { doubleValue: 0.01 } },
      ],
    },
    {
      attributes: [
        { key: 'bytes', value: { bytesValue: 'AAEC/w==' } },
        { key: 'empty', value: {} },
        {
          key: 'nested',
          value: {
            kvlistValue: { values: [list('a', { intValue: '-1' }, { doubleValue: 1e300 }), text('__proto__', 'x')] },
          },
        },
      ],
    },
  ]
}

function logs(): object {
  const logRecords = [
    {
      timeUnixNano: start,
      observedTimeUnixNano: end,
      severityNumber: 9,
      severityText: 'INFO',
      eventName: 'gen_ai.user.message',
      body: { kvlistValue: { values: [text('content', 'hello'), text('role', 'user')] } },
      attributes: [text('gen_ai.provider.name', 'openai')],
      traceId,
      spanId,
      flags: 1,
    },
    {
      observedTimeUnixNano: end,
      eventName: 'gen_ai.evaluation.result',
      attributes: [
        text('gen_ai.evaluation.name', 'relevance'),
        { key: 'gen_ai.evaluation.score.value', value: { doubleValue: 0.8 } },
      ],
      traceId,
      spanId,
    },
    { body: { stringValue: 'plain' } },
  ]
  const scopeLogs = [{ scope: { name: 'test', version: '1' }, logRecords }]
  return { resourceLogs: [{ resource: { attributes: resource }, scopeLogs }] }
}

function metrics(): object {
  const attributes = [text('gen_ai.request.model', 'gpt-4o'), text('gen_ai.token.type', 'input')]
  const times = { startTimeUnixNano: start, timeUnixNano: end, attributes }
  const exemplars = [{ timeUnixNano: end, asDouble: 1.5, traceId, spanId }]
  const metrics = [
    {
      name: 'up',
      unit: '1',
      gauge: {
        dataPoints: [
          { ...times, asInt: '3', exemplars },
          { ...times, asDouble: 0.5 },
        ],
      },
    },
    { name: 'requests', sum: { dataPoints: [{ ...times, asInt: '7' }], aggregationTemporality: 2, isMonotonic: true } },
    {
      name: 'gen_ai.client.token.usage',
      unit: '{token}',
      histogram: {
        dataPoints: [
          {
            ...times,
            count: '3',
            sum: 30,
            min: 1,
            max: 20,
            bucketCounts: ['1', '0', '2'],
            explicitBounds: [4, 16],
            exemplars,
          },
        ],
        aggregationTemporality: 1,
      },
    },
    {
      name: 'gen_ai.client.operation.duration',
      unit: 's',
      exponentialHistogram: {
        dataPoints: [
          {
            ...times,
            count: '4',
            sum: 2.5,
            scale: 3,
            zeroCount: '1',
            positive: { offset: -2, bucketCounts: ['1', '0', '2'] },
            negative: { offset: 0, bucketCounts: [] },
          },
        ],
        aggregationTemporality: 2,
      },
    },
    {
      name: 'gc',
      summary: { dataPoints: [{ ...times, count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] }] },
    },
  ]
  const scopeMetrics = [{ scope: { name: 'test', version: '1' }, metrics }]
  return { resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics }] }
}
