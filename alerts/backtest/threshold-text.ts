/** Values in the unit of a rule, as people read them and as rule files say them. Pure. */
import type { Threshold, Unit } from '../rule.ts'
import { renderTemplate } from '../template.ts'

const filters: Partial<Record<Unit, string>> = { ms: 'duration', ratio: 'percent', usd_per_hour: 'usd' }

/** `7.2 s`, `4.5%`, `$52.00`. */
export function valueText(value: number, unit: Unit): string {
  return renderTemplate(`{{ value | ${filters[unit] ?? 'number'} }}`, { labels: {}, value, threshold: null })
}

/** What stands after `above:`. Null when a rule file has no way to say it, as of a negative duration. */
export function thresholdText(value: number, unit: Unit): string | null {
  if (unit === 'ms') return value >= 0 ? `${plain(value)}ms` : null
  if (unit === 'ratio') return value >= 0 && value <= 1 ? `${plain(Number((value * 100).toPrecision(12)))}%` : null
  if (unit === 'usd_per_hour') return value >= 0 ? `$${plain(value)}` : null
  return String(value)
}

/** Without an exponent, which durations don't know. */
function plain(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text
}

/** To two significant digits, so that the value is not beyond it: up for `above`, down for `below`. */
export function rounded(value: number, side: Threshold['side']): number {
  if (value === 0) return 0
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1)
  const nearest = Number(value.toPrecision(2))
  if (side === 'above' ? nearest >= value : nearest <= value) return nearest
  return Number((nearest + (side === 'above' ? unit : -unit)).toPrecision(2))
}
