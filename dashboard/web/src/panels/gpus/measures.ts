/** What a fleet's map is coloured by, and how its figures read. */
import type { FleetMeasure, GpuFleet, GpuHistory } from '../../data/fleet.ts'
import { formatRatio, significant, unknown, type Maybe } from '../../lib/format.ts'

export const withUnit = (value: Maybe, unit: string) =>
  value === null || value === undefined ? unknown : `${significant(value)}\u00a0${unit}`

interface MeasureWords {
  word: string
  hint: string
  format: (value: Maybe) => string
  /** What the darkest colour stands for. */
  top: (fleet: GpuFleet) => number
}

const share = { format: formatRatio, top: () => 1 }
const highest = ({ gpus }: GpuFleet, atLeast: number) =>
  gpus.reduce((top, { values }) => values.reduce<number>((most, value) => Math.max(most, value ?? 0), top), atLeast)

export const measureWords: Record<FleetMeasure, MeasureWords> = {
  utilization_ratio: { word: 'Utilisation', hint: 'Share of time in which a kernel ran: busy, not how busy', ...share },
  sm_active_ratio: { word: 'SM active', hint: 'Share of multiprocessors with work', ...share },
  tensor_active_ratio: { word: 'Tensor cores', hint: 'Share of time in which the tensor cores worked', ...share },
  memory_ratio: { word: 'VRAM', hint: 'Share of memory in use', ...share },
  power_watts: {
    word: 'Power',
    hint: 'Mean power',
    format: (value) => withUnit(value, 'W'),
    top: (fleet) => highest(fleet, 100),
  },
  temperature_celsius: {
    word: 'Temperature',
    hint: 'Highest temperature of the chip',
    format: (value) => withUnit(value, '°C'),
    top: (fleet) => highest(fleet, 90),
  },
  throttled_ratio: { word: 'Throttled', hint: 'Share of samples while clocks were held down', ...share },
}

export const fleetMeasures = Object.keys(measureWords) as FleetMeasure[]

/** Idle share of the minutes that utilisation is known of. */
export const idleShare = ({
  idle_minutes,
  sampled_minutes,
}: {
  idle_minutes: number | null
  sampled_minutes: number
}) => (idle_minutes === null || sampled_minutes === 0 ? null : idle_minutes / sampled_minutes)

interface Priced {
  idle_minutes: number | null
  gpu_hour_usd: number | null
}

/** In dollars, as configured for what surely runs on it now; null where that is not known. */
export const pricePerHour = ({ uses }: Pick<GpuHistory, 'uses'>) =>
  uses.find(({ ambiguous, to_ms }) => !ambiguous && to_ms === null)?.gpu_hour_usd ?? null

/** What the idle minutes cost. */
export const idleCost = ({ idle_minutes, gpu_hour_usd }: Priced) =>
  idle_minutes === null || gpu_hour_usd === null ? null : (idle_minutes / 60) * gpu_hour_usd
