/**
 * Plays exchanges made up at random directly and through the proxy, and says where they differ:
 * `npm run proxy-proof -- [exchanges] [first seed]`; `npm run proxy-proof -- fuzz [exchanges] [first seed]` breaks them at random
 * and looks whether sound ones in between are still answered. Exit code 1 when not.
 */
import { isDeepStrictEqual } from 'node:util'
import { startProxied } from '../collector/proxy/testing.ts'
import { fuzz } from '../collector/proxy/testing-fuzz.ts'
import { essence, makeExchange, play, startStandIn } from '../collector/proxy/testing-exchanges.ts'

const fuzzes = process.argv[2] === 'fuzz'
const [exchanges = 2_000, first = 1] = process.argv.slice(fuzzes ? 3 : 2).map(Number)
if (fuzzes) {
  const { outcomes, lost } = await fuzz(exchanges, first)
  process.stdout.write(`${exchanges} broken exchanges: ${JSON.stringify(outcomes)}; ${lost} sound ones lost\n`)
  process.exit(lost > 0 ? 1 : 0)
}
const prefix = '/proxy/stand-in'
const standIn = await startStandIn()
const proxied = await startProxied(standIn.url)
let different = 0
let broken = 0
let bytes = 0
for (let seed = first; seed < first + exchanges; seed++) {
  const exchange = makeExchange(seed)
  const direct = essence(await play(exchange, standIn, standIn.port, ''), exchange, '')
  const through = essence(await play(exchange, standIn, proxied.port, prefix), exchange, prefix)
  if (exchange.broken !== 'none' || exchange.leaves) broken++
  bytes += exchange.body.length + exchange.answerBody.length
  if (isDeepStrictEqual(direct, through)) continue
  different++
  process.stdout.write(`seed ${seed} differs:\n${JSON.stringify(direct)}\n${JSON.stringify(through)}\n`)
}
await proxied.stop()
await standIn.stop()
process.stdout.write(
  `${exchanges} exchanges from seed ${first}, ${broken} of them broken off, ${Math.round(bytes / 1e6)} MB of bodies: ${different} differ\n`,
)
process.exitCode = different > 0 ? 1 : 0
