/** Counts tokens away from the event loop: a vocabulary takes some 0.2 s to load and 45 to 75 MB to hold. */
import { parentPort } from 'node:worker_threads'
import type { Counted, ToCount } from './counter.ts'

const answer = (counted: Counted) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(counted)
}

parentPort?.on('message', ({ id, encoding, texts }: ToCount) => {
  void count(encoding, texts).then(
    (tokens) => answer({ id, tokens }),
    () => answer({ id, tokens: null }),
  )
})

async function count(encoding: ToCount['encoding'], texts: readonly string[]): Promise<number[]> {
  const { countTokens } = await (encoding === 'o200k_base'
    ? import('gpt-tokenizer/encoding/o200k_base')
    : import('gpt-tokenizer/encoding/cl100k_base'))
  // What looks like a special token is text here.
  return texts.map((text) => countTokens(text, { disallowedSpecial: new Set() }))
}
