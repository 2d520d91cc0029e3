import { infiniteText } from '../../../../../records/infinite.ts'

interface ValueLineProps {
  /** Oldest first; null where nothing was beyond the threshold. */
  values: readonly (number | null)[]
  threshold: number | null
  label: string
}

const [width, height, room] = [520, 56, 4]

/** Values as points and a line from zero, the threshold dashed; gaps stay gaps. */
export function ValueLine({ values, threshold, label }: ValueLineProps) {
  const known = values.filter((value) => value !== null)
  const all = [...known, ...(threshold === null ? [] : [threshold])]
  if (known.length === 0) return null
  const bounded = all.filter((value) => infiniteText(value) === null)
  const [low, high] = [Math.min(0, ...bounded), Math.max(0, ...bounded)]
  const x = (index: number) => room + (index * (width - 2 * room)) / Math.max(values.length - 1, 1)
  // At the edge, where it is without bounds.
  const drawn = (value: number) => Math.min(Math.max(value, low), high)
  const y = (value: number) => height - room - ((drawn(value) - low) * (height - 2 * room)) / (high - low || 1)
  const path = values
    .map((value, index) => {
      if (value === null) return ''
      const before = values[index - 1] ?? null
      return `${before === null ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
    })
    .join('')
  return (
    <svg className="value-line" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {threshold !== null && <line x1={0} x2={width} y1={y(threshold)} y2={y(threshold)} />}
      <path d={path} />
      {values.map((value, index) =>
        // oxlint-disable-next-line react/no-array-index-key -- a place in time is what it is
        value === null ? null : <circle key={index} cx={x(index)} cy={y(value)} r={2} />,
      )}
    </svg>
  )
}
