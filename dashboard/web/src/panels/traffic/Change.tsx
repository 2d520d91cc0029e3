import { formatChange, type Maybe } from '../../lib/format.ts'

interface ChangeProps {
  now: Maybe
  before: Maybe
  format: (value: Maybe) => string
  /** A rise is bad news, or neither. */
  rise: 'bad' | 'neutral'
}

/** Less than this is as before. */
const flat = 0.01

/** How much more or less than in the period before; a dash where that has nothing to compare with. */
export function Change({ now, before, format, rise }: ChangeProps) {
  const { text, ratio } = formatChange(now, before)
  const news = ratio === null || rise === 'neutral' || Math.abs(ratio) < flat ? 'neutral' : ratio > 0 ? 'bad' : 'good'
  const title =
    typeof before === 'number'
      ? `${format(before)} in the period before`
      : 'nothing to compare with in the period before'
  return (
    <span className="delta" data-news={news} title={title}>
      {text}
    </span>
  )
}
