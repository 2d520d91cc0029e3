import { IconArrowDownRight, IconArrowUpRight, IconMinus } from '@tabler/icons-react'
import { formatChange, formatSpan, type Maybe } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { Spark } from './Spark.tsx'

export interface NumberCardProps {
  title: string
  /** The term's definition, on hover. */
  hint: string
  value: Maybe
  /** In the period before; null when there is nothing to compare with. */
  before: Maybe
  /** Length of the period, in ms. */
  span: number
  format: (value: Maybe) => string
  /** All digits, or why it is unknown: on hover. */
  exact: string
  /** A rise is bad news, or neither. */
  rise: 'bad' | 'neutral'
  note?: string | undefined
  /** Per bucket, without the present one, which is not over yet. */
  course: readonly (number | null)[]
}

/** A large number with its unit, its change against the period before, and a sparkline. */
export function NumberCard({
  title,
  hint,
  value,
  before,
  span,
  format,
  exact,
  rise,
  note = '',
  course,
}: NumberCardProps) {
  const [{ compare }] = useSearch()
  const { amount, unit } = splitUnit(format(value))
  return (
    <article className="number" aria-label={title} data-figure={title}>
      <h2 title={hint}>{title}</h2>
      <p className="number-value" title={exact}>
        {amount}
        {unit !== '' && <small>{unit}</small>}
      </p>
      <div className="number-foot">
        {compare === 'off' ? (
          <span className="dim">{note}</span>
        ) : (
          <Delta now={value} before={before} span={span} format={format} rise={rise} />
        )}
        <Spark values={course} />
      </div>
      {compare !== 'off' && note !== '' && <p className="number-note">{note}</p>}
    </article>
  )
}

type DeltaProps = Pick<NumberCardProps, 'before' | 'span' | 'format' | 'rise'> & { now: Maybe }

function Delta({ now, before, span, format, rise }: DeltaProps) {
  const { text, ratio } = formatChange(now, before)
  const title = `${format(before)} in the ${formatSpan(span)} before`
  if (ratio === null) {
    return (
      <span className="delta" title={title}>
        <span className="sr-only">no comparison: </span>
        nothing before
      </span>
    )
  }
  const flat = Math.abs(ratio) < 0.01
  const Icon = flat ? IconMinus : ratio > 0 ? IconArrowUpRight : IconArrowDownRight
  const news = rise === 'neutral' || flat ? 'neutral' : ratio > 0 ? 'bad' : 'good'
  return (
    <span className="delta" data-news={news} title={title}>
      <Icon size={14} aria-hidden />
      {text}
    </span>
  )
}

function splitUnit(text: string): { amount: string; unit: string } {
  const [amount = '', ...unit] = text.split('\u00a0')
  return { amount, unit: unit.join('\u00a0') }
}
