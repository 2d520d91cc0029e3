/** What this installation is and does: endpoints, retention, and the configuration in force, with where each value comes from. */
import { Hono } from 'hono'
import { z } from 'zod'
import { endpointUse, type EndpointUse } from '../../../storage/queries/endpoint-use.ts'
import { latestTargets } from '../../../storage/queries/targets.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'
import { endpointSnippet } from '../settings/snippet.ts'
import { warningsOf } from '../settings/warnings.ts'

const question = questionSchema({})
const nothing = z.strictObject({})
const mostUndeclared = 200

export function settingsRoute(context: RouteContext) {
  const { deps, now } = context
  const { settings } = deps
  return new Hono()
    .get('/api/settings/installation', checked(nothing), async (c) => {
      const installation = await settings.installation()
      const config = settings.config()
      const addresses = deps.addresses()
      return c.json({
        ...installation,
        version: deps.version,
        now: now(),
        lease: deps.alerts.lease(),
        addresses,
        config,
        warnings: warningsOf(installation, config, { ...addresses }),
      })
    })
    .get('/api/settings/endpoints', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => {
          const [{ from, to, source, endpoints }, targets] = await Promise.all([
            endpointUse(db, range),
            latestTargets(db, range),
          ])
          return { from, to, source, ...compared(endpoints, settings.declared(), targets) }
        }),
      ),
    )
    .get('/api/settings/retention', checked(nothing), async (c) => {
      const tables = await settings.tables()
      const { settings: values } = settings.config()
      const keys = values.filter(({ path }) => path.startsWith('retention.'))
      return c.json({ now: now(), tables, keys })
    })
}

type Target = Awaited<ReturnType<typeof latestTargets>>[number]
type Declared = ReturnType<RouteContext['deps']['settings']['declared']>

/** What the file declares beside what was seen of it, and what was seen that it does not declare. */
function compared(used: readonly EndpointUse[], declared: Declared, targets: readonly Target[]) {
  const names = new Set(declared.endpoints.map(({ name }) => name))
  const undeclared = used.filter(({ endpoint }) => !names.has(endpoint))
  const environments = Map.groupBy(
    used.flatMap((use) => use.environments.map((environment) => ({ environment, endpoint: use.endpoint }))),
    ({ environment }) => environment,
  )
  return {
    endpoints: declared.endpoints.map((endpoint) => ({
      ...endpoint,
      use: used.find((use) => use.endpoint === endpoint.name) ?? null,
      targets: targets.filter((target) => target.endpoint === endpoint.name).length,
    })),
    targets: declared.targets.map((target) => {
      const seen = targets.find(({ url }) => plain(url) === target.url)
      return { ...target, state: seen?.state ?? null, error: seen?.error ?? '', last_ms: seen?.timestamp_ms ?? null }
    }),
    undeclared: undeclared.slice(0, mostUndeclared).map((use) => Object.assign(use, { snippet: endpointSnippet(use) })),
    more_undeclared: Math.max(0, undeclared.length - mostUndeclared),
    environments: [...environments].map(([environment, rows]) => ({
      environment,
      endpoints: rows.map(({ endpoint }) => endpoint),
    })),
  }
}

/** As declared targets are told: without what may be a secret. */
const plain = (url: string) => url.replace(/[?#].*$/s, '?…')
