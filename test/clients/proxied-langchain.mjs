import { ChatAnthropic } from '@langchain/anthropic'
import { ChatOpenAI } from '@langchain/openai'
import { claude, max_tokens, model, question, system } from './prompts.mjs'
import { runBoth } from './proxied.mjs'

const common = { apiKey: 'sk-test', maxTokens: max_tokens, maxRetries: 0 }
const vendors = {
  openai: (url) => new ChatOpenAI({ ...common, model, configuration: { baseURL: `${url}/v1` } }),
  anthropic: (url) => new ChatAnthropic({ ...common, model: claude, anthropicApiUrl: url }),
}
const messages = [
  ['system', system],
  ['user', question],
]

const scenarios = {}
for (const [name, at] of Object.entries(vendors)) {
  scenarios[name] = async (url) => {
    const { content, usage_metadata } = await at(url).invoke(messages)
    return { content, usage_metadata }
  }
  scenarios[`${name}-stream`] = async (url) => {
    const parts = []
    for await (const { content, usage_metadata } of await at(url).stream(messages))
      parts.push({ content, usage_metadata })
    return parts
  }
}
await runBoth(scenarios)
