import { Hono } from 'hono'
import type { RouteContext } from '../context.ts'

export function demoRoute({ deps: { demo } }: RouteContext) {
  return new Hono()
    .post('/api/demo/start', async (c) => {
      await demo.start()
      return c.json({ demo: demo.state() })
    })
    .post('/api/demo/stop', async (c) => {
      await demo.stop()
      return c.json({ demo: demo.state() })
    })
}
