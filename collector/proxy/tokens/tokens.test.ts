import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { observe, sse } from '../observe/testing.ts'
import { TextSample } from '../usage/estimate.ts'
import { encodingOf, TokenCounter } from './counter.ts'

const counters: TokenCounter[] = []
afterEach(() => {
  for (const counter of counters.splice(0)) counter.stop()
})

function start(options: ConstructorParameters<typeof TokenCounter>[0] = {}): TokenCounter {
  const counter = new TokenCounter({ timeoutMs: 50_000, ...options })
  counters.push(counter)
  return counter
}

test.each([
  ['gpt-4o', 'o200k_base'],
  ['gpt-4.1-mini', 'o200k_base'],
  ['gpt-5', 'o200k_base'],
  ['o3-mini', 'o200k_base'],
  ['gpt-oss-120b', 'o200k_base'],
  ['gpt-4', 'cl100k_base'],
  ['gpt-4-turbo', 'cl100k_base'],
  ['gpt-3.5-turbo', 'cl100k_base'],
  ['text-embedding-3-small', 'cl100k_base'],
  ['claude-3-5-sonnet', null],
  ['llama3.2', null],
  ['olmo-2', null],
])('the tokenizer of %s is %s', (model, encoding) => {
  expect(encodingOf(model)).toBe(encoding)
})

// By OpenAI's tiktoken.
test('counts as tiktoken does, special tokens as the text that they are', async () => {
  const texts = ['hello world', 'Привет, мир', '<|endoftext|>', '']
  expect(await start().count('o200k_base', texts)).toEqual([2, 4, 7, 0])
  expect(await start().count('cl100k_base', ['tiktoken is great!'])).toEqual([6])
})

test('the loop goes on meanwhile', async () => {
  const counter = start()
  await counter.count('o200k_base', ['warm'])
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  await counter.count('o200k_base', [
    Array.from({ length: 16_000 }, (_, at) => String.fromCharCode(97 + (at % 26))).join(''),
  ])
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
})

test('what cannot be counted in time, for want of room, or of a tokenizer, is not counted', async () => {
  expect(await start({ timeoutMs: 1 }).count('o200k_base', ['hello'])).toBeNull()
  expect(await start({ maxWaiting: 0 }).count('o200k_base', ['hello'])).toBeNull()
  const broken = start({ worker: new URL('data:text/javascript,throw new Error("none")') })
  expect(await broken.count('o200k_base', ['hello'])).toBeNull()
  const stopped = start()
  const counting = stopped.count('o200k_base', ['hello'])
  stopped.stop()
  expect([await counting, await stopped.count('o200k_base', ['hello'])]).toEqual([null, null])
})

test('a thread that ended when idle starts again', async () => {
  const counter = start({ idleMs: 1 })
  expect(await counter.count('o200k_base', ['hello'])).toEqual([1])
  await sleep(50)
  expect(await counter.count('o200k_base', ['hello'])).toEqual([1])
})

test('after a thread broke down with several to count, the next counts until it is done', async () => {
  // The first thread ends; the one after it takes longer than is waited for when idle.
  const worker = new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ id, texts }) => {
        if (texts[0] === 'break') throw new Error('broken')
        setTimeout(() => parentPort.postMessage({ id, tokens: [1] }), 400)
      })`)}`,
  )
  const counter = start({ worker, idleMs: 200 })
  expect(await Promise.all([counter.count('o200k_base', ['break']), counter.count('o200k_base', ['break'])])).toEqual([
    null,
    null,
  ])
  expect(await counter.count('o200k_base', ['hello'])).toEqual([1])
})

test('of a long text the rest is taken to be like its beginning', () => {
  const sample = new TextSample()
  for (let at = 0; at < 10; at++) sample.add('word '.repeat(1_000))
  expect(sample.sample).toHaveLength(16_384)
  expect(sample.scaled(1_000)).toBe(Math.round((12_500 * 1_000) / 4_096))
})

const russian = 'Искусственный интеллект меняет нашу жизнь.'
const streamed = {
  path: '/v1/chat/completions',
  request: { model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: russian }] },
  answerHeaders: { 'content-type': 'text/event-stream' },
  answer: sse([
    { id: '1', model: 'gpt-4o', choices: [{ index: 0, delta: { content: russian }, finish_reason: null }] },
    { id: '1', model: 'gpt-4o', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ]),
}

test('a stream of OpenAI’s without usage is counted, and stays marked as an estimate', async () => {
  const { calls } = await observe(streamed, { counter: start() })
  const [tokens] = (await start().count('o200k_base', [russian])) ?? []
  expect(calls[0]?.request).toMatchObject({ input_tokens: tokens, output_tokens: tokens, usage_source: 'estimated' })
  expect(calls[0]?.span.attributes.get('gen_ai.usage.output_tokens')).toBe(tokens)
})

test('without a tokenizer it is estimated', async () => {
  const { calls } = await observe(streamed)
  expect(calls[0]?.request).toMatchObject({ input_tokens: 18, output_tokens: 18, usage_source: 'estimated' })
})

test('with content off no answer is kept to be counted, and its estimate stays', async () => {
  const { calls } = await observe(streamed, { content: 'off', counter: start() })
  const [tokens] = (await start().count('o200k_base', [russian])) ?? []
  expect(calls[0]?.request).toMatchObject({ input_tokens: tokens, output: '', usage_source: 'estimated' })
  expect(calls[0]?.request.output_tokens).toBe(18)
})
