/** Neither side of a call can tell that the proxy is there. `npm run proxy-proof -- exchanges` plays more of the same. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxied, type Proxied } from './testing.ts'
import { essence, makeExchange, play, startStandIn, type StandIn } from './testing-exchanges.ts'

let standIn: StandIn
let proxied: Proxied
beforeAll(async () => {
  standIn = await startStandIn()
  proxied = await startProxied(standIn.url)
})
afterAll(async () => {
  await proxied?.stop()
  await standIn?.stop()
})

test('150 exchanges, directly and through the proxy', async () => {
  const prefix = '/proxy/stand-in'
  for (let seed = 1; seed <= 150; seed++) {
    const exchange = makeExchange(seed)
    const direct = essence(await play(exchange, standIn, standIn.port, ''), exchange, '')
    const through = essence(await play(exchange, standIn, proxied.port, prefix), exchange, prefix)
    expect(through, `seed ${seed}`).toEqual(direct)
  }
})
