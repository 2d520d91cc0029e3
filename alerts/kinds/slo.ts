/** An objective of good requests: tells when its error budget burns too fast, in four pairs of windows. */
import { z } from 'zod'
import { alertPresence } from '../../storage/queries/alert-scan.ts'
import { alertBurn, sloIndicators, type SloIndicator, type SloLimits } from '../../storage/queries/slo.ts'
import { burnWindows, calendarPeriodsOfSlos, isPeriod, longestWindowMs, periodOf, type Slo } from '../slo/slo.ts'
import { thresholdSchema } from '../threshold.ts'
import { timeZone } from './budget.ts'
import { defineKind, ownShape, scanShape } from './kind.ts'

const limit = (what: string) => thresholdSchema('ms').optional().describe(`${what} that a good request may take`)

const limitsOf: Record<SloIndicator, readonly (keyof SloLimits)[]> = {
  availability: [],
  latency: ['max_latency'],
  ttft: ['max_ttft'],
  goodput: ['max_latency', 'max_ttft', 'max_tpot'],
}
const limitNames = limitsOf.goodput

export const slo = defineKind({
  name: 'slo',
  unit: 'number',
  threshold: 'none',
  schema: z
    .strictObject({
      ...ownShape(),
      ...scanShape,
      kind: z.literal('slo'),
      objective: thresholdSchema('ratio')
        .refine((ratio) => ratio > 0 && ratio < 1, 'expected more than 0% and less than 100%')
        .describe('Share of requests that are to be good, such as 99.9%'),
      indicator: z
        .enum(sloIndicators)
        .default('availability')
        .describe(
          'What makes a request good: availability: it did not fail; latency, ttft: nor took longer than its limit; goodput: nor exceeded any of several limits',
        ),
      max_latency: limit('Whole duration'),
      max_ttft: limit('Time to first token'),
      max_tpot: limit('Time per output token'),
      period: z
        .string()
        .refine(isPeriod, `expected 3d to 90d, or one of: ${calendarPeriodsOfSlos.join(', ')}`)
        .default('30d')
        .describe('The days before now, or the calendar period, that the objective is for'),
      time_zone: timeZone,
      min_requests: scanShape.min_requests.default(20).describe('Fewer requests in the long window: no result'),
      min_bad: z
        .number()
        .int()
        .nonnegative()
        .default(10)
        .describe('Fewer bad requests in the long window: no result, as a few of little traffic are no trend'),
    })
    .superRefine((rule, context) => {
      const useful = limitsOf[rule.indicator]
      const given = limitNames.filter((name) => rule[name] !== undefined)
      const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
      for (const name of given.filter((known) => !useful.includes(known)))
        issue(name, `expected with another indicator than ${rule.indicator}`)
      if (useful.length > 0 && !given.some((name) => useful.includes(name)))
        issue('indicator', `${rule.indicator} needs ${useful.join(' or ')}`)
    }),
  example: {
    alert: 'ChatAvailability',
    kind: 'slo',
    objective: '99.9%',
    indicator: 'availability',
    where: { endpoint: 'chat' },
    period: '30d',
  },
  windowMs: () => longestWindowMs,
  presence: ({ where }, range) => alertPresence({ where, range }),
  question(rule, _threshold, { to }) {
    const objective = sloOf(rule)
    return alertBurn(objective, objective.objective, burnWindows(periodOf(objective, to)), rule, to)
  },
  slo: sloOf,
})

type SloFields = Omit<Slo, 'limits'> & SloLimits

function sloOf(rule: SloFields): Slo {
  const { objective, indicator, by, where, period, time_zone, min_requests, min_bad } = rule
  const limits = Object.fromEntries(
    limitNames.flatMap((name) => (rule[name] === undefined ? [] : [[name, rule[name]]])),
  ) as SloLimits
  return { objective, indicator, limits, by, where, period, time_zone, min_requests, min_bad }
}
