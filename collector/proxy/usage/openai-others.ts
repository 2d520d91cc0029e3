/** OpenAI's calls that answer with no chat: vectors, images, speech, verdicts, and sessions over a WebSocket. */
import { at, textAt } from './json.ts'
import { readEnvelope, readUsage } from './openai-usage.ts'
import { deploymentOf, inPath } from './openai-path.ts'
import { readRequest, type UsageParser } from './parser.ts'

/** Path → operation. */
const operations: readonly (readonly [string, string])[] = [
  ['/embeddings', 'embeddings'],
  ['/images/generations', 'image_generation'],
  ['/images/edits', 'image_generation'],
  ['/images/variations', 'image_generation'],
  ['/audio/transcriptions', 'transcription'],
  ['/audio/translations', 'transcription'],
  ['/audio/speech', 'speech'],
  ['/moderations', 'moderation'],
  ['/rerank', 'rerank'],
]

export const openAiOthers: UsageParser = {
  name: 'openai-others',
  provider: 'openai',
  route({ method, path, query }) {
    if (method === 'GET' && inPath(path, '/realtime'))
      return { operation: 'realtime', model: query.get('model') ?? query.get('deployment') ?? '', streamed: true }
    const operation = method === 'POST' && operations.find(([ending]) => inPath(path, ending))?.[1]
    return operation ? { operation, model: deploymentOf(path), streamed: null } : null
  },
  request(body, facts) {
    readRequest(body, facts)
    if (textAt(body, 'stream_format') === 'sse') facts.streamed = true
  },
  input: (body) => at(body, 'input') ?? at(body, 'prompt') ?? at(body, 'query'),
  body(body, facts) {
    readEnvelope(body, facts)
    readMeta(body, facts)
    facts.answer.addText(textAt(body, 'text'))
  },
  event({ name, data }, facts) {
    readUsage(at(data, 'usage'), facts)
    const type = textAt(data, 'type') || name
    if (type === 'transcript.text.delta') return facts.answer.addText(textAt(data, 'delta'))
    return /(?:partial_image|audio\.delta|completed)$/.test(type) && !type.startsWith('transcript')
  },
}

/** Cohere's and Jina's rerankers count in their own places. */
function readMeta(body: unknown, facts: Parameters<UsageParser['body']>[1]): void {
  const tokens = at(body, 'meta', 'billed_units', 'input_tokens') ?? at(body, 'usage', 'total_tokens')
  if (typeof tokens === 'number' && facts.input_tokens === null) facts.input_tokens = tokens
}
