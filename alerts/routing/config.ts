/** What `alerts:` says of routing: the tree, inhibition, time intervals. Alertmanager's keys, so that its files can be taken over. */
import { z } from 'zod'
import { durationPattern } from '../../records/duration.ts'
import { text } from '../texts.ts'
import { MatcherError, newMatcher, parseMatchers, sortMatchers, type Matcher } from './matcher.ts'
import { timeIntervalConfig } from './time-interval.ts'

const aDuration = 'expected a duration such as 30s, 5m, 2h or 1d'

export const duration = z.string(aDuration).regex(durationPattern, aDuration)

export const longerThanZero = duration.refine((text) => !/^0+\D/.test(text), 'expected more than 0s')

/** Adds an issue for what `parse` throws. */
function parsable<T>(parse: (value: T) => unknown) {
  return (value: T, context: z.RefinementCtx) => {
    try {
      parse(value)
    } catch (error) {
      if (!(error instanceof MatcherError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
    }
  }
}

const matcherText = z.string().superRefine(parsable(parseMatchers))

/** `severity="page"`, or a list of such texts. */
const matcherTexts = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(matcherText).default([]),
)

/** Label names with the one value, or the expression, that each has to have. */
const equalities = z.record(z.string().min(1), text).default({})
const expressions = z
  .record(z.string().min(1), text.superRefine(parsable((value: string) => newMatcher('x', '=~', value))))
  .default({})

const nodeShape = {
  matchers: matcherTexts.describe('Alerts for which all of these hold: severity="page", team!=infra, model=~"gpt-.*"'),
  match: equalities.describe('The same as a map of label and value'),
  match_re: expressions.describe('The same as a map of label and regular expression'),
  continue: z.boolean().default(false).describe('Whether the routes after this one are asked too'),
  mute_time_intervals: z.array(z.string()).default([]).describe('Names of time intervals in which nobody is told'),
  active_time_intervals: z
    .array(z.string())
    .default([])
    .describe('Names of the only time intervals in which somebody is told'),
}

const receiver = z.string()
const groupBy = z.array(z.string().min(1))

const childFields = {
  receiver: receiver.optional().describe('Who is told'),
  group_by: groupBy.optional().describe('Alerts with these labels in common share a notification'),
  group_wait: duration.optional(),
  group_interval: longerThanZero.optional(),
  repeat_interval: longerThanZero.optional(),
  ...nodeShape,
}

/** A route below the root: what it leaves out is as in the route above it. */
export interface ChildRouteConfig extends z.infer<z.ZodObject<typeof childFields>> {
  routes: ChildRouteConfig[]
}

const childRouteConfig: z.ZodType<ChildRouteConfig> = z.strictObject({
  ...childFields,
  get routes() {
    return z.array(childRouteConfig).default([])
  },
})

export const routeConfig = z
  .strictObject({
    receiver: receiver.optional().describe('Who is told; the first receiver unless said'),
    group_by: groupBy
      .default(['alertname', 'model'])
      .describe('Alerts with these labels in common share a notification; "..." takes all labels'),
    // All rules of an interval are evaluated at the same moments: what began together is known within seconds.
    group_wait: duration.default('5s').describe('How long a new group waits for more alerts'),
    group_interval: longerThanZero.default('5m').describe('Between two notifications of a group that changed'),
    repeat_interval: longerThanZero.default('4h').describe('Until a group that still fires is told again'),
    ...nodeShape,
    routes: z.array(childRouteConfig).default([]).describe('Asked in turn; the first that matches takes an alert'),
  })
  .superRefine((route, context) => {
    if (matchersOf(route).length > 0)
      context.addIssue({
        code: 'custom',
        path: ['matchers'],
        message: 'the root takes every alert; expected none here',
      })
    if (route.continue)
      context.addIssue({ code: 'custom', path: ['continue'], message: 'nothing comes after the root' })
    for (const key of ['mute_time_intervals', 'active_time_intervals'] as const)
      if (route[key].length > 0)
        context.addIssue({ code: 'custom', path: [key], message: 'expected it on a route below the root' })
  })

export const inhibitRuleConfig = z.strictObject({
  source_matchers: matcherTexts.describe('A firing alert for which these hold …'),
  source_match: equalities,
  source_match_re: expressions,
  target_matchers: matcherTexts.describe('… keeps those for which these hold from being told'),
  target_match: equalities,
  target_match_re: expressions,
  equal: z.array(z.string().min(1)).default([]).describe('Labels that both must have with the same value'),
})

export const namedTimeIntervalConfig = z.strictObject({
  name: z.string().min(1),
  time_intervals: z.array(timeIntervalConfig).min(1),
})

export type RootRouteConfig = z.infer<typeof routeConfig>
export type InhibitRuleConfig = z.infer<typeof inhibitRuleConfig>
export type NamedTimeInterval = z.infer<typeof namedTimeIntervalConfig>

/** In the order in which Alertmanager writes them. The configuration was checked: nothing throws. */
export function matchersOf(node: {
  matchers: readonly string[]
  match: Record<string, string>
  match_re: Record<string, string>
}): Matcher[] {
  return sortMatchers([
    ...Object.entries(node.match).map(([name, value]) => newMatcher(name, '=', value)),
    // Alertmanager writes these with their anchors.
    ...Object.entries(node.match_re).map(([name, value]) =>
      Object.assign(newMatcher(name, '=~', value), { value: `^(?:${value})$` }),
    ),
    ...node.matchers.flatMap(parseMatchers),
  ])
}

export const sourceMatchers = (rule: InhibitRuleConfig): Matcher[] =>
  matchersOf({ matchers: rule.source_matchers, match: rule.source_match, match_re: rule.source_match_re })

/** None: any alert may be kept from being told. */
export const targetMatchers = (rule: InhibitRuleConfig): Matcher[] =>
  matchersOf({ matchers: rule.target_matchers, match: rule.target_match, match_re: rule.target_match_re })

/** Names of receivers and time intervals that the tree says and nothing defines, each with its path in the tree. */
export function unknownNames(
  route: RootRouteConfig | ChildRouteConfig,
  known: { receivers: readonly string[]; intervals: readonly string[] },
  path: (string | number)[] = [],
): { path: (string | number)[]; message: string }[] {
  const complain = (key: string, name: string, what: string, names: readonly string[]) => ({
    path: [...path, key],
    message: `"${name}" is no ${what}; expected one of: ${names.join(', ') || 'none is configured'}`,
  })
  const { receiver } = route
  return [
    ...(receiver === undefined || known.receivers.includes(receiver)
      ? []
      : [complain('receiver', receiver, 'receiver', known.receivers)]),
    ...(['mute_time_intervals', 'active_time_intervals'] as const).flatMap((key) =>
      route[key]
        .filter((name) => !known.intervals.includes(name))
        .map((name) => complain(key, name, 'time interval', known.intervals)),
    ),
    ...route.routes.flatMap((child, index) => unknownNames(child, known, [...path, 'routes', index])),
  ]
}
