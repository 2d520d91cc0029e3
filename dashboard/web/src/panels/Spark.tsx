/** A line without axes; gaps stay gaps. */
export function Spark({
  values,
  width = 120,
  height = 30,
}: {
  values: readonly (number | null)[]
  width?: number
  height?: number
}) {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return <svg className="spark" viewBox={`0 0 ${width} ${height}`} aria-hidden />
  const top = Math.max(...known)
  const x = (index: number) => (index / Math.max(values.length - 1, 1)) * width
  const y = (value: number) => height - 2 - (top > 0 ? (value / top) * (height - 4) : 0)
  const runs = runsOf(values)
  const line = runs.map(
    (run) => `M${run.map(([index, value]) => `${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join('L')}`,
  )
  const area = runs.map((run) => {
    const [first, last] = [run[0]?.[0] ?? 0, run.at(-1)?.[0] ?? 0]
    const edge = run.map(([index, value]) => `${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join('L')
    return `M${x(first).toFixed(1)} ${height}L${edge}L${x(last).toFixed(1)} ${height}Z`
  })
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
      <path d={area.join('')} className="spark-area" />
      <path d={line.join('')} className="spark-line" vectorEffect="non-scaling-stroke" />
    </svg>
  )
}

/** Unbroken runs of known values, with their positions. */
function runsOf(values: readonly (number | null)[]): [index: number, value: number][][] {
  const runs: [number, number][][] = [[]]
  values.forEach((value, index) => {
    if (value !== null) runs.at(-1)?.push([index, value])
    else if (runs.at(-1)?.length) runs.push([])
  })
  return runs.filter((run) => run.length > 0)
}
