/** What one GPU did over time. */
import type { GpuHistory, useGpuHistory } from '../../data/fleet.ts'
import { formatBytes, formatRatio, type Maybe } from '../../lib/format.ts'
import { LinePanel, type NamedLine } from '../LinePanel.tsx'
import { NothingHere } from '../NothingHere.tsx'
import { withUnit } from './measures.ts'

type Measure = {
  [Name in keyof GpuHistory]-?: GpuHistory[Name] extends (number | null)[] ? Name : never
}[keyof GpuHistory]

interface PanelOf {
  title: string
  unit: string
  hint: string
  lines: readonly (readonly [name: string, measure: Measure])[]
  format: (value: Maybe) => string
  max?: number
  axisUnit?: number
}

const panels: readonly PanelOf[] = [
  {
    title: 'Activity',
    unit: 'share of time',
    hint: 'Utilisation says that a kernel ran; SM and tensor activity say how much of the chip had work',
    lines: [
      ['utilisation', 'utilization_ratio'],
      ['SM active', 'sm_active_ratio'],
      ['tensor cores', 'tensor_active_ratio'],
      ['memory traffic', 'dram_active_ratio'],
    ],
    format: formatRatio,
    max: 1,
  },
  {
    title: 'VRAM in use',
    unit: '',
    hint: 'Inference servers reserve most of it at start, so a flat line near the top is normal',
    lines: [
      ['in use', 'memory_used_bytes'],
      ['in all', 'memory_total_bytes'],
    ],
    format: formatBytes,
    axisUnit: 2 ** 30,
  },
  {
    title: 'Power',
    unit: 'W',
    hint: 'Mean power',
    lines: [['power', 'power_watts']],
    format: (value) => withUnit(value, 'W'),
  },
  {
    title: 'Temperature',
    unit: '°C',
    hint: 'The highest of each step',
    lines: [
      ['chip', 'temperature_celsius'],
      ['memory', 'memory_temperature_celsius'],
    ],
    format: (value) => withUnit(value, '°C'),
  },
  {
    title: 'Clocks held down',
    unit: 'share of samples',
    hint: 'By power, heat or the board; an idle clock is not counted',
    lines: [['throttled', 'throttled_ratio']],
    format: formatRatio,
    max: 1,
  },
]

export const historyNames = panels.map(({ lines }) => lines.map(([name]) => name))

const itself = (data: GpuHistory) => data
const before = (data: GpuHistory) => data.previous && { ...data, ...data.previous }
const linesOf =
  (lines: PanelOf['lines']) =>
  (data: GpuHistory): NamedLine[] =>
    lines
      .map(([name, measure]) => ({ name, colorOf: name, values: data[measure] }))
      .filter(({ values }) => values.some((value) => value !== null))
const drawn = panels.map(({ lines }) => linesOf(lines))

export function HistoryPanels({ asked }: { asked: ReturnType<typeof useGpuHistory> }) {
  return panels.map(({ lines: _lines, max, ...panel }, index) => (
    <LinePanel
      key={panel.title}
      {...panel}
      asked={asked}
      frame={itself}
      lines={drawn[index] ?? (() => [])}
      previous={before}
      {...(max !== undefined && { max })}
      empty={<NothingHere what="This GPU's exporter tells nothing of it in this range" />}
    />
  ))
}
