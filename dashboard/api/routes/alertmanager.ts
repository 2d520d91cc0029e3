/**
 * The parts of Alertmanager's API (v2) that other programs call: Prometheus sends alerts here, `amtool`, Grafana and scripts show
 * groups and manage silences. Shapes and words are Alertmanager's, hence the camelCase.
 */
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { allHold, MatcherError, parseMatchers } from '../../../alerts/routing/matcher.ts'
import { postedAlerts } from '../../../alerts/routing/received-alert.ts'
import { SilenceError, type SilenceInput } from '../../../alerts/routing/silence.ts'
import type { SilenceStatus } from '../../../alerts/routing/silences.ts'
import type { GroupMember, GroupStatus } from '../../../alerts/routing/group-status.ts'
import type { RouteContext } from '../context.ts'
import { routingOf, unavailable, whenStored } from './alert-groups.ts'

const maxBodyBytes = 16 * 1024 * 1024

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const postedSilence = z.object({
  id: z.string().optional(),
  matchers: z.array(
    z.object({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean().default(true) }),
  ),
  startsAt: time,
  endsAt: time,
  createdBy: z.string(),
  comment: z.string(),
})

export function alertmanagerRoute({ deps, now }: RouteContext) {
  const started = now()
  const limited = bodyLimit({
    maxSize: maxBodyBytes,
    onError: (c) => refused(c, `more than ${maxBodyBytes} bytes`, 413),
  })
  return new Hono()
    .use('/api/v2/silences', whenStored(deps))
    .use('/api/v2/silence/*', whenStored(deps))
    .get('/-/healthy', (c) => c.text('OK'))
    .get('/-/ready', (c) => c.text('OK'))
    .get('/api/v2/status', (c) =>
      c.json({
        cluster: { name: '', peers: [], status: 'disabled' },
        config: { original: '' },
        uptime: new Date(started).toISOString(),
        versionInfo: {
          branch: '',
          buildDate: '',
          buildUser: '',
          goVersion: '',
          revision: '',
          version: `inferwatch ${deps.version}`,
        },
      }),
    )
    .get('/api/v2/alerts', (c) =>
      refusable(c, () => {
        const matchers = filterOf(c)
        const wanted = ({ labels, status }: GettableAlert) => allHold(matchers, labels) && isAskedFor(c, status)
        return c.json(alertsOf(routingOf(deps).groups()).filter(wanted))
      }),
    )
    .get('/api/v2/alerts/groups', (c) =>
      refusable(c, () => {
        const matchers = filterOf(c)
        const wanted = ({ labels, status }: GettableAlert) => allHold(matchers, labels) && isAskedFor(c, status)
        const groups = routingOf(deps)
          .groups()
          .map((group) => gettableGroup(group, wanted))
        return c.json(groups.filter(({ alerts }) => alerts.length > 0))
      }),
    )
    .get('/api/v2/receivers', (c) => {
      const names = new Set(deps.alerts.channels().map(({ receiver }) => receiver))
      return c.json([...names].map((name) => ({ name })))
    })
    .post('/api/v2/alerts', limited, async (c) => {
      const posted = postedAlerts.safeParse(await c.req.json<unknown>().catch(() => null))
      if (!posted.success) return refused(c, issueOf(posted.error))
      const { problems } = await routingOf(deps).receive(posted.data).catch(unavailable)
      return problems.length > 0 ? refused(c, problems.join('; ')) : c.body(null, 200)
    })
    .get('/api/v2/silences', (c) =>
      refusable(c, () => {
        const matchers = filterOf(c)
        // A filter names what a silence says of a label, as in Alertmanager.
        const says = (silence: SilenceStatus) =>
          Object.fromEntries(silence.matchers.map(({ name, value }) => [name, value] as const))
        const found = routingOf(deps).silences()
        return c.json(found.filter((silence) => allHold(matchers, says(silence))).map(gettableSilence))
      }),
    )
    .post('/api/v2/silences', limited, async (c) => {
      const posted = postedSilence.safeParse(await c.req.json<unknown>().catch(() => null))
      if (!posted.success) return refused(c, issueOf(posted.error))
      return refusable(c, () => c.json({ silenceID: routingOf(deps).setSilence(silenceOf(posted.data)).id }))
    })
    .get('/api/v2/silence/:id', (c) => {
      const silence = routingOf(deps).silence(c.req.param('id'))
      return silence ? c.json(gettableSilence(silence)) : c.body(null, 404)
    })
    .delete('/api/v2/silence/:id', (c) =>
      refusable(c, () => {
        routingOf(deps).expireSilence(c.req.param('id'), 'Alertmanager API')
        return c.body(null, 200)
      }),
    )
}

