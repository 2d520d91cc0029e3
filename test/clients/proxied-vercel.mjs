import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { generateText, streamText, tool } from 'ai'
import { z } from 'zod'
import { claude, max_tokens, model, question, system, weather } from './prompts.mjs'
import { runBoth } from './proxied.mjs'

const vendors = {
  openai: (url) => createOpenAI({ apiKey: 'sk-test', baseURL: `${url}/v1` }).chat(model),
  responses: (url) => createOpenAI({ apiKey: 'sk-test', baseURL: `${url}/v1` })(model),
  anthropic: (url) => createAnthropic({ apiKey: 'sk-test', baseURL: `${url}/v1` })(claude),
}
const ask = (model) => ({ model, system, prompt: question, maxOutputTokens: max_tokens, maxRetries: 0 })
const tools = {
  [weather.name]: tool({ description: weather.description, inputSchema: z.object({ city: z.string() }) }),
}
const resultOf = async ({ text, usage, finishReason, toolCalls }) => ({
  text: await text,
  usage: await usage,
  finishReason: await finishReason,
  toolCalls: (await toolCalls).map(({ toolName, input }) => ({ toolName, input })),
})

const scenarios = {}
for (const [name, at] of Object.entries(vendors)) {
  scenarios[name] = async (url) => resultOf(await generateText(ask(at(url))))
  scenarios[`${name}-stream`] = async (url) => {
    const parts = []
    const result = streamText(ask(at(url)))
    for await (const part of result.textStream) parts.push(part)
    return { parts, ...(await resultOf(result)) }
  }
  if (name !== 'responses')
    scenarios[`${name}-tool`] = async (url) => resultOf(await generateText({ ...ask(at(url)), tools }))
}
await runBoth(scenarios)
