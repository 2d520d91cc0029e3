import { describe, expect, test } from 'vitest'
import { createAttribution } from './attribution.ts'
import { attributionConfig } from './config.ts'
import { requestOf } from './otlp/dialects/index.ts'
import { type PlainAttributes, span, type SpanParts } from './otlp/dialects/testing.ts'

const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' }
const attributionOf = (config: Partial<Record<string, string[]>> = {}) =>
  createAttribution(attributionConfig.parse(config))

function completed(parts: SpanParts, config: Partial<Record<string, string[]>> = {}) {
  const call = span({ ...parts, attributes: { ...chat, ...parts.attributes } })
  const request = requestOf(call)
  if (!request) throw new Error('no call')
  attributionOf(config).complete(call, request)
  return request
}

describe('common names on a call', () => {
  test.each<[PlainAttributes, PlainAttributes]>([
    [
      { 'user.id': 'u1', 'session.id': 's1' },
      { user_id: 'u1', session_id: 's1' },
    ],
    [
      { 'enduser.id': 'u1', 'gen_ai.conversation.id': 's1' },
      { user_id: 'u1', session_id: 's1' },
    ],
    [
      { 'langfuse.user.id': 'u1', 'user.id': 'other', 'langfuse.session.id': 's1' },
      { user_id: 'u1', session_id: 's1' },
    ],
    [
      { 'ai.telemetry.metadata.userId': 'u1', 'ai.telemetry.metadata.sessionId': 's1' },
      { user_id: 'u1', session_id: 's1' },
    ],
    [
      { 'ai.settings.context.userId': 'u1', 'ai.settings.context.team': 't1' },
      { user_id: 'u1', team: 't1' },
    ],
    [
      { 'traceloop.association.properties.user_id': 'u1', 'traceloop.workflow.name': 'search' },
      { user_id: 'u1', feature: 'search' },
    ],
    [{ 'traceloop.workflow.name': 'search', feature: 'find' }, { feature: 'find' }],
    [
      { 'langsmith.metadata.user_id': 'u1', 'langsmith.metadata.thread_id': 's1' },
      { user_id: 'u1', session_id: 's1' },
    ],
    [{ metadata: '{"user_id":"u1","team":"t1","tenant":"acme"}' }, { user_id: 'u1', team: 't1' }],
    [{ metadata: { userId: 'u1' } }, { user_id: 'u1' }],
    [{ metadata: '["user_id"]' }, { user_id: '' }],
    [{ 'gcp.vertex.agent.session_id': 's1' }, { session_id: 's1' }],
    [
      { 'litellm.team.alias': 't1', 'litellm.team.id': 'id', 'litellm.api_key.hash': 'ab12' },
      { team: 't1', api_key: 'ab12' },
    ],
    [
      { 'baggage.user.id': 'u1', 'baggage.team': 't1' },
      { user_id: 'u1', team: 't1' },
    ],
    [{ 'baggage.user.id': 'other', 'user.id': 'u1' }, { user_id: 'u1' }],
    [{ 'inferwatch.user_id': 'u1', 'user.id': 'other' }, { user_id: 'u1' }],
    [
      { 'gen_ai.prompt.name': 'p', 'langfuse.observation.prompt.version': 3 },
      { prompt_name: 'p', prompt_version: '3' },
    ],
    [
      { 'inferwatch.variant': 'b', 'aws.region': 'us-east-1', 'inferwatch.endpoint': 'llama' },
      { variant: 'b', region: 'us-east-1', endpoint: 'llama' },
    ],
    [{ 'user.id': '', 'enduser.id': 'u1' }, { user_id: 'u1' }],
    [{ 'user.id': 'u'.repeat(1000) }, { user_id: 'u'.repeat(256) }],
  ])('%o', (attributes, fields) => {
    expect(completed({ attributes })).toMatchObject(fields)
  })

  test('LangSmith’s project is no session', () => {
    const attributes = { 'langsmith.trace.session_id': 'p1', 'langsmith.trace.session_name': 'default' }
    expect(completed({ attributes }).session_id).toBe('')
  })

  test('what stands in a column is not kept twice, the rest is', () => {
    const request = completed({
      attributes: { 'traceloop.association.properties.user_id': 'u1', 'traceloop.association.properties.plan': 'pro' },
    })
    expect([...request.attributes]).toEqual([['traceloop.association.properties.plan', 'pro']])
  })
})

describe('the process', () => {
  test('says what its spans do not', () => {
    const request = completed({
      attributes: { team: 'search' },
      resource: { team: 'growth', 'cloud.region': 'eu-west-1', 'inferwatch.variant': 'b', 'service.version': '1.4.0' },
    })
    expect(request).toMatchObject({ team: 'search', region: 'eu-west-1', variant: 'b' })
    expect(request.attributes.get('service.version')).toBe('1.4.0')
  })

  test('comes after baggage', () => {
    expect(completed({ attributes: { 'baggage.team': 'search' }, resource: { team: 'growth' } }).team).toBe('search')
  })

  test('may leave its environment to the span', () => {
    const attributes = { 'langfuse.environment': 'staging' }
    expect(completed({ attributes, environment: '' }).environment).toBe('staging')
    expect(completed({ attributes, environment: 'production' }).environment).toBe('production')
  })
})

