/** Marks on a chart: lines and bands behind its curves, and glyphs on its axis that tell more on hover, focus or click. */
import { memo, useId, useRef, useState, type FocusEvent, type KeyboardEvent } from 'react'
import { kinds } from './mark-kinds.ts'
import { MarkCard } from './MarkCard.tsx'
import { groupMarks, labelPeriods, mostLines, weightOf, type MarkGroup, type PlacedMark } from './marks.ts'
import type { Plot } from './plot.ts'
import { formatDateTime } from '../lib/format.ts'

interface MarkLinesProps {
  plot: Plot
  marks: readonly PlacedMark[]
}

/** For the eye alone: the glyphs say it in words. */
export const MarkLines = memo(function MarkLines({ plot: { box }, marks }: MarkLinesProps) {
  const hatch = useId()
  const crowded = marks.length > mostLines
  const moments = crowded
    ? groupMarks(marks).map(({ x, marks: [first] }) => ({ x, key: first?.change.id }))
    : marks.map(({ x, change }) => ({ x, key: change.id }))
  const periods = marks.filter(({ end }) => end !== null)
  const labels = crowded ? new Map<PlacedMark, never>() : labelPeriods(periods)
  const height = box.bottom - box.top
  return (
    <g className="chart-marks">
      <Hatches id={hatch} />
      {periods.map((mark) => {
        const { change, x, end } = mark
        const weight = change.kind === 'alert' ? weightOf(change) : 'told'
        const width = Math.max((end ?? x) - x, 2)
        return (
          <g key={change.id} fill={`var(--mark-${weight})`}>
            <rect x={x} y={box.top} width={width} height={height} fillOpacity={0.07} />
            {weight !== 'told' && (
              <rect x={x} y={box.top} width={width} height={height} fill={`url(#${hatch}-${weight})`} />
            )}
          </g>
        )
      })}
      {moments.map(({ x, key }) => (
        <line key={key} x1={x} x2={x} y1={box.top} y2={box.bottom} stroke="var(--mark-line)" strokeDasharray="2 2" />
      ))}
      {periods.map((mark) => {
        const label = labels.get(mark)
        const weight = mark.change.kind === 'alert' ? weightOf(mark.change) : 'told'
        return (
          label && (
            <text
              key={mark.change.id}
              x={label.x}
              y={box.top + 10 + label.lane * 12}
              fontSize={10}
              fill={`var(--mark-${weight})`}
            >
              {label.text}
            </text>
          )
        )
      })}
    </g>
  )
})

/** Told apart without colour too: the graver, the denser, and each in its own direction. */
function Hatches({ id }: { id: string }) {
  const every = { critical: [6, 45, 1.2], warning: [9, -45, 1], calm: [14, 0, 0.8] } as const
  return Object.entries(every).map(([weight, [size, angle, stroke]]) => (
    <pattern
      key={weight}
      id={`${id}-${weight}`}
      width={size}
      height={size}
      patternUnits="userSpaceOnUse"
      patternTransform={`rotate(${angle})`}
    >
      <line x1={0} y1={0} x2={0} y2={size} stroke={`var(--mark-${weight})`} strokeWidth={stroke} strokeOpacity={0.32} />
    </pattern>
  ))
}

interface MarkGlyphsProps extends MarkLinesProps {
  width: number
  height: number
}

/** Below this width there is no room for a card beside its glyph, in px. */
const narrow = 560
/** A pointer may cross the air between a glyph and its card, in ms. */
const graceMs = 160

/** One stop of the tab key a chart; arrows go from glyph to glyph. */
export function MarkGlyphs({ plot, marks, width, height }: MarkGlyphsProps) {
  const groups = groupMarks(marks)
  const [open, setOpen] = useState<string | null>(null)
  const [stop, setStop] = useState<string | null>(null)
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined)
  const list = useRef<HTMLUListElement>(null)
  if (groups.length === 0) return null
  const ids = groups.map(idOf)
  const current = stop !== null && ids.includes(stop) ? stop : ids[0]

  const show = (id: string) => {
    clearTimeout(leaving.current)
    setOpen(id)
  }
  const leave = (id: string) => {
    leaving.current = setTimeout(() => setOpen((before) => (before === id ? null : before)), graceMs)
  }
  const blur = (event: FocusEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setOpen(null)
  }
  const press = (at: number) => (event: KeyboardEvent) => {
    if (event.key === 'Escape' && open !== null) {
      event.stopPropagation()
      return setOpen(null)
    }
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: groups.length - 1 }[event.key]
    if (to === undefined || !(event.target instanceof HTMLButtonElement) || !event.target.matches('.mark-glyph')) return
    event.preventDefault()
    list.current?.querySelectorAll<HTMLButtonElement>('.mark-glyph')[to]?.focus()
  }
  return (
    <ul className="marks" aria-label="Marks" ref={list}>
      {groups.map((group, at) => {
        const id = idOf(group)
        return (
          <li
            key={id}
            onPointerEnter={(event) => event.pointerType === 'mouse' && show(id)}
            onPointerLeave={(event) => event.pointerType === 'mouse' && leave(id)}
            onBlur={blur}
            onKeyDown={press(at)}
          >
            <button
              type="button"
              className="mark-glyph"
              style={{ left: group.x - 12, top: plot.box.bottom - 12 }}
              data-weight={weightIn(group)}
              tabIndex={id === current ? 0 : -1}
              aria-expanded={open === id}
              aria-label={wordsOf(group)}
              onFocus={() => {
                setStop(id)
                show(id)
              }}
              onClick={() => show(id)}
            >
              <Glyph group={group} />
            </button>
            {open === id && (
              <MarkCard
                marks={group.marks}
                style={{ bottom: height - plot.box.bottom + 14, ...sideOf(group, width) }}
              />
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** A card is as wide as a narrow chart; else it begins, or ends, at its glyph. */
function sideOf({ x }: MarkGroup, width: number) {
  if (width < narrow) return { left: 8, right: 8, width: 'auto' }
  return x > width / 2 ? { right: width - x - 14 } : { left: x - 14 }
}

const idOf = ({ marks: [first] }: MarkGroup) => first?.change.id ?? ''

function Glyph({ group: { marks } }: { group: MarkGroup }) {
  const [first, ...others] = marks
  if (!first) return null
  if (others.length > 0) return <b>{marks.length > 99 ? '99+' : marks.length}</b>
  const { icon: Icon } = kinds[first.change.kind]
  return <Icon size={12} stroke={2} aria-hidden />
}

/** The gravest of its alerts. */
function weightIn({ marks }: MarkGroup): string {
  const found = new Set(marks.filter(({ change }) => change.kind === 'alert').map(({ change }) => weightOf(change)))
  return (['critical', 'warning', 'calm'] as const).find((weight) => found.has(weight)) ?? 'told'
}

function wordsOf({ marks }: MarkGroup): string {
  const [first, ...others] = marks.map(({ change }) => change)
  if (!first) return ''
  const { kind, title, at } = first
  const words = `${kinds[kind].word}: ${title}, ${formatDateTime(at)}`
  return others.length === 0 ? words : `${marks.length} marks from ${formatDateTime(at)} on; the first: ${words}`
}
