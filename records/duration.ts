/** Durations as people write them in configuration: 500ms, 10s, 5m, 2h, 1d. */
export const durationPattern = /^\d+(ms|s|m|h|d)$/

const unitMs: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 }

/** Milliseconds of a duration. Throws RangeError on other text: schemas check with `durationPattern` first. */
export function durationMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text)
  const unit = unitMs[match?.[2] ?? '']
  if (!match || unit === undefined) throw new RangeError(`not a duration: ${text}`)
  return Number(match[1]) * unit
}
