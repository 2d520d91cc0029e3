/** Thresholds as people write them: `5s`, `5%`, `$50`, `85°C`. */
import { z } from 'zod'
import { durationMs } from '../records/duration.ts'
import type { Unit } from './rule.ts'

export const writtenThreshold = z.union([z.string(), z.number()], 'expected a number or a text')

/** Parses to a number in the unit: milliseconds, a ratio from 0 to 1, dollars per hour, degrees, or as it stands. */
export function thresholdSchema(unit: Unit) {
  const { expected, parse } = readers[unit]
  return writtenThreshold.transform((written, context) => {
    const value = parse(String(written).trim())
    if (value !== null && Number.isFinite(value)) return value
    context.addIssue({ code: 'custom', message: `expected ${expected}; found ${JSON.stringify(written)}` })
    return z.NEVER
  })
}

const readers: Record<Unit, { expected: string; parse: (text: string) => number | null }> = {
  ms: {
    expected: 'a duration such as 800ms, 5s or 1m',
    parse(text) {
      const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
      return match ? Number(match[1]) * durationMs(`1${match[2]}`) : null
    },
  },
  ratio: {
    expected: 'a percentage such as 5%, or a ratio from 0 to 1',
    parse(text) {
      const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)
      if (percent) return Number(percent[1]) / 100
      const ratio = number(text)
      return ratio !== null && ratio >= 0 && ratio <= 1 ? ratio : null
    },
  },
  usd_per_hour: {
    expected: 'dollars per hour, such as $50 or 50',
    parse: (text) => number(/^\$?\s*(.+?)(?:\s*\/\s*h)?$/.exec(text)?.[1] ?? ''),
  },
  celsius: {
    expected: 'degrees Celsius, such as 85°C or 85',
    parse: (text) => number(text.replace(/\s*°?C$/i, '')),
  },
  watts: {
    expected: 'watts, such as 650W or 650',
    parse: (text) => number(text.replace(/\s*W$/i, '')),
  },
  per_second: {
    expected: 'a number per second, such as 20/s or 20',
    parse: (text) => number(text.replace(/\s*\/\s*s$/, '')),
  },
  per_minute: {
    expected: 'a number per minute, such as 10/min or 10',
    parse: (text) => number(text.replace(/\s*\/\s*m(in)?$/, '')),
  },
  number: { expected: 'a number', parse: number },
}

function number(text: string): number | null {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : null
}
