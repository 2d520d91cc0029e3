/** Requests as bars, and what of them failed at their foot: a bucket without requests is a gap. */
const [width, height] = [96, 18]

export function ErrorSpark({ requests, errors }: { requests: readonly number[]; errors: readonly number[] }) {
  const top = Math.max(...requests, 1)
  const bar = width / Math.max(requests.length, 1)
  const tall = (count: number) => (count === 0 ? 0 : Math.max((count / top) * height, 1))
  const bars = (counts: readonly number[]) =>
    counts
      .map((count, index) =>
        count === 0
          ? ''
          : `M${(index * bar).toFixed(1)} ${height}v${(-tall(count)).toFixed(1)}h${(bar * 0.8).toFixed(1)}V${height}Z`,
      )
      .join('')
  return (
    <svg className="error-spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
      <path d={bars(requests)} className="error-spark-requests" />
      <path d={bars(errors)} className="error-spark-errors" />
    </svg>
  )
}
