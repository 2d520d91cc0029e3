/** Server-sent events: `tick` when something new was stored, a comment now and then to keep the connection. */
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { Live } from '../live.ts'

export function liveRoute(live: Live, keepAliveMs = 15_000) {
  return new Hono().get('/api/live', (c) =>
    streamSSE(c, async (stream) => {
      const closed = Promise.withResolvers<void>()
      const leave = live.subscribe(
        (arrivals) => void stream.writeSSE({ event: 'tick', data: JSON.stringify(arrivals) }),
      )
      const alive = setInterval(() => void stream.write(': alive\n\n'), keepAliveMs)
      stream.onAbort(() => closed.resolve())
      await stream.writeSSE({ event: 'hello', data: '{}' })
      await closed.promise
      clearInterval(alive)
      leave()
    }),
  )
}
