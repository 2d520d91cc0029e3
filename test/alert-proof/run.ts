/** `npm run alert-proof -- <timelines | kills | alertmanager | delivery | delay | azure> [count] [seed]`: the long forms of what the tests prove of alerts. */
import { alertmanager, promtool, setUpDebianTools } from '../support/debian.ts'
import { proveAlertmanager } from './alertmanager.ts'
import { hasTrace, proveAzure } from './azure.ts'
import { proveDelay, showDelay } from './delay.ts'
import { proveDelivery } from './delivery.ts'
import { isProven, proveKills } from './kills.ts'
import { proveTimelines } from './timelines.ts'

const [, , name = '', count, seed = Date.now() % 1_000_000] = process.argv

const proofs: Readonly<Record<string, () => Promise<boolean>>> = {
  /** States at every step against promtool's. */
  async timelines() {
    await setUp(promtool)
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
  /** What receivers hear of streams of alerts, against Alertmanager. */
  async alertmanager() {
    await setUp(alertmanager)
    if (alertmanager() === null) return false
    const proof = await proveAlertmanager(Number(count ?? 100), { seed: Number(seed) })
    print(JSON.stringify({ seed: Number(seed), ...proof }, null, 2))
    return proof.different.length === 0
  },
  /** Each alert once per state on every kind of channel, over failures, lost answers and restarts. */
  async delivery() {
    const alerts = Number(count ?? 1_000)
    const onProgress = (done: number) => process.stderr.write(`\r${done} of ${alerts} alerts`)
    const proof = await proveDelivery({ alerts, seed: Number(seed), onProgress })
    print(`\n${JSON.stringify(proof)}`)
    return proof.wrong.length === 0
  },
  /** From a bad request to Slack, on the interval of 15 s: p95 under 25 s with what is the default. */
  async delay() {
    const incidents = Number(count ?? 20)
    const onTold = (told: number) => process.stderr.write(`\r${told} of ${incidents} incidents told`)
    const proof = await proveDelay({ incidents, seed: Number(seed), onTold })
    print(`\n${showDelay(proof)}`)
    const [usual] = proof.waits
    return proof.problems.length === 0 && usual !== undefined && usual.in_all.p95_ms < 25_000
  },
  /** A real service's arrivals with faults put in: what is noticed, how late, and what is noticed for nothing. Count is hours. */
  async azure() {
    if (!hasTrace()) {
      print('skipped: the trace is not there')
      return true
    }
    const onProgress = (what: string, done: number, total: number) =>
      process.stderr.write(`\r${what}: ${done} of ${total}   `)
    print(
      `\n${JSON.stringify(await proveAzure({ hours: Number(count ?? 168), seed: Number(seed), onProgress }), null, 2)}`,
    )
    return true
  },
}

async function setUp(tool: () => unknown): Promise<void> {
  const output = new URL('../.output', import.meta.url).pathname
  for (const notice of tool() === null ? await setUpDebianTools(output) : []) print(notice)
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
