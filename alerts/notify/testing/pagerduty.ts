/** PagerDuty's Events API v2: judges every event, and keeps incidents as PagerDuty does. */
import { z } from 'zod'
import { parseJson, startStandIn, type StandIn, type StandInRequest } from './server.ts'

export interface Incident {
  dedup_key: string
  status: 'triggered' | 'acknowledged' | 'resolved'
  severity: string
  summary: string
  /** A trigger of an open incident adds a line to it. */
  triggers: number
}

export interface PagerdutyStandIn extends StandIn {
  /** For `url:` of the channel. */
  enqueueUrl: string
  routingKey: string
  /** In the order in which they were opened. */
  incidents: Incident[]
  /** Summaries of change events. */
  changes: string[]
  /** Resolves of keys without an open incident: PagerDuty takes and drops them. */
  dropped: string[]
}

const largestEventBytes = 512 * 1024
const routingKey = 'R0STANDIN0123456789ABCDEF0123456'

const keys = { routing_key: z.string().length(32), dedup_key: z.string().min(1).max(255) }
const link = z.strictObject({ href: z.url({ protocol: /^https?$/ }), text: z.string().optional() })
const event = z.discriminatedUnion('event_action', [
  z.strictObject({
    ...keys,
    dedup_key: keys.dedup_key.optional(),
    event_action: z.literal('trigger'),
    client: z.string().optional(),
    client_url: z.url().optional(),
    links: z.array(link).optional(),
    images: z
      .array(z.strictObject({ src: z.url({ protocol: /^https$/ }), href: z.string(), alt: z.string() }))
      .optional(),
    payload: z.strictObject({
      summary: z
        .string()
        .min(1)
        .refine((text) => Array.from(text).length <= 1024, 'longer than 1024'),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime({ offset: true }).optional(),
      component: z.string().min(1).optional(),
      group: z.string().min(1).optional(),
      class: z.string().min(1).optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
  z.strictObject({ ...keys, event_action: z.literal('resolve') }),
  z.strictObject({ ...keys, event_action: z.literal('acknowledge') }),
])

const change = z.strictObject({
  routing_key: keys.routing_key,
  payload: z.strictObject({
    summary: z.string().min(1).max(1024),
    source: z.string().optional(),
    timestamp: z.iso.datetime({ offset: true }).optional(),
    custom_details: z.record(z.string(), z.unknown()).optional(),
  }),
  links: z.array(link).optional(),
})

export async function pagerdutyStandIn(port = 0): Promise<PagerdutyStandIn> {
  const problems: string[] = []
  const incidents: Incident[] = []
  const dropped: string[] = []
  const changes: string[] = []
  const answer = (request: StandInRequest) => {
    if (request.path === '/v2/change/enqueue') {
      const parsed = change.safeParse(parseJson(request.body))
      if (!parsed.success) {
        problems.push(z.prettifyError(parsed.error))
        return json(400, { status: 'invalid event', message: 'Change event is invalid', errors: problems })
      }
      changes.push(parsed.data.payload.summary)
      return json(202, { status: 'success', message: 'Change event processed' })
    }
    const parsed = event.safeParse(parseJson(request.body))
    const errors = [
      ...(request.path === '/v2/enqueue' && request.method === 'POST' ? [] : [`${request.method} ${request.path}`]),
      ...(Buffer.byteLength(request.body) > largestEventBytes ? ['Event is larger than 512 KB'] : []),
      ...(parsed.success ? [] : [z.prettifyError(parsed.error)]),
      ...(parsed.success && parsed.data.routing_key !== routingKey ? ['Invalid routing key'] : []),
    ]
    if (!parsed.success || errors.length > 0) {
      problems.push(...errors)
      return json(400, { status: 'invalid event', message: 'Event object is invalid', errors })
    }
    const dedup_key = parsed.data.dedup_key ?? `generated-${incidents.length}`
    record(parsed.data, dedup_key, incidents, dropped)
    return json(202, { status: 'success', message: 'Event processed', dedup_key })
  }
  const server = await startStandIn(answer, problems, port)
  return Object.assign(server, { enqueueUrl: `${server.url}/v2/enqueue`, routingKey, incidents, dropped, changes })
}

function record(sent: z.infer<typeof event>, dedup_key: string, incidents: Incident[], dropped: string[]): void {
  const open = incidents.find((incident) => incident.dedup_key === dedup_key && incident.status !== 'resolved')
  if (sent.event_action === 'trigger') {
    const { severity, summary } = sent.payload
    if (open) open.triggers++
    else incidents.push({ dedup_key, status: 'triggered', severity, summary, triggers: 1 })
  }
  if (sent.event_action === 'acknowledge' && open) open.status = 'acknowledged'
  if (sent.event_action === 'resolve') {
    if (open) open.status = 'resolved'
    else dropped.push(dedup_key)
  }
}

/** As PagerDuty answers more events than a key may send. */
export function pagerdutyRateLimited(retryAfter: string) {
  return {
    ...json(429, { status: 'throttle exceeded', message: 'Too many requests' }),
    headers: { 'retry-after': retryAfter },
  }
}

function json(status: number, body: object) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
