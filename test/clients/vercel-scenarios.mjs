/** `ai` in any version: `telemetry` are the options with which its functions make spans. */
import { z } from 'zod'
import { embeddingModel, lastWord, max_tokens, model, question, system, weather } from './prompts.mjs'

export function vercelScenarios({ ai, createOpenAI, telemetry = {} }) {
  const at = (url) => createOpenAI({ apiKey: 'sk-test', baseURL: `${url}/v1` })
  const ask = (url) => ({
    model: at(url).chat(model),
    system,
    prompt: question,
    maxOutputTokens: max_tokens,
    maxRetries: 0,
    ...telemetry,
  })
  const stream = (url, more = {}) => ai.streamText({ ...ask(url), onError: () => {}, ...more })
  const read = async ({ textStream }) => {
    for await (const _ of textStream);
  }
  return {
    chat: (url) => ai.generateText(ask(url)),
    // The tool's answer goes back to the model: two calls.
    tools: (url) =>
      ai.generateText({
        ...ask(url),
        stopWhen: ai.stepCountIs(2),
        tools: {
          [weather.name]: ai.tool({
            description: weather.description,
            inputSchema: z.object({ city: z.string() }),
            execute: () => Promise.resolve('sunny'),
          }),
        },
      }),
    // What a model is unless said otherwise.
    responses: (url) => ai.generateText({ ...ask(url), model: at(url)(model) }),
    'responses-stream': (url) => read(stream(url, { model: at(url)(model) })),
    stream: (url) => read(stream(url)),
    embeddings: (url) => ai.embed({ model: at(url).embedding(embeddingModel), value: 'hello', ...telemetry }),
    err429: (url) => ai.generateText(ask(url)),
    'stream-err429': (url) => read(stream(url)),
    async abort(url) {
      const controller = new AbortController()
      for await (const word of stream(url, { abortSignal: controller.signal }).textStream)
        if (word === lastWord) controller.abort()
    },
    drop: (url) => read(stream(url)),
  }
}
