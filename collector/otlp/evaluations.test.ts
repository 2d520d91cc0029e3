import { describe, expect, test } from 'vitest'
import type { Attributes, AttributeValue } from '../../records/span.ts'
import { decodeJson } from './decode-json.ts'
import { evaluationOfLog, evaluationsOfSpan } from './evaluations.ts'
import { decodeLogsJson } from './logs/decode-json.ts'
import { jsonLog, jsonLogs, jsonRequest, jsonSpan } from './testing.ts'

const options = { max_attribute_bytes: 1024, now: 1_760_000_100_000_000 }
const trace_id = '5b8efff798038103d269b633813fc60c'
const span_id = 'eee19b7ec3c1b174'
const target = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

const wire = (attributes: Record<string, string | number>) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { doubleValue: value } : { stringValue: value },
  }))

function ofSpan(overrides: Record<string, unknown>) {
  const { spans } = decodeJson(Buffer.from(JSON.stringify(jsonRequest([jsonSpan(overrides)]))), options)
  return spans.flatMap((span) => evaluationsOfSpan({ ...span, version: 7 }))
}

const annotated = (attributes: Record<string, string | number>, links: object[] = []) =>
  ofSpan({ attributes: wire(attributes), links })

const judged = {
  'gen_ai.evaluation.name': 'relevance',
  'gen_ai.evaluation.score.value': 0.75,
  'gen_ai.evaluation.score.label': 'good',
  'gen_ai.evaluation.explanation': 'answers the question',
  'gen_ai.response.id': 'chatcmpl-1',
}

const expected = {
  timestamp: 1_760_000_000_500_000,
  trace_id,
  span_id,
  session_id: '',
  request_id: 'chatcmpl-1',
  evaluator: '',
  evaluator_version: '',
  name: 'relevance',
  score: 0.75,
  label: 'good',
  explanation: 'answers the question',
  cost_usd: null,
  version: 7,
}

const resultEvent = (attributes: Record<string, string | number>) => ({
  timeUnixNano: '1760000000500000000',
  name: 'gen_ai.evaluation.result',
  attributes: wire(attributes),
})

test('an event of the span that is judged', () => {
  const [found, ...others] = ofSpan({ events: [{ name: 'other' }, resultEvent(judged)] })
  expect(others).toEqual([])
  expect(found).toEqual({ ...expected, id: expect.stringMatching(/^[0-9a-f]{32}$/) as string })
})

test('two equal judgements by events of one span are two', () => {
  const found = ofSpan({ events: [resultEvent(judged), resultEvent(judged)] })
  expect(new Set(found.map(({ id }) => id)).size).toBe(2)
})

test.each([{}, { 'gen_ai.evaluation.name': 'x' }, { 'gen_ai.evaluation.score.value': 1 }])(
  '%j judges nothing',
  (attributes) => {
    expect(ofSpan({ events: [resultEvent(attributes)] })).toEqual([])
  },
)

describe('a log event', () => {
  const ofLog = (overrides: Record<string, unknown>) => {
    const request = jsonLogs([jsonLog({ timeUnixNano: '1760000000500000000', ...overrides })])
    const { events } = decodeLogsJson(Buffer.from(JSON.stringify(request)), options)
    return events.map((event) => evaluationOfLog({ ...event, version: 7 }))
  }
  const event = { eventName: 'gen_ai.evaluation.result', attributes: wire(judged) }

  test('is a judgement, with the same id when it comes again', () => {
    const [found] = ofLog(event)
    expect(found).toEqual({ ...expected, id: found?.id })
    expect(ofLog(event)).toEqual([found])
    expect(ofLog({ ...event, timeUnixNano: '1760000000500001000' })[0]?.id).not.toBe(found?.id)
  })

  test('may know no span', () => {
    expect(ofLog({ ...event, traceId: '', spanId: '' })).toMatchObject([
      { trace_id: '', span_id: '', request_id: 'chatcmpl-1' },
    ])
  })

  test('of another name is none', () => {
    expect(ofLog({ eventName: 'gen_ai.choice', attributes: wire(judged) })).toEqual([null])
  })
})

describe('OpenInference', () => {
  const form = (prefix: string, fields: Record<string, string | number>) =>
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${prefix}.${key}`, value]))
  const fields = { name: 'hallucination', score: 1, label: 'hallucinated', explanation: 'why', annotator_kind: 'LLM' }

  test.each(['annotations.0.annotation', 'evaluations.0.evaluation'])('%s of the span itself', (prefix) => {
    expect(annotated(form(prefix, fields))).toMatchObject([
      {
        timestamp: 1_760_000_000_123_456,
        trace_id,
        span_id,
        session_id: '',
        evaluator: 'llm',
        name: 'hallucination',
        score: 1,
        label: 'hallucinated',
        explanation: 'why',
        version: 7,
      },
    ])
  })

  test('one judgement in both vocabularies is one, two indexes are two', () => {
    const both = { ...form('annotations.0.annotation', fields), ...form('evaluations.0.evaluation', fields) }
    expect(annotated(both)).toHaveLength(1)
    expect(annotated({ ...both, ...form('annotations.1.annotation', fields) })).toHaveLength(2)
  })

  test('a span of its own with one link judges the span that is linked', () => {
    expect(annotated(form('annotations.0.annotation', fields), [target])).toMatchObject([
      { trace_id: target.traceId, span_id: target.spanId },
    ])
    expect(annotated(form('annotations.0.annotation', fields), [target, target])).toMatchObject([{ trace_id, span_id }])
  })

  test.each([
    ['trace.annotations.0.annotation', { trace_id, span_id: '', session_id: '' }],
    ['session.annotations.0.annotation', { trace_id: '', span_id: '', session_id: 's-1' }],
  ])('%s', (prefix, about) => {
    expect(annotated({ 'session.id': 's-1', ...form(prefix, fields) })).toMatchObject([about])
  })

  test('with an identifier, a later judgement replaces an earlier one; without, both stay', () => {
    const idOf = (spanId: string, more: Record<string, string>) =>
      ofSpan({ spanId, links: [target], attributes: wire(form('annotations.0.annotation', { ...fields, ...more })) })[0]
        ?.id
    const judge = { identifier: 'judge-v2' }
    expect(idOf('1111111111111111', judge)).toBe(idOf('2222222222222222', judge))
    expect(idOf('1111111111111111', {})).not.toBe(idOf('2222222222222222', {}))
    expect(idOf('1111111111111111', {})).toBe(idOf('1111111111111111', {}))
  })

  test.each([
    { 'annotations.0.annotation.name': 'x' },
    { 'annotations.0.annotation.score': 1 },
    { 'annotations.x.annotation.name': 'x', 'annotations.x.annotation.score': 1 },
    { 'annotations.0.evaluation.name': 'x', 'annotations.0.evaluation.score': 1 },
  ])('%j judges nothing', (attributes) => {
    expect(annotated(attributes)).toEqual([])
  })

  test('scores that came as text', () => {
    const attributes: Attributes = new Map<string, AttributeValue>([
      ['annotations.0.annotation.name', 'x'],
      ['annotations.0.annotation.score', '0.5'],
    ])
    const [span] = decodeJson(Buffer.from(JSON.stringify(jsonRequest([jsonSpan()]))), options).spans
    expect(span && evaluationsOfSpan({ ...span, attributes })).toMatchObject([{ score: 0.5, label: '' }])
  })
})
