/** `alerts:` of the configuration file: where rules are and who is told. */
import { z } from 'zod'
import { channelConfig } from './notify/index.ts'
import { templatesConfig } from './notify/templates.ts'
import {
  duration,
  inhibitRuleConfig,
  longerThanZero,
  namedTimeIntervalConfig,
  routeConfig,
  sourceMatchers,
  unknownNames,
} from './routing/config.ts'

export { duration }

const heartbeatConfig = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .describe(
      'Is pinged for as long as rules are evaluated and notifications get out; raises the alarm when that ends',
    ),
  interval: longerThanZero.default('1m').describe('Between two pings'),
  method: z.enum(['GET', 'POST']).default('GET').describe('How it is pinged'),
})
export type HeartbeatConfig = z.infer<typeof heartbeatConfig>

/** A heartbeat alone tells nobody of alerts. */
const receiverConfig = z.preprocess(
  (receiver) =>
    typeof receiver === 'object' && receiver !== null && 'heartbeat' in receiver
      ? { notify: [], ...receiver }
      : receiver,
  z.strictObject({
    name: z.string().min(1).describe('What `route.receiver` calls it'),
    notify: z
      .array(channelConfig, 'expected channels, [] for nobody, or a heartbeat beside')
      .describe('Every one of these channels is told; with [], nobody is'),
    heartbeat: heartbeatConfig.optional().describe('A dead-man’s switch outside'),
  }),
)

export const alertsConfig = z
  .strictObject({
    rules: z.array(z.string().min(1)).default([]).describe('Rule files: globs relative to the configuration file'),
    shipped_rules: z.boolean().default(true).describe('Whether the rules that come with Inferwatch are on'),
    external_url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Where people reach the dashboard, for links in notifications; listen.dashboard unless said'),
    receivers: z.array(receiverConfig).default([]).describe('Who can be told of alerts'),
    route: routeConfig.prefault({}),
    inhibit_rules: z.array(inhibitRuleConfig).default([]).describe('Which alerts are not told while others fire'),
    time_intervals: z.array(namedTimeIntervalConfig).default([]).describe('Times that routes refer to by name'),
    resolve_timeout: duration
      .default('5m')
      .describe('After which an alert that Prometheus sent without an end is over, unless it is sent again'),
    templates: templatesConfig.default({}).describe('Texts of messages, in place of the built-in ones'),
  })
  .superRefine(({ receivers, route, time_intervals, inhibit_rules }, context) => {
    const told = receivers.filter(({ notify, heartbeat }) => notify.length > 0 || !heartbeat).map(({ name }) => name)
    const names = { receivers: told, intervals: time_intervals.map(({ name }) => name) }
    const twice = (list: string, all: string[]) => {
      for (const [index, name] of all.entries())
        if (all.indexOf(name) !== index)
          context.addIssue({ code: 'custom', path: [list, index, 'name'], message: `"${name}" is used twice` })
    }
    twice(
      'receivers',
      receivers.map(({ name }) => name),
    )
    twice('time_intervals', names.intervals)
    for (const { path, message } of unknownNames(route, names, ['route']))
      context.addIssue({ code: 'custom', path, message })
    for (const [index, rule] of inhibit_rules.entries())
      if (sourceMatchers(rule).length === 0)
        context.addIssue({
          code: 'custom',
          path: ['inhibit_rules', index, 'source_matchers'],
          message: 'expected a matcher: without one, every alert keeps others from being told',
        })
  })

export type AlertsConfig = z.infer<typeof alertsConfig>
export type AlertReceiver = AlertsConfig['receivers'][number]
