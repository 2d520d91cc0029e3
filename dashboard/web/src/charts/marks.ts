/** Where marks lie on a chart, and which of them are too close to be told apart. */
import type { Change } from '../data/changes.ts'
import type { Plot } from './plot.ts'

export interface PlacedMark {
  change: Change
  /** In px; what began before the chart does lies at its edge. */
  x: number
  /** Right end of a period, in px; null for a moment. */
  end: number | null
}

/** Those that share one glyph. */
export interface MarkGroup {
  x: number
  marks: PlacedMark[]
}

/** Beyond these in view a line is drawn for each group, and not for each mark. */
export const mostLines = 40
/** Glyphs closer than this could not be hit one by one, in px. */
const leastGap = 24
/** Room of a letter in a label, in px. */
const letter = 5.6
const labelLanes = 3

/** Those in view, from left to right. */
export function placeMarks(changes: readonly Change[], { box, x }: Pick<Plot, 'box' | 'x'>): PlacedMark[] {
  return changes
    .flatMap((change) => {
      const [start, end] = [x(change.at), change.until === null ? null : endOf(change.until, x)]
      if (start > box.right || (end ?? start) < box.left) return []
      return [{ change, x: Math.max(start, box.left), end: end === null ? null : Math.min(end, box.right) }]
    })
    .toSorted((a, b) => a.x - b.x)
}

const endOf = (until: number | 'now', x: Plot['x']) => (until === 'now' ? Infinity : x(until))

/** Each begins at its first mark and takes in what lies within reach of that. */
export function groupMarks(marks: readonly PlacedMark[], gap = leastGap): MarkGroup[] {
  const groups: MarkGroup[] = []
  for (const mark of marks) {
    const last = groups.at(-1)
    if (last && mark.x - last.x < gap) last.marks.push(mark)
    else groups.push({ x: mark.x, marks: [mark] })
  }
  return groups
}

export interface PeriodLabel {
  text: string
  x: number
  /** From the top, counted from 0. */
  lane: number
}

/** Words in periods that are wide enough, each in a lane where it covers no other; what fits in none has no word. */
export function labelPeriods(marks: readonly PlacedMark[]): Map<PlacedMark, PeriodLabel> {
  const ends: number[] = []
  const labels = new Map<PlacedMark, PeriodLabel>()
  for (const mark of marks) {
    const room = (mark.end ?? mark.x) - mark.x - 6
    const text = cut(wordOf(mark.change), Math.floor(room / letter))
    if (text === '') continue
    const lane = Array.from({ length: labelLanes }, (_, at) => at).find((at) => (ends[at] ?? -Infinity) <= mark.x)
    if (lane === undefined) continue
    ends[lane] = mark.x + text.length * letter + 8
    labels.set(mark, { text, x: mark.x + 4, lane })
  }
  return labels
}

const wordOf = ({ severity, title }: Change) => [severity, title].filter((word) => word !== '').join(' ')

const cut = (text: string, letters: number) =>
  text.length <= letters ? text : letters < 4 ? '' : `${text.slice(0, letters - 1)}…`

export type Weight = 'critical' | 'warning' | 'calm'

/** How an alert is tinted and hatched, by the words that rules use for it. */
export function weightOf({ severity }: Pick<Change, 'severity'>): Weight {
  if (/^(critical|page|error|p1|high|fatal|emergency)$/i.test(severity)) return 'critical'
  return /^(warning|warn|ticket|p2|medium)$/i.test(severity) ? 'warning' : 'calm'
}
