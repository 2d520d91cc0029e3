import type { LineStyle } from './lines.ts'

/** What stands for a line beside its name: its colour, and how it is drawn where that tells it from others. */
export function LineKey({ color, style }: { color: string; style?: LineStyle | undefined }) {
  if (!style) return <i style={{ background: color }} />
  const { width = 1.6, opacity = 1, dash } = style
  return (
    <svg className="line-key" width={14} height={9} aria-hidden>
      <line
        x2={14}
        y1={4.5}
        y2={4.5}
        stroke={color}
        strokeWidth={width}
        strokeOpacity={opacity}
        {...(dash !== undefined && { strokeDasharray: dash })}
      />
    </svg>
  )
}
