/**
 * Langfuse's SDK: JSON in attributes. Its usage is cut into parts that add up, unlike everybody else's: input without what
 * was cached, output without reasoning. Errors leave the span's status unset and write zeros for costs.
 */
import type { LlmRequest } from '../../../records/llm-request.ts'
import { isoTime } from '../../../records/point-in-time.ts'
import type { Attributes, Span } from '../../../records/span.ts'
import { boolean, identifier, integer, number, objectFields, text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { nameModel, readFields, setTtft } from './fields.ts'
import { genAiContent, genAiNames } from './gen-ai.ts'
import { settleUsage } from './usage.ts'

const types: Record<string, string> = { generation: 'chat', embedding: 'embeddings' }

export const langfuse: Dialect = {
  name: 'langfuse',
  scope: /^langfuse-sdk$/,
  elsewhere: true,

  matches({ attributes }) {
    const type = attributes.get('langfuse.observation.type')
    return typeof type === 'string' && Object.hasOwn(types, type)
  },

  toRequest(span) {
    const { attributes } = span
    const request = readFields(span, genAiNames)
    request.role = 'framework'
    request.operation = types[text(attributes, ['langfuse.observation.type'])] ?? 'chat'
    // The answering model where the wrapper knows it, else the one asked for.
    const model = identifier(attributes, ['langfuse.observation.model.name'])
    if (model !== '') nameModel(request, request.requested_model, model)
    const asked = objectFields(attributes, 'langfuse.observation.model.parameters')
    if (asked) {
      request.max_tokens ??= integer(asked, ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'maxTokens'])
      request.streamed ||= boolean(asked, ['stream']) ?? false
    }
    setTtft(span, request, completionStartMs(span))
    const usage = objectFields(attributes, 'langfuse.observation.usage_details')
    const exclusive = usage !== null && readUsage(usage, request)
    request.reported_cost_usd ??= cost(attributes)
    settleUsage(request, { exclusive })
    const content = genAiContent(attributes)
    request.input = text(attributes, ['langfuse.observation.input']) || content.input
    request.output = text(attributes, ['langfuse.observation.output']) || content.output
    return request
  },
}

/** Reads counts and makes output whole; true when input is still without its other parts, cached tokens apart. */
function readUsage(usage: Attributes, request: LlmRequest): boolean {
  const input = integer(usage, ['input', 'prompt_tokens', 'promptTokens'])
  const output = integer(usage, ['output', 'completion_tokens', 'completionTokens'])
  const total = integer(usage, ['total', 'total_tokens', 'totalTokens'])
  request.input_tokens = input
  request.output_tokens = output
  request.cached_input_tokens = integer(usage, cachedNames)
  request.cache_write_tokens = integer(usage, writtenNames) ?? sumOf(usage, /^input_cache_creation_(?:5m|1h)$/)
  request.reasoning_tokens = integer(usage, reasoningNames)
  // People also report usage of their own, in which the total is the sum of the two.
  if (!usage.has('input') || (input !== null && output !== null && total === input + output)) return false
  if (output !== null) request.output_tokens = output + (sumOf(usage, /^output_/) ?? 0)
  if (input !== null) request.input_tokens = input + (sumOf(usage, /^input_(?!cache)/) ?? 0)
  return true
}

const cachedNames = [
  'input_cached_tokens',
  'input_cache_read',
  'input_cache_read_tokens',
  'cache_read_input_tokens',
  'cache_read_tokens',
]
const writtenNames = [
  'input_cache_creation',
  'input_cache_write',
  'input_cache_write_tokens',
  'cache_creation_input_tokens',
  'cache_write_tokens',
]
const reasoningNames = ['output_reasoning_tokens', 'output_reasoning', 'reasoning_tokens']

/** The sum of the counts whose names match; null when there is none. */
function sumOf(usage: Attributes, pattern: RegExp): number | null {
  let sum: number | null = null
  for (const name of usage.keys()) {
    const count = pattern.test(name) ? integer(usage, [name]) : null
    if (count !== null && count >= 0) sum = (sum ?? 0) + count
  }
  return sum
}

/** What it cost; the zeros that go with errors are unknown. */
function cost(attributes: Attributes): number | null {
  const details = objectFields(attributes, 'langfuse.observation.cost_details')
  if (!details) return null
  const [input, output] = [number(details, ['input']), number(details, ['output'])]
  const total = number(details, ['total']) ?? (input === null && output === null ? null : (input ?? 0) + (output ?? 0))
  return total === 0 && attributes.get('langfuse.observation.level') === 'ERROR' ? null : total
}

/** The time of the first token is a JSON string: its quotes are part of the attribute. */
function completionStartMs(span: Span): number | null {
  const time = text(span.attributes, ['langfuse.observation.completion_start_time']).replaceAll('"', '')
  const ms = time === '' ? NaN : isoTime(time)
  return Number.isNaN(ms) ? null : ms - span.timestamp / 1000
}
