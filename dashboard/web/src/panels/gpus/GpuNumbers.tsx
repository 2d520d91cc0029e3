import { lastOf, maxOf } from '../../charts/lines.ts'
import type { GpuHistory } from '../../data/fleet.ts'
import {
  formatBytes,
  formatBytesOf,
  formatExact,
  formatRatio,
  formatUsd,
  formatUsdPerHour,
  type Maybe,
} from '../../lib/format.ts'
import { Spark } from '../Spark.tsx'
import { Change } from '../traffic/Change.tsx'
import { idleCost, idleShare, pricePerHour, withUnit } from './measures.ts'

interface Figure {
  title: string
  hint: string
  value: (history: GpuHistory) => Maybe
  format: (value: Maybe) => string
  /** A rise is bad news, or neither. */
  rise: 'bad' | 'neutral'
  note: (history: GpuHistory) => string
  course?: (history: GpuHistory) => readonly (number | null)[]
}

/** How the GPU did over the range, at a glance; the place of it until that is known. */
export function GpuNumbers({ history }: { history: GpuHistory | undefined }) {
  if (!history) {
    return (
      <div className="numbers">
        {figures.map(({ title }) => (
          <div key={title} className="number skeleton" />
        ))}
      </div>
    )
  }
  return (
    <div className="numbers">
      {figures.map((figure) => (
        <Number key={figure.title} figure={figure} history={history} />
      ))}
    </div>
  )
}

function Number({ figure, history }: { figure: Figure; history: GpuHistory }) {
  const { title, hint, value, format, rise, note, course } = figure
  const { previous } = history
  const words = note(history)
  return (
    <section className="number" aria-label={title} data-figure={title}>
      <h2 title={hint}>{title}</h2>
      <p className="number-value">{format(value(history))}</p>
      <div className="number-foot">
        {previous ? (
          <Change now={value(history)} before={value(previous)} format={format} rise={rise} />
        ) : (
          <span className="dim">{words}</span>
        )}
        {course && <Spark values={course(history)} />}
      </div>
      {previous && <p className="number-note">{words}</p>}
    </section>
  )
}

const watts = (value: Maybe) => withUnit(value, 'W')
const celsius = (value: Maybe) => withUnit(value, '°C')

/** Of the period before too, when one compares: what the figure was at its end, or over it. */
const figures: readonly Figure[] = [
  {
    title: 'Utilisation',
    hint: 'Share of time in which a kernel ran, at the end of the range',
    value: ({ utilization_ratio }) => lastOf(utilization_ratio),
    format: formatRatio,
    rise: 'neutral',
    note: ({ utilization_ratio }) => `up to ${formatRatio(maxOf(utilization_ratio))}`,
    course: ({ utilization_ratio }) => utilization_ratio,
  },
  {
    title: 'VRAM',
    hint: 'Memory in use at the end of the range',
    value: ({ memory_used_bytes }) => lastOf(memory_used_bytes),
    format: formatBytes,
    rise: 'neutral',
    note: ({ memory_used_bytes, memory_total_bytes }) =>
      formatBytesOf(lastOf(memory_used_bytes), lastOf(memory_total_bytes)),
  },
  {
    title: 'Power',
    hint: 'At the end of the range',
    value: ({ power_watts }) => lastOf(power_watts),
    format: watts,
    rise: 'neutral',
    note: ({ power_watts }) => `up to ${watts(maxOf(power_watts))}`,
    course: ({ power_watts }) => power_watts,
  },
  {
    title: 'Temperature',
    hint: 'Of the chip at the end of the range',
    value: ({ temperature_celsius }) => lastOf(temperature_celsius),
    format: celsius,
    rise: 'bad',
    note: ({ temperature_celsius }) => `up to ${celsius(maxOf(temperature_celsius))}`,
    course: ({ temperature_celsius }) => temperature_celsius,
  },
  {
    title: 'Idle',
    hint: 'Share of minutes in which kernels ran for less than 5 % of the time',
    value: idleShare,
    format: formatRatio,
    rise: 'bad',
    note: idleWords,
  },
]

function idleWords(history: GpuHistory): string {
  const price = pricePerHour(history)
  const wasted = idleCost({ idle_minutes: history.idle_minutes, gpu_hour_usd: price })
  return wasted === null
    ? `${formatExact(history.idle_minutes)} of ${formatExact(history.sampled_minutes)} min`
    : `cost ${formatUsd(wasted)} at ${formatUsdPerHour(price)}`
}
