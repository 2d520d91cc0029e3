/** The own APIs of TGI, SGLang and llama.cpp, beside the one of OpenAI's that all of them serve. */
import { at, listAt, numberAt, textAt } from './json.ts'
import { inPath } from './openai-path.ts'
import { readStreamError } from './openai-usage.ts'
import { type Facts, setInput, type UsageParser } from './parser.ts'

export const nativeServers: UsageParser = {
  name: 'native-servers',
  provider: '',
  route({ method, path, kind }) {
    if (method !== 'POST' || (kind !== 'openai' && kind !== 'other')) return null
    if (inPath(path, '/generate_stream')) return { operation: 'text_completion', model: '', streamed: true }
    return path === '/generate' || path === '/completion'
      ? { operation: 'text_completion', model: '', streamed: null }
      : null
  },
  request(body, facts) {
    if (at(body, 'stream') === true) facts.streamed = true
    facts.max_tokens ??=
      numberAt(body, 'parameters', 'max_new_tokens') ??
      numberAt(body, 'sampling_params', 'max_new_tokens') ??
      numberAt(body, 'n_predict')
  },
  input: (body) => at(body, 'inputs') ?? at(body, 'text') ?? at(body, 'prompt'),

  /** TGI's times and counts, in ms and tokens. */
  head(headers, facts) {
    const number = (name: string) => {
      const value = headers[name]
      return typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : null
    }
    if (headers['x-compute-type'] !== undefined || headers['x-generated-tokens'] !== undefined) facts.server = 'tgi'
    facts.queue_ms = number('x-queue-time') ?? facts.queue_ms
    facts.input_tokens = number('x-prompt-tokens') ?? facts.input_tokens
    facts.output_tokens = number('x-generated-tokens') ?? facts.output_tokens
  },

  body(body, facts) {
    if (Array.isArray(body)) body.slice(0, 64).forEach((item) => read(item, facts, 'whole'))
    else read(body, facts, 'whole')
  },
  event: ({ data }, facts) => !readStreamError(data, facts) && read(data, facts, 'piece'),
}

/** SGLang's chunks each hold the whole text so far: how much of it is known. */
const seen = new WeakMap<Facts, number>()

function read(body: unknown, facts: Facts, kind: 'whole' | 'piece'): boolean {
  const { answer } = facts
  if (at(body, 'timings') !== undefined || at(body, 'tokens_predicted') !== undefined) return readLlamaCpp(body, facts)
  const meta = at(body, 'meta_info')
  if (meta !== undefined) {
    facts.server = 'sglang'
    facts.request_id ||= textAt(meta, 'id')
    setInput(facts, numberAt(meta, 'prompt_tokens'), numberAt(meta, 'cached_tokens'))
    facts.output_tokens = numberAt(meta, 'completion_tokens') ?? facts.output_tokens
    facts.finish_reason = textAt(meta, 'finish_reason', 'type') || facts.finish_reason
    const text = textAt(body, 'text')
    const known = seen.get(facts) ?? 0
    if (kind === 'piece') seen.set(facts, text.length)
    return answer.addText(text.length >= known ? text.slice(known) : text)
  }
  const details = at(body, 'details')
  facts.finish_reason = textAt(details, 'finish_reason') || facts.finish_reason
  facts.output_tokens = numberAt(details, 'generated_tokens') ?? facts.output_tokens
  const prefill = listAt(details, 'prefill').length
  setInput(facts, numberAt(details, 'input_length') ?? (prefill > 0 ? prefill : null), null)
  if (at(body, 'token') !== undefined || details !== undefined) facts.server = 'tgi'
  if (kind === 'piece' && at(body, 'token', 'special') === true) return false
  // The last of TGI's pieces repeats the whole text beside its token.
  return (
    answer.addText(at(body, 'token') === undefined ? textAt(body, 'generated_text') : textAt(body, 'token', 'text')) ||
    answer.addText(textAt(body, 'content'))
  )
}

function readLlamaCpp(body: unknown, facts: Facts): boolean {
  facts.server = 'llama.cpp'
  facts.answered_model ||= textAt(body, 'model')
  setInput(facts, numberAt(body, 'tokens_evaluated'), numberAt(body, 'tokens_cached') === 0 ? 0 : null)
  facts.output_tokens = numberAt(body, 'tokens_predicted') ?? facts.output_tokens
  facts.prefill_ms = numberAt(body, 'timings', 'prompt_ms') ?? facts.prefill_ms
  facts.decode_ms = numberAt(body, 'timings', 'predicted_ms') ?? facts.decode_ms
  const stop = textAt(body, 'stop_type')
  if (stop !== '' && stop !== 'none') facts.finish_reason = stop === 'limit' ? 'length' : stop
  return facts.answer.addText(textAt(body, 'content'))
}
