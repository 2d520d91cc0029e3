/** Legacy completions, and Mistral's fill-in-the-middle, which answers like a chat. */
import { at, listAt, numberAt, textAt } from './json.ts'
import { readEnvelope, readStreamError } from './openai-usage.ts'
import { deploymentOf, inPath } from './openai-path.ts'
import { readRequest, type Facts, type UsageParser } from './parser.ts'

export const openAiCompletions: UsageParser = {
  name: 'openai-completions',
  provider: 'openai',
  route: ({ method, path }) =>
    method === 'POST' && (inPath(path, '/v1/completions') || inPath(path, '/fim/completions') || ofAzure(path))
      ? { operation: 'text_completion', model: deploymentOf(path), streamed: null }
      : null,
  request: readRequest,
  input: (body) => at(body, 'prompt'),
  body: (body, facts) => void read(body, facts),
  event: ({ data }, facts) => !readStreamError(data, facts) && read(data, facts),
}

const ofAzure = (path: string) => deploymentOf(path) !== '' && inPath(path, '/completions')

function read(body: unknown, facts: Facts): boolean {
  readEnvelope(body, facts)
  let content = false
  for (const choice of listAt(body, 'choices')) {
    const text = textAt(choice, 'text') || textAt(choice, 'delta', 'content') || textAt(choice, 'message', 'content')
    if (facts.answer.addText(text, numberAt(choice, 'index') ?? 0)) content = true
    facts.finish_reason ||= textAt(choice, 'finish_reason')
  }
  return content
}
