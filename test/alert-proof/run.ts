/** `npm run alert-proof -- <timelines | kills> [count] [seed]`: the long forms of what the tests prove of alerts. */
import { promtool, setUpDebianTools } from '../support/debian.ts'
import { isProven, proveKills } from './kills.ts'
import { proveTimelines } from './timelines.ts'

const [, , name = '', count, seed = Date.now() % 1_000_000] = process.argv

const proofs: Readonly<Record<string, () => Promise<boolean>>> = {
  /** States at every step against promtool's. */
  async timelines() {
    const output = new URL('../.output', import.meta.url).pathname
    for (const notice of promtool() ? [] : setUpDebianTools(output)) print(notice)
    const program = promtool()
    if (program === null) return false
    const { differences, ...proof } = proveTimelines(program, { count: Number(count ?? 1_000), seed: Number(seed) })
    print(JSON.stringify({ seed: Number(seed), ...proof, agree: differences === '' }))
    if (differences !== '') print(differences)
    return differences === ''
  },
  /** kill -9 in the middle of evaluations and deliveries. */
  async kills() {
    const kills = Number(count ?? 200)
    const onKill = (done: number) => process.stderr.write(`\r${done} of ${kills} kills`)
    const proof = await proveKills({ kills, seed: Number(seed), onKill })
    print(`\n${JSON.stringify(proof)}`)
    return isProven(proof)
  },
}

const proof = proofs[name]
if (!proof) {
  process.stderr.write(`usage: npm run alert-proof -- <${Object.keys(proofs).join(' | ')}> [count] [seed]\n`)
  process.exit(1)
}
if (!(await proof())) process.exitCode = 1

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
