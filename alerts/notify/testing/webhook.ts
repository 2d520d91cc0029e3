/** A receiver of Alertmanager's webhook, version 4, as strict as one can be; it checks signatures, and takes no message twice. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { parseJson, startStandIn, type StandIn, type StandInRequest } from './server.ts'

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
  /** For `secret:`; an unsigned message is taken as well, a wrongly signed one is not. */
  secret: string
  messages: WebhookMessage[]
}

const key = 'c3RhbmQtaW4tc2VjcmV0LWtleQ=='
const path = '/hooks/t0k3n-t0k3n-t0k3n'

export async function webhookStandIn(port = 0): Promise<WebhookStandIn> {
  const problems: string[] = []
  const messages: WebhookMessage[] = []
  const seen = new Set<string>()
  const server = await startStandIn(
    (request) => {
      const parsed = message.safeParse(parseJson(request.body))
      if (!parsed.success || request.path !== path || request.method !== 'POST') {
        problems.push(parsed.success ? `${request.method} ${request.path}` : z.prettifyError(parsed.error))
        return { status: 400, body: 'bad request' }
      }
      if (!isSigned(request)) {
        problems.push('wrong signature')
        return { status: 401, body: 'wrong signature' }
      }
      const id = request.headers['webhook-id']
      if (id === undefined || !seen.has(String(id))) messages.push(parsed.data)
      seen.add(String(id))
      return { status: 204 }
    },
    problems,
    port,
  )
  return Object.assign(server, { hookUrl: `${server.url}${path}`, secret: `whsec_${key}`, messages })
}

/** As Standard Webhooks says; several signatures may stand in the header. */
function isSigned({ headers, body }: StandInRequest): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (signatures === undefined) return true
  const signed = [id, timestamp, body].join('.')
  const digest = createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest()
  return String(signatures)
    .split(' ')
    .some((signature) => {
      const found = Buffer.from(signature.replace(/^v1,/, ''), 'base64')
      return found.length === digest.length && timingSafeEqual(found, digest)
    })
}
