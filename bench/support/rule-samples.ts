/** Rules of one shape, and the requests that they look at: one a sample interval and series, the same everywhere. */
import type { Db } from '../../storage/client.ts'

export interface Rule {
  alert: string
  feature: string
  aboveMs: number
  windowMs: number
}

const seriesEach = 20
const sampleMs = 15_000
const windowMs = 600_000
/** Two windows of samples. */
const samplesEach = (2 * windowMs) / sampleMs

export function alertRules(count: number): Rule[] {
  return Array.from({ length: count }, (_, index) => ({
    alert: `Slow${index}`,
    feature: `feature-${index}`,
    aboveMs: 5_000,
    windowMs,
  }))
}

/** Up to `to`, epoch ms. One series in fifty takes 6 to 9 s, the others one or two. Returns how many there are. */
export async function loadSamples(db: Db, rules: readonly Rule[], to: number): Promise<number> {
  const series = rules.length * seriesEach
  await db.command(
    `insert into requests (timestamp, trace_id, span_id, feature, model, duration_ms, status, version)
    select
      fromUnixTimestamp64Micro(toInt64({to:Int64} - 1 - intDiv(number, {series:UInt64}) * {step:Int64}) * 1000, 'UTC'),
      lower(hex(cityHash64(number))) || lower(hex(cityHash64(number, 1))), lower(hex(sipHash64(number))),
      'feature-' || toString(intDiv(number % {series:UInt64}, {each:UInt64})),
      'model-' || toString(number % {each:UInt64}),
      if(cityHash64(number % {series:UInt64}, 2) % 50 = 0, 6000, 800) + cityHash64(number) % 1500,
      'ok', 1
    from numbers({series:UInt64} * {samples:UInt64})`,
    { to, series, step: sampleMs, each: seriesEach, samples: samplesEach },
  )
  return series * samplesEach
}
