/** A rectangle of a heatmap: times in epoch ms and values of what is on its upright axis; a side that is null is open. */
export interface Brush {
  from: number | null
  to: number | null
  min: number | null
  max: number | null
}

/** Reads `<from>,<to>,<min>,<max>`; undefined where it is none, or bounds nothing. */
export function parseBrush(text: string | null): Brush | undefined {
  const parts = (text ?? '').split(',').map((part) => (part === '' ? null : Number(part)))
  const [from = null, to = null, min = null, max = null] = parts
  const bounds = parts.every((part) => part === null || (Number.isFinite(part) && part >= 0))
  const rising = (low: number | null, high: number | null) => low === null || high === null || low < high
  if (parts.length !== 4 || !bounds || !rising(from, to) || !rising(min, max)) return undefined
  return parts.every((part) => part === null) ? undefined : { from, to, min, max }
}

export function formatBrush({ from, to, min, max }: Brush): string {
  return [from, to, min, max].map((part) => (part === null ? '' : String(part))).join(',')
}
