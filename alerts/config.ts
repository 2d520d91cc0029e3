/** `alerts:` of the configuration file: where rules are and who is told. */
import { z } from 'zod'
import { durationPattern } from '../records/duration.ts'
import { channelConfig } from './notify/index.ts'
import { templatesConfig } from './notify/templates.ts'

export const duration = z.string().regex(durationPattern, 'expected a duration such as 30s, 5m, 2h or 1d')

const longerThanZero = duration.refine((text) => !/^0+\D/.test(text), 'expected more than 0s')

const receiverConfig = z.strictObject({
  name: z.string().min(1).describe('What `route.receiver` calls it'),
  notify: z.array(channelConfig).min(1).describe('Every one of these channels is told'),
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
    templates: templatesConfig.default({}).describe('Texts of messages, in place of the built-in ones'),
  })
  .superRefine(({ receivers, route }, context) => {
    const names = receivers.map((receiver) => receiver.name)
    for (const [index, name] of names.entries())
      if (names.indexOf(name) !== index)
        context.addIssue({ code: 'custom', path: ['receivers', index, 'name'], message: `"${name}" is used twice` })
    if (route.receiver !== undefined && !names.includes(route.receiver))
      context.addIssue({
        code: 'custom',
        path: ['route', 'receiver'],
        message: `"${route.receiver}" is no receiver; expected one of: ${names.join(', ') || 'none is configured'}`,
      })
  })

export type AlertsConfig = z.infer<typeof alertsConfig>
export type AlertReceiver = AlertsConfig['receivers'][number]
export type Route = AlertsConfig['route']

/** The receiver that the route names, the first one unless it names any; null when there is none. */
export function routedReceiver(config: AlertsConfig): AlertReceiver | null {
  const { receivers, route } = config
  return receivers.find(({ name }) => name === (route.receiver ?? name)) ?? null
}
