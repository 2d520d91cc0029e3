/** `alerts:` of the configuration file: where rules are and who is told. */
import { z } from 'zod'
import { durationPattern } from '../records/duration.ts'
import { channelConfig } from './notify/index.ts'

export const duration = z.string().regex(durationPattern, 'expected a duration such as 30s, 5m, 2h or 1d')

const longerThanZero = duration.refine((text) => !/^0+\D/.test(text), 'expected more than 0s')

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

const receiverConfig = z
  .strictObject({
    name: z.string().min(1).describe('What `route.receiver` calls it'),
    notify: z.array(channelConfig).default([]).describe('Every one of these channels is told'),
    heartbeat: heartbeatConfig.optional().describe('A dead-man’s switch outside'),
  })
  .refine(({ notify, heartbeat }) => notify.length > 0 || heartbeat, {
    path: ['notify'],
    message: 'expected a channel or more, or a heartbeat',
  })

const routeConfig = z.strictObject({
  receiver: z.string().optional().describe('Who is told; the first receiver unless said'),
  group_by: z
    .array(z.string().min(1))
    .default(['alertname', 'model'])
    .describe('Alerts with these labels in common share a notification; "..." takes all labels'),
  group_wait: duration.default('30s').describe('How long a new group waits for more alerts'),
  group_interval: longerThanZero.default('5m').describe('Between two notifications of a group that changed'),
  repeat_interval: longerThanZero.default('4h').describe('Until a group that still fires is told again'),
})

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
  })
  .superRefine(({ receivers, route }, context) => {
    const names = receivers.map((receiver) => receiver.name)
    const told = receivers.filter(({ notify }) => notify.length > 0).map(({ name }) => name)
    for (const [index, name] of names.entries())
      if (names.indexOf(name) !== index)
        context.addIssue({ code: 'custom', path: ['receivers', index, 'name'], message: `"${name}" is used twice` })
    if (route.receiver !== undefined && !told.includes(route.receiver))
      context.addIssue({
        code: 'custom',
        path: ['route', 'receiver'],
        message: `"${route.receiver}" is no receiver with channels; expected one of: ${told.join(', ') || 'none is configured'}`,
      })
  })

export type AlertsConfig = z.infer<typeof alertsConfig>
export type AlertReceiver = AlertsConfig['receivers'][number]
export type Route = AlertsConfig['route']

/** The receiver that the route names, the first one unless it names any; null when there is none. */
export function routedReceiver(config: AlertsConfig): AlertReceiver | null {
  const { receivers, route } = config
  return receivers.find(({ name, notify }) => notify.length > 0 && name === (route.receiver ?? name)) ?? null
}
