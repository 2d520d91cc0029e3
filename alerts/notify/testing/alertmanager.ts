/** Alertmanager's `/api/v2/alerts`, as version 0.25 takes it: an array of alerts, recognised by their labels. */
import { z } from 'zod'
import { formatLabels } from '../../labels.ts'
import { parseJson, startStandIn, type StandIn } from './server.ts'

export interface KnownAlert {
  labels: Record<string, string>
  /** Epoch ms. */
  startsAt: number
  endsAt: number
  /** How often it came. */
  posts: number
}

export interface AlertmanagerStandIn extends StandIn {
  /** By their labels and start. */
  alerts: Map<string, KnownAlert>
}

const labelSet = z
  .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string().min(1))
  .refine((labels) => Object.keys(labels).length > 0, 'at least one label pair required')
const post = z.array(
  z.strictObject({
    labels: labelSet,
    annotations: z.record(z.string(), z.string()),
    startsAt: z.iso.datetime({ offset: true }),
    endsAt: z.iso.datetime({ offset: true }),
    generatorURL: z.url().optional(),
  }),
)

export async function alertmanagerStandIn(port = 0): Promise<AlertmanagerStandIn> {
  const problems: string[] = []
  const alerts = new Map<string, KnownAlert>()
  const server = await startStandIn(
    (request) => {
      const parsed = post.safeParse(parseJson(request.body))
      if (!parsed.success || request.path !== '/api/v2/alerts' || request.method !== 'POST') {
        problems.push(parsed.success ? `${request.method} ${request.path}` : z.prettifyError(parsed.error))
        return { status: 400, body: JSON.stringify('bad request') }
      }
      for (const { labels, startsAt, endsAt } of parsed.data) {
        const key = `${formatLabels(labels)} ${startsAt}`
        const known = alerts.get(key)
        const times = { startsAt: Date.parse(startsAt), endsAt: Date.parse(endsAt) }
        alerts.set(key, { labels, ...times, posts: (known?.posts ?? 0) + 1 })
      }
      return { status: 200 }
    },
    problems,
    port,
  )
  return Object.assign(server, { alerts })
}
