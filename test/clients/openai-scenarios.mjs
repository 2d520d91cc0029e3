/** The scenarios of every client that is OpenAI's SDK with something around it. */
import { embeddingModel, lastWord, max_tokens, model, question, system, weather } from './prompts.mjs'

const chat = {
  model,
  max_tokens,
  messages: [
    { role: 'system', content: system },
    { role: 'user', content: question },
  ],
}
const stream = { ...chat, stream: true }

/** `clientAt` makes a client of the SDK for a base URL. */
export function openAiScenarios(clientAt) {
  const at = (url) => clientAt({ apiKey: 'sk-test', baseURL: `${url}/v1`, maxRetries: 0 })
  return {
    chat: (url) => at(url).chat.completions.create(chat),
    tools: (url) => at(url).chat.completions.create({ ...chat, tools: [{ type: 'function', function: weather }] }),
    responses: (url) => at(url).responses.create({ model, instructions: system, input: question }),
    stream: async (url) => read(await at(url).chat.completions.create(stream)),
    'stream-usage': async (url) =>
      read(await at(url).chat.completions.create({ ...stream, stream_options: { include_usage: true } })),
    embeddings: (url) => at(url).embeddings.create({ model: embeddingModel, input: 'hello', encoding_format: 'float' }),
    err429: (url) => at(url).chat.completions.create(chat),
    'stream-err429': async (url) => read(await at(url).chat.completions.create(stream)),
    async abort(url) {
      const controller = new AbortController()
      const answer = await at(url).chat.completions.create(stream, { signal: controller.signal })
      for await (const { choices } of answer) if (choices[0]?.delta.content === lastWord) controller.abort()
    },
    drop: async (url) => read(await at(url).chat.completions.create(stream)),
  }
}

async function read(answer) {
  for await (const _ of answer);
}
