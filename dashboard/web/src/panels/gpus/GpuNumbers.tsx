import { lastOf, maxOf } from '../../charts/lines.ts'
import type { GpuHistory } from '../../data/fleet.ts'
import { formatBytes, formatBytesOf, formatExact, formatRatio, formatUsd, formatUsdPerHour } from '../../lib/format.ts'
import { Spark } from '../Spark.tsx'
import { idleCost, idleShare, pricePerHour, withUnit } from './measures.ts'

interface Figure {
  title: string
  hint: string
  value: string
  note: string
  course?: readonly (number | null)[]
}

const titles = ['Utilisation', 'VRAM', 'Power', 'Temperature', 'Idle']

/** How the GPU did over the range, at a glance; the place of it until that is known. */
export function GpuNumbers({ history }: { history: GpuHistory | undefined }) {
  if (!history) {
    return (
      <div className="numbers">
        {titles.map((title) => (
          <div key={title} className="number skeleton" />
        ))}
      </div>
    )
  }
  return (
    <div className="numbers">
      {figuresOf(history).map(({ title, hint, value, note, course }) => (
        <section key={title} className="number" aria-label={title} data-figure={title}>
          <h2 title={hint}>{title}</h2>
          <p className="number-value">{value}</p>
          <div className="number-foot">
            <span className="dim">{note}</span>
            {course && <Spark values={course} />}
          </div>
        </section>
      ))}
    </div>
  )
}

function figuresOf(history: GpuHistory): Figure[] {
  const price = pricePerHour(history)
  const wasted = idleCost({ idle_minutes: history.idle_minutes, gpu_hour_usd: price })
  return [
    {
      title: 'Utilisation',
      hint: 'Share of time in which a kernel ran, at the end of the range',
      value: formatRatio(lastOf(history.utilization_ratio)),
      note: `up to ${formatRatio(maxOf(history.utilization_ratio))}`,
      course: history.utilization_ratio,
    },
    {
      title: 'VRAM',
      hint: 'Memory in use at the end of the range',
      value: formatBytes(lastOf(history.memory_used_bytes)),
      note: formatBytesOf(lastOf(history.memory_used_bytes), lastOf(history.memory_total_bytes)),
    },
    {
      title: 'Power',
      hint: 'At the end of the range',
      value: withUnit(lastOf(history.power_watts), 'W'),
      note: `up to ${withUnit(maxOf(history.power_watts), 'W')}`,
      course: history.power_watts,
    },
    {
      title: 'Temperature',
      hint: 'Of the chip at the end of the range',
      value: withUnit(lastOf(history.temperature_celsius), '°C'),
      note: `up to ${withUnit(maxOf(history.temperature_celsius), '°C')}`,
      course: history.temperature_celsius,
    },
    {
      title: 'Idle',
      hint: 'Share of minutes in which kernels ran for less than 5 % of the time',
      value: formatRatio(idleShare(history)),
      note:
        wasted === null
          ? `${formatExact(history.idle_minutes)} of ${formatExact(history.sampled_minutes)} min`
          : `cost ${formatUsd(wasted)} at ${formatUsdPerHour(price)}`,
    },
  ]
}
