/** A receiver of Alertmanager's webhook, version 4, as strict as one can be. */
import { z } from 'zod'
import { parseJson, startStandIn, type StandIn } from './server.ts'

const labels = z.record(z.string(), z.string())
const time = z.iso.datetime({ offset: true })
const status = z.enum(['firing', 'resolved'])

const message = z.strictObject({
  version: z.literal('4'),
  groupKey: z.string().regex(/^\{\}(\/\{.*\})*:\{.*\}$/),
  truncatedAlerts: z.int().nonnegative(),
  status,
  receiver: z.string().min(1),
  groupLabels: labels,
  commonLabels: labels,
  commonAnnotations: labels,
  externalURL: z.string(),
  alerts: z
    .array(
      z.strictObject({
        status,
        labels: labels.refine((set) => 'alertname' in set, 'no alertname'),
        annotations: labels,
        startsAt: time,
        endsAt: time,
        generatorURL: z.string(),
        fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
      }),
    )
    .min(1),
})
export type WebhookMessage = z.infer<typeof message>

export interface WebhookStandIn extends StandIn {
  hookUrl: string
  messages: WebhookMessage[]
}

const path = '/hooks/t0k3n-t0k3n-t0k3n'

export async function webhookStandIn(port = 0): Promise<WebhookStandIn> {
  const problems: string[] = []
  const messages: WebhookMessage[] = []
  const server = await startStandIn(
    (request) => {
      const parsed = message.safeParse(parseJson(request.body))
      if (!parsed.success || request.path !== path || request.method !== 'POST') {
        problems.push(parsed.success ? `${request.method} ${request.path}` : z.prettifyError(parsed.error))
        return { status: 400, body: 'bad request' }
      }
      messages.push(parsed.data)
      return { status: 204 }
    },
    problems,
    port,
  )
  return Object.assign(server, { hookUrl: `${server.url}${path}`, messages })
}
