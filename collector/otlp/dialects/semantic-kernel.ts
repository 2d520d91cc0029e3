/** Semantic Kernel: operations in the plural, one finish reason as Python prints it, tokens under `gen_ai.response`. */
import { text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { genAiNames, genAiRequest, isGenAiCall } from './gen-ai.ts'

/** chat.completions, chat.streaming_completions, text.completions and text.streaming_completions. */
const completions = /^(chat|text)\.(streaming_)?completions$/

export const semanticKernel: Dialect = {
  name: 'semantic_kernel',
  scope: /^semantic_kernel\b|^agent_runtime |^Microsoft\.SemanticKernel/,

  matches: ({ attributes }) => isGenAiCall(attributes) || completions.test(text(attributes, operationNames)),

  toRequest(span) {
    const request = genAiRequest(span, genAiNames)
    request.role = 'framework'
    const [, kind, streaming] = completions.exec(request.operation) ?? []
    if (kind !== undefined) request.operation = kind === 'text' ? 'text_completion' : 'chat'
    if (streaming !== undefined) request.streamed = true
    return request
  },
}

const operationNames = ['gen_ai.operation.name']
