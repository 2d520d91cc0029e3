/**
 * The long forms of what is proven of the proxy; exit code 1 when one is not:
 * `npm run proxy-proof -- exchanges [count] [first seed]`: played directly and through the proxy, both sides see the same
 * `npm run proxy-proof -- fuzz [count] [first seed]`: broken at random, and sound ones in between are still answered
 * `npm run proxy-proof -- ledger [calls]`: tokens and dollars equal the vendor's ledger
 * `npm run proxy-proof -- faults [calls]`: the same while the engine is killed and the disk full; no client notices
 * `npm run proxy-proof -- times [streams] [at once]`: times and gaps against the clock of the stand-in that sent them; prints only
 */
import { fuzz } from '../../collector/proxy/testing-fuzz.ts'
import { proveExchanges } from './exchanges.ts'
import { isProven, proveLedger } from './ledger.ts'
import { proveTimes } from './times.ts'

const [what = 'exchanges', ...rest] = process.argv.slice(2)
const [first, second] = rest.map(Number)
const onProgress = (done: number) => process.stderr.write(`\r${done} calls `)

const proofs: Record<string, () => Promise<{ proof: object; holds: boolean }>> = {
  async exchanges() {
    const proof = await proveExchanges(first ?? 2_000, second ?? 1)
    return { proof, holds: proof.different === 0 }
  },
  async fuzz() {
    const proof = await fuzz(first ?? 2_000, second ?? 1)
    return { proof, holds: proof.lost === 0 }
  },
  async ledger() {
    const proof = await proveLedger({ calls: first ?? 100_000, onProgress })
    return { proof, holds: isProven(proof) }
  },
  async faults() {
    const proof = await proveLedger({ calls: first ?? 100_000, faults: true, onProgress })
    return { proof, holds: isProven(proof) }
  },
  async times() {
    return { proof: await proveTimes(first ?? 500, second ?? 1), holds: true }
  },
}

const prove = proofs[what]
if (!prove) throw new Error(`no such proof: ${what}; there are ${Object.keys(proofs).join(', ')}`)
const { proof, holds } = await prove()
process.stdout.write(`\n${JSON.stringify(proof)}\n`)
process.exit(holds ? 0 : 1)
