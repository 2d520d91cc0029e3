import { claude, lastWord, max_tokens, question, system, weather } from './prompts.mjs'

const chat = { model: claude, max_tokens, system, messages: [{ role: 'user', content: question }] }
const stream = { ...chat, stream: true }

/** `clientAt` makes a client of Anthropic's SDK for a base URL. */
export function anthropicScenarios(clientAt) {
  const at = (baseURL) => clientAt({ apiKey: 'sk-ant-test', baseURL, maxRetries: 0 })
  const { name, description, parameters } = weather
  return {
    chat: (url) => at(url).messages.create(chat),
    tools: (url) => at(url).messages.create({ ...chat, tools: [{ name, description, input_schema: parameters }] }),
    stream: async (url) => read(await at(url).messages.create(stream)),
    err429: (url) => at(url).messages.create(chat),
    'stream-err429': async (url) => read(await at(url).messages.create(stream)),
    async abort(url) {
      const controller = new AbortController()
      const answer = await at(url).messages.create(stream, { signal: controller.signal })
      for await (const { delta } of answer) if (delta?.text === lastWord) controller.abort()
    },
    drop: async (url) => read(await at(url).messages.create(stream)),
  }
}

async function read(answer) {
  for await (const _ of answer);
}
