/** Plays exchanges made up at random directly and through the proxy, and says where they differ. */
import { isDeepStrictEqual } from 'node:util'
import { startProxied } from '../../collector/proxy/testing.ts'
import { essence, makeExchange, play, startStandIn } from '../../collector/proxy/testing-exchanges.ts'

export interface ExchangesProof {
  exchanges: number
  /** Of which one side broke off or went away. */
  broken: number
  bodyBytes: number
  different: number
}

const prefix = '/proxy/stand-in'

export async function proveExchanges(exchanges: number, first: number): Promise<ExchangesProof> {
  const standIn = await startStandIn()
  const proxied = await startProxied(standIn.url)
  const proof = { exchanges, broken: 0, bodyBytes: 0, different: 0 }
  for (let seed = first; seed < first + exchanges; seed++) {
    const exchange = makeExchange(seed)
    const direct = essence(await play(exchange, standIn, standIn.port, ''), exchange, '')
    const through = essence(await play(exchange, standIn, proxied.port, prefix), exchange, prefix)
    if (exchange.broken !== 'none' || exchange.leaves) proof.broken++
    proof.bodyBytes += exchange.body.length + exchange.answerBody.length
    if (isDeepStrictEqual(direct, through)) continue
    proof.different++
    process.stdout.write(`seed ${seed} differs:\n${JSON.stringify(direct)}\n${JSON.stringify(through)}\n`)
  }
  await proxied.stop()
  await standIn.stop()
  return proof
}
