/**
 * `npm run durability -- [faults] [seed] [max pause, ms]`: the long form of the proof, 500 faults under mixed load, then as
 * many kills of the engine with inserts in flight, half of them at the moment that costs rows when nobody takes care.
 */
import { proveInserts } from './insert-kills.ts'
import { isProven, proveDurability } from './proof.ts'

const faults = Number(process.argv[2] ?? 500)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const maxPauseMs = Number(process.argv[4] ?? 1500)
process.stderr.write(`seed ${seed}\n`)

const proof = await proveDurability({
  faults,
  seed,
  maxPauseMs,
  onFault: (done, kind) => process.stderr.write(`\r${done} of ${faults} faults, the last: ${kind}    `),
})
process.stdout.write(`\n${JSON.stringify(proof)}\n`)
if (!isProven(proof)) process.exitCode = 1

for (const aimed of [true, false]) {
  const kills = Math.ceil(faults / 2)
  const onKill = (done: number) => process.stderr.write(`\r${done} of ${kills} kills with inserts in flight`)
  const inserts = await proveInserts({ kills, seed, aimed, onKill })
  process.stdout.write(`\n${JSON.stringify({ aimed, ...inserts })}\n`)
  if (inserts.missing > 0 || inserts.duplicated > 0) process.exitCode = 1
}
