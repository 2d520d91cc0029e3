/** The spans that a request of the past would have left. */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Attributes, Span } from '../../../records/span.ts'
import { demoEnvironment, demoService } from '../scenario.ts'

const resource_attributes: Attributes = new Map([
  ['service.name', demoService],
  ['service.version', '1.4.0'],
  ['deployment.environment.name', demoEnvironment],
  ['cloud.region', 'eu-central-1'],
])
/** What the application does before it calls the model. */
const contextMs = 6

/** The user's request, the work before the call, and the call itself. */
export function pastSpans(request: LlmRequest): Span[] {
  const { span_id, parent_span_id, status, error_type, timestamp } = request
  const failed = status !== 'ok'
  const root = spanOf(request, {
    span_id: parent_span_id,
    name: `POST /${request.feature}`,
    kind: 'server',
    timestamp: timestamp - contextMs * 1000,
    duration_ms: (request.duration_ms ?? 0) + contextMs + 1,
    status: failed ? 'error' : 'unset',
    status_message: error_type,
  })
  const work = spanOf(request, {
    span_id: `${span_id.slice(8)}${span_id.slice(0, 8)}`,
    parent_span_id,
    name: 'load context',
    timestamp: timestamp - contextMs * 1000,
    duration_ms: contextMs - 1,
    attributes: new Map([['db.system.name', 'postgresql']]),
  })
  const call = spanOf(request, {
    span_id,
    parent_span_id,
    name: `chat ${request.requested_model}`,
    kind: 'client',
    timestamp,
    duration_ms: request.duration_ms ?? 0,
    status: failed ? 'error' : 'unset',
    status_message: error_type,
    attributes: callAttributes(request),
    scope_name: '@opentelemetry/instrumentation-openai',
    scope_version: '0.22.0',
  })
  return [root, work, call]
}

function spanOf(
  { trace_id, version }: LlmRequest,
  span: Pick<Span, 'span_id' | 'name' | 'timestamp' | 'duration_ms'> & Partial<Span>,
): Span {
  return {
    trace_id,
    parent_span_id: '',
    kind: 'internal',
    service: demoService,
    environment: demoEnvironment,
    scope_name: demoService,
    scope_version: '',
    status: 'unset',
    status_message: '',
    attributes: new Map(),
    resource_attributes,
    events: [],
    links: [],
    version,
    ...span,
  }
}

function callAttributes(request: LlmRequest): Attributes {
  const all: [string, string | number | null][] = [
    ['gen_ai.operation.name', 'chat'],
    ['gen_ai.provider.name', request.provider],
    ['gen_ai.request.model', request.requested_model],
    ['gen_ai.request.max_tokens', request.max_tokens],
    ['gen_ai.response.id', request.request_id],
    ['gen_ai.usage.input_tokens', request.input_tokens],
    ['gen_ai.usage.output_tokens', request.output_tokens],
    ['gen_ai.usage.cache_read.input_tokens', request.cached_input_tokens],
    ['gen_ai.response.finish_reasons', request.finish_reason],
    ['gen_ai.response.time_to_first_chunk', request.ttft_ms === null ? null : request.ttft_ms / 1000],
    ['error.type', request.error_type],
    ['user.id', request.user_id],
    ['session.id', request.session_id],
    ['inferwatch.team', request.team],
    ['inferwatch.feature', request.feature],
    ['inferwatch.endpoint', request.endpoint],
  ]
  return new Map(all.filter(([, value]) => value !== null && value !== ''))
}
