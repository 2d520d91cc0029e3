/** A panel of one measure per name: the shape that most charts of the overview share. */
import { Menu } from '@mantine/core'
import { IconMathFunction } from '@tabler/icons-react'
import { useMemo, type ReactNode } from 'react'
import { fade, Legend } from '../charts/Legend.tsx'
import { asBefore, lastOf, maxOf, totalOf, type ChartLine, type LineStyle } from '../charts/lines.ts'
import type { SeriesFrame } from '../data/series.ts'
import type { Asked } from '../data/use-question.ts'
import type { Cell } from '../lib/table.ts'
import { nameOfChoice, useSwitch } from '../lib/use-choice.ts'
import type { About, Times } from '../lib/why.ts'
import { AnnotateItem, MarkedChart } from './MarkedChart.tsx'
import { usePage } from './page-context.tsx'
import { Panel } from './Panel.tsx'
import { useWhy, WhyItem } from './use-why.tsx'

export interface NamedLine {
  name: string
  /** What the colour is hashed from; empty is neutral. */
  colorOf: string
  values: (number | null)[]
  /** More columns of the legend. */
  extra?: string[]
  /** How strong its line is; as all others unless said. */
  style?: LineStyle
  /** The same at any time, such as an objective: the period before has none of its own. */
  constant?: boolean
}

interface LinePanelProps<T> {
  title: string
  unit?: string
  hint: string
  asked: Asked<T>
  frame: (data: T) => SeriesFrame
  lines: (data: T) => NamedLine[]
  /** The same of the period before, where one compares. */
  previous?: (data: T) => T | undefined
  /** Which requests of some time it is about, where it is about requests: one may ask what differs in them. */
  why?: (data: T, times: Times) => About
  format: (value: number | null) => string
  /** Shorter, for the axis; the panel's unit says the rest. */
  tick?: (value: number) => string
  empty: ReactNode
  extraColumns?: string[]
  controls?: ReactNode
  stacked?: boolean
  max?: number
  /** What the axis is round in, such as 2 ** 30 bytes; 1 unless said. */
  axisUnit?: number
  /** Its menu offers a logarithmic scale. */
  scalable?: boolean
  wide?: boolean
}

const noColumns: string[] = []

export function LinePanel<T>(props: LinePanelProps<T>) {
  const { title, unit, hint, asked, frame, lines, why, empty, controls, scalable = false, wide = false } = props
  const [logarithmic, setLogarithmic] = useSwitch(`log-${nameOfChoice(title)}`)
  const leadTo = useWhy()
  const { data: answer } = asked
  return (
    <Panel
      title={title}
      {...(unit !== undefined && { unit })}
      hint={hint}
      asked={asked}
      height={300}
      wide={wide}
      controls={controls}
      menu={
        <>
          {scalable && (
            <Menu.Item leftSection={<IconMathFunction size={15} />} onClick={() => setLogarithmic(!logarithmic)}>
              {logarithmic ? 'Linear scale' : 'Log scale'}
            </Menu.Item>
          )}
          {why && answer !== undefined && (
            <WhyItem onWhy={() => leadTo(frame(answer), why(answer, frame(answer)), true)} />
          )}
          <AnnotateItem />
        </>
      }
      renderEmpty={(data) => (lines(data).some(({ values }) => values.some((value) => value !== null)) ? null : empty)}
      table={(data) => ({
        columns: ['time', ...lines(data).map(({ name }) => name)],
        rows: frame(data).times.map((at, index) =>
          [new Date(at).toISOString() as Cell].concat(lines(data).map(({ values }) => values[index] ?? null)),
        ),
      })}
    >
      {(data) => <Lines {...props} data={data} logarithmic={logarithmic} />}
    </Panel>
  )
}

function Lines<T>({
  data,
  title,
  frame,
  lines,
  previous,
  why,
  format,
  tick,
  extraColumns = noColumns,
  stacked = false,
  max,
  axisUnit,
  logarithmic,
}: LinePanelProps<T> & { data: T; logarithmic: boolean }) {
  const { color, isolated, isolate, zoom } = usePage()
  const leadTo = useWhy()
  const named = useMemo(() => lines(data), [lines, data])
  const drawn = useMemo(() => {
    const before = linesBefore(previous?.(data), lines, stacked)
    const lineOf = ({ name, colorOf, values, style }: NamedLine): ChartLine => ({
      key: name,
      label: name,
      group: name,
      color: color(colorOf),
      values,
      ...style,
    })
    return fade([...named.map(lineOf), ...before.map(lineOf).map(asBefore)], isolated)
  }, [named, data, lines, previous, stacked, color, isolated])
  const rows = named.map(({ name, colorOf, values, style, extra = [] }) => ({
    group: name,
    label: name,
    color: color(colorOf),
    style,
    cells: [...extra, format(lastOf(values)), format(maxOf(values))],
  }))
  return (
    <>
      <MarkedChart
        frame={frame(data)}
        lines={drawn}
        format={format}
        tick={tick ?? format}
        label={`${title} over time`}
        stacked={stacked}
        logarithmic={logarithmic}
        {...(max !== undefined && { max })}
        {...(axisUnit !== undefined && { unit: axisUnit })}
        onZoom={zoom}
        {...(why && { onWhy: (from: number, to: number) => leadTo({ from, to }, why(data, { from, to }), false) })}
      />
      <Legend columns={[...extraColumns, 'last', 'max']} rows={rows} isolated={isolated} onIsolate={isolate} />
    </>
  )
}

/** Of the period before, where the answer holds it; of parts of a whole, the whole. */
function linesBefore<T>(previous: T | undefined, lines: (data: T) => NamedLine[], stacked: boolean): NamedLine[] {
  if (previous === undefined) return []
  const before = lines(previous).filter(({ constant = false }) => !constant)
  return stacked ? [{ name: 'all', colorOf: '', values: totalOf(before.map(({ values }) => values)) }] : before
}

/** The period before of an answer that holds it beside the period. */
export const previousOf = <T,>({ previous }: { previous?: T }): T | undefined => previous