/** `filter=severity="page"`, any number of times. Throws MatcherError. */
const filterOf = (c: Context) => (c.req.queries('filter') ?? []).flatMap(parseMatchers)

/** `active`, `silenced` and `inhibited` are asked for unless they are `false`. */
function isAskedFor(c: Context, { state, silencedBy, inhibitedBy }: GettableAlert['status']): boolean {
  const without = (kind: string) => c.req.query(kind) === 'false'
  if (state === 'active') return !without('active')
  return !(silencedBy.length > 0 && without('silenced')) && !(inhibitedBy.length > 0 && without('inhibited'))
}

const refused = (c: Context, message: string, status: 400 | 404 | 413 = 400) => c.json(message, status)

function issueOf({ issues }: z.ZodError): string {
  const { path = [], message = 'not understood' } = issues[0] ?? {}
  return path.length > 0 ? `${path.join('.')}: ${message}` : message
}

function refusable(c: Context, change: () => Response): Response {
  try {
    return change()
  } catch (error) {
    if (error instanceof SilenceError)
      return refused(c, `${error.field}: ${error.message}`, error.field === 'id' ? 404 : 400)
    if (error instanceof z.ZodError) return refused(c, issueOf(error))
    if (error instanceof MatcherError) return refused(c, error.message)
    throw error
  }
}

function silenceOf({
  id,
  matchers,
  startsAt,
  endsAt,
  createdBy,
  comment,
}: z.output<typeof postedSilence>): SilenceInput {
  return {
    ...(id ? { id } : {}),
    matchers: matchers.map(({ name, value, isRegex, isEqual }) => ({
      name,
      value,
      is_regex: isRegex,
      is_equal: isEqual,
    })),
    starts_at: startsAt,
    ends_at: endsAt,
    created_by: createdBy,
    comment,
  }
}

function gettableSilence(silence: SilenceStatus) {
  return {
    id: silence.id,
    status: { state: silence.state },
    matchers: silence.matchers.map(({ name, value, is_regex, is_equal }) => ({
      name,
      value,
      isRegex: is_regex,
      isEqual: is_equal,
    })),
    startsAt: new Date(silence.starts_at).toISOString(),
    endsAt: new Date(silence.ends_at).toISOString(),
    updatedAt: new Date(silence.updated_at).toISOString(),
    createdBy: silence.created_by,
    comment: silence.comment,
  }
}

/** Those of its firing alerts that are asked for. */
function gettableGroup({ labels, receiver, alerts }: GroupStatus, wanted: (alert: GettableAlert) => boolean) {
  const firing = alerts.filter(({ ends_at }) => ends_at === null)
  const shown = firing.map((alert) => gettableAlert(alert, [receiver])).filter(wanted)
  return { labels, receiver: { name: receiver }, alerts: shown }
}

/** Every firing alert once, with the receivers of all of its groups. */
function alertsOf(groups: readonly GroupStatus[]) {
  const members = groups.flatMap(({ receiver, alerts }) => alerts.map((alert) => ({ receiver, alert })))
  const firing = members.filter(({ alert }) => alert.ends_at === null)
  return [...Map.groupBy(firing, ({ alert }) => alert.fingerprint).values()].flatMap((same) => {
    const [first] = same
    return first ? [gettableAlert(first.alert, [...new Set(same.map(({ receiver }) => receiver))])] : []
  })
}

type GettableAlert = ReturnType<typeof gettableAlert>

function gettableAlert(alert: GroupMember, receivers: string[]) {
  const silencedBy = alert.muted_by.flatMap((reason) => (reason.kind === 'silenced' ? [reason.silence_id] : []))
  const inhibitedBy = alert.muted_by.flatMap((reason) => (reason.kind === 'inhibited' ? [reason.fingerprint] : []))
  const startsAt = new Date(alert.starts_at).toISOString()
  return {
    annotations: alert.annotations,
    labels: alert.labels,
    fingerprint: alert.fingerprint,
    startsAt,
    updatedAt: startsAt,
    // As Alertmanager has it of alerts that nobody gave an end: far enough for what comes next.
    endsAt: new Date(alert.expires_at ?? alert.starts_at + 365 * 86_400_000).toISOString(),
    generatorURL: alert.generator_url ?? '',
    receivers: receivers.map((name) => ({ name })),
    status: { state: alert.muted_by.length > 0 ? 'suppressed' : 'active', silencedBy, inhibitedBy },
  }
}
