/** The scale of values: from zero, or from the smallest on a logarithmic one, with round ticks. */

export interface ValueAxis {
  from: number
  to: number
  ticks: number[]
  logarithmic: boolean
}

const roundSteps = [1, 2, 2.5, 5, 10]
/** As many as fit a small chart. */
const maxTicks = 5

/**
 * From zero, or from the least of negative values, up to `max` or to the next round figure above the most: round in units of which one
 * is `unit`, such as 2 ** 30 bytes.
 */
export function linearAxis(least: number, most: number, max?: number, unit = 1): ValueAxis {
  if (unit === 1) return roundAxis(least, most, max)
  const { from, to, ticks } = roundAxis(least / unit, most / unit, max && max / unit)
  return { from: from * unit, to: to * unit, ticks: ticks.map((tick) => tick * unit), logarithmic: false }
}

function roundAxis(least: number, most: number, max?: number): ValueAxis {
  const bottom = Math.min(least, 0)
  const top = max ?? (most > bottom ? Math.max(most, 0) : bottom + 1)
  const rough = (top - bottom) / (maxTicks - 1)
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = (roundSteps.find((size) => size * magnitude >= rough * (1 - 1e-9)) ?? 10) * magnitude
  const from = Math.floor(bottom / step) * step
  const to = max ?? Math.ceil(top / step - 1e-9) * step
  const count = Math.floor((to - from) / step + 1e-9)
  // 0.1 × 3 is not 0.3: digits beyond the step's are noise.
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((from + index * step).toPrecision(12)))
  return { from, to, ticks, logarithmic: false }
}

/** Between powers of ten; of fewer than two, halves and fifths of them have ticks too. Both ends above zero. */
export function logarithmicAxis(least: number, most: number): ValueAxis {
  const first = Math.floor(Math.log10(least))
  const last = Math.max(Math.ceil(Math.log10(most)), first + 1)
  const every = Math.ceil((last - first) / maxTicks)
  const within = last - first < 2 ? [1, 2, 5] : [1]
  const ticks: number[] = []
  for (let power = first; power <= last; power += every) {
    for (const digit of within)
      if (power < last || digit === 1) ticks.push(Number((digit * 10 ** power).toPrecision(12)))
  }
  return { from: 10 ** first, to: 10 ** last, ticks, logarithmic: true }
}

/** 0 at the axis' lower end, 1 at its upper. */
export function placeOn({ from, to, logarithmic }: ValueAxis, value: number): number {
  if (!logarithmic) return (value - from) / (to - from)
  return Math.log(value / from) / Math.log(to / from)
}
