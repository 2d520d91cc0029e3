import { Ollama } from 'ollama'
import { question } from './prompts.mjs'
import { runBoth } from './proxied.mjs'

const chat = { model: 'llama3.2', messages: [{ role: 'user', content: question }] }

await runBoth({
  async chat(url) {
    const { message, eval_count, done_reason } = await new Ollama({ host: url }).chat(chat)
    return { message, eval_count, done_reason }
  },
  async 'chat-stream'(url) {
    const parts = []
    for await (const { message, done } of await new Ollama({ host: url }).chat({ ...chat, stream: true }))
      parts.push({ message, done })
    return parts
  },
})
