import { LangChainInstrumentation } from '@arizeai/openinference-instrumentation-langchain'
import * as callbacks from '@langchain/core/callbacks/manager'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { z } from 'zod'
import { lastWord, max_tokens, model, question, system, weather } from './prompts.mjs'
import { runScenarios, startTelemetry } from './telemetry.mjs'

// Else callbacks are called from a queue, with the trace of whichever call came first.
process.env.LANGCHAIN_CALLBACKS_BACKGROUND = 'false'
const provider = await startTelemetry()
new LangChainInstrumentation().manuallyInstrument(callbacks)

const messages = [
  ['system', system],
  ['user', question],
]
const getWeather = tool(() => 'sunny', {
  name: weather.name,
  description: weather.description,
  schema: z.object({ city: z.string() }),
})
const at = (url) =>
  new ChatOpenAI({
    model,
    maxTokens: max_tokens,
    apiKey: 'sk-test',
    maxRetries: 0,
    configuration: { baseURL: `${url}/v1` },
  })
const read = async (answer) => {
  for await (const _ of answer);
}

await runScenarios(provider, {
  chat: (url) => at(url).invoke(messages),
  tools: (url) => at(url).bindTools([getWeather]).invoke(messages),
  stream: async (url) => read(await at(url).stream(messages)),
  err429: (url) => at(url).invoke(messages),
  'stream-err429': async (url) => read(await at(url).stream(messages)),
  async abort(url) {
    const controller = new AbortController()
    for await (const { content } of await at(url).stream(messages, { signal: controller.signal }))
      if (content === lastWord) controller.abort()
  },
  drop: async (url) => read(await at(url).stream(messages)),
})
