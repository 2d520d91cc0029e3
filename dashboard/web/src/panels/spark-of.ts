/** A sparkline's buckets as values: those of which nothing is known are gaps, and the present one, which is not over yet, is left out. */
interface Buckets<Point> {
  step_ms: number
  points: readonly Point[]
}

export function sparkOf<Point extends { at: number }>(
  { step_ms, points }: Buckets<Point>,
  { from, to }: { from: number; to: number },
  value: (point: Point) => number | null | undefined,
): (number | null)[] {
  const byTime = new Map(points.map((point) => [point.at, point]))
  const values: (number | null)[] = []
  for (let at = Math.floor(from / step_ms) * step_ms; at + step_ms <= to; at += step_ms) {
    const point = byTime.get(at)
    values.push(point ? (value(point) ?? null) : null)
  }
  return values
}