describe('configured names', () => {
  const attributes = { tenant: 'acme', 'user.id': 'u1', 'app.cost_centre': 'cc-7' }

  test.each<[Record<string, string[]>, PlainAttributes]>([
    [{ team: ['tenant'] }, { team: 'acme' }],
    [{ user_id: ['tenant'] }, { user_id: 'acme' }],
    [{ user_id: ['nowhere'] }, { user_id: 'u1' }],
    [{ team: ['nowhere', 'app.cost_centre', 'tenant'] }, { team: 'cc-7' }],
    [{ team: ['resource.k8s.namespace.name'] }, { team: 'ns-1' }],
    [{ team: ['baggage.tenant'] }, { team: 'acme' }],
    [{ variant: ['resource.service.version'] }, { variant: '1.4.0' }],
    [
      { environment: ['resource.stage'], service: ['app.cost_centre'] },
      { environment: 'beta', service: 'cc-7' },
    ],
  ])('%o', (config, fields) => {
    const resource = { 'k8s.namespace.name': 'ns-1', 'service.version': '1.4.0', stage: 'beta' }
    expect(completed({ attributes, resource }, config)).toMatchObject(fields)
  })

  test('a name may stand behind baggage or by itself', () => {
    expect(completed({ attributes: { 'baggage.tenant': 'a', tenant: 'b' } }, { team: ['baggage.tenant'] }).team).toBe(
      'a',
    )
  })
})

describe('what a span says of the calls below it', () => {
  test('nothing, usually', () => {
    const http = span({ attributes: { 'http.request.method': 'POST', 'url.full': 'http://x' } })
    expect(attributionOf().contextOf(http)).toBeNull()
    expect(attributionOf({ team: ['tenant'] }).contextOf(http)).toBeNull()
  })

  test.each<[string, PlainAttributes, PlainAttributes]>([
    [
      'the AI SDK 7’s agent',
      {
        'gen_ai.operation.name': 'invoke_agent',
        'ai.settings.context.userId': 'u1',
        'ai.settings.context.sessionId': 's1',
      },
      { user_id: 'u1', session_id: 's1' },
    ],
    [
      'the AI SDK 6’s parent',
      {
        'ai.operationId': 'ai.streamText',
        'ai.telemetry.functionId': 'capital-fn',
        'ai.telemetry.metadata.feature': 'geo',
        'ai.telemetry.metadata.promptVersion': 'v3',
      },
      { feature: 'geo', prompt_version: 'v3' },
    ],
    [
      'a Traceloop workflow',
      {
        'traceloop.span.kind': 'workflow',
        'traceloop.association.properties.session_id': 's1',
        'traceloop.prompt.key': 'capital',
      },
      { session_id: 's1', prompt_name: 'capital' },
    ],
    [
      'a Langfuse trace',
      {
        'langfuse.observation.type': 'span',
        'user.id': 'u1',
        'session.id': 's1',
        'langfuse.trace.metadata.team': 't1',
      },
      { user_id: 'u1', session_id: 's1', team: 't1' },
    ],
    ['a LangSmith chain', { 'langsmith.span.kind': 'chain', 'langsmith.metadata.user_id': 'u1' }, { user_id: 'u1' }],
    [
      'an OpenInference chain',
      { 'openinference.span.kind': 'CHAIN', 'session.id': 's1', metadata: '{"feature":"geo"}' },
      { session_id: 's1', feature: 'geo' },
    ],
    ['an ADK session', { 'gcp.vertex.agent.session_id': 's1' }, { session_id: 's1' }],
    ['a web request with a user', { 'http.route': '/chat', 'enduser.id': 'u1' }, { user_id: 'u1' }],
  ])('%s', (_name, attributes, context) => {
    expect(attributionOf().contextOf(span({ attributes }))).toEqual(context)
  })

  test('configured names too, before the usual ones, but no resource: every call has its own', () => {
    const parent = span({
      attributes: { tenant: 'acme', 'user.id': 'u1', team: 'growth' },
      resource: { stage: 'beta' },
    })
    const attribution = attributionOf({ team: ['tenant'], variant: ['resource.stage'], environment: ['tenant'] })
    expect(attribution.contextOf(parent)).toEqual({ team: 'acme', user_id: 'u1' })
  })

  test('one span’s answer is not the next one’s', () => {
    const attribution = attributionOf()
    expect(attribution.contextOf(span({ attributes: { 'user.id': 'u1' } }))).toEqual({ user_id: 'u1' })
    expect(attribution.contextOf(span({ attributes: { 'session.id': 's2' } }))).toEqual({ session_id: 's2' })
    expect(attribution.contextOf(span({ attributes: { 'user.id': '' } }))).toBeNull()
    expect(attribution.contextOf(span())).toBeNull()
  })
})
