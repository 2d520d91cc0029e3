/** `npm run durability [kills]`: the long form of the proof, 50 kills of the collector and 50 of the engine. */
import { proveDurability, type Victim } from './proof.ts'

const kills = Number(process.argv[2] ?? 50)
for (const victim of ['collector', 'engine'] satisfies Victim[]) {
  const proof = await proveDurability({
    victim,
    kills,
    onKill: (done) => process.stderr.write(`\r${victim}: ${done} of ${kills} kills`),
  })
  process.stderr.write('\n')
  process.stdout.write(`${JSON.stringify({ victim, ...proof })}\n`)
  if (proof.missing > 0 || proof.duplicated > 0 || !proof.rollupsEqual) process.exitCode = 1
}
