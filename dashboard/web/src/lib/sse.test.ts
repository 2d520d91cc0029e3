import { expect, test } from 'vitest'
import { serverEvents } from './sse.ts'

/** The bytes in pieces of so many. */
function streamOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
      controller.close()
    },
  })
}

test.each([1, 3, 7, 1000])('events in pieces of %s bytes', async (size) => {
  const text = 'event: progress\ndata: {"done":1}\n\ndata: a\ndata: ü\n\nevent: cut\ndata: off'
  expect(await Array.fromAsync(serverEvents(streamOf(text, size)))).toEqual([
    { event: 'progress', data: '{"done":1}' },
    { event: 'message', data: 'a\nü' },
  ])
})
