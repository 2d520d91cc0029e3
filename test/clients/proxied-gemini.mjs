import { GoogleGenAI } from '@google/genai'
import { question } from './prompts.mjs'
import { runBoth } from './proxied.mjs'

const at = (url) => new GoogleGenAI({ apiKey: 'AIza-test', httpOptions: { baseUrl: url } }).models
const ask = { model: 'gemini-2.5-flash', contents: question }

await runBoth({
  async chat(url) {
    const { text, usageMetadata } = await at(url).generateContent(ask)
    return { text, usageMetadata }
  },
  async 'chat-stream'(url) {
    const parts = []
    for await (const { text, usageMetadata } of await at(url).generateContentStream(ask))
      parts.push({ text, usageMetadata })
    return parts
  },
})
