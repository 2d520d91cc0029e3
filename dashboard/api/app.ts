/** The dashboard's HTTP API. Its type is all that the web app knows of the server. */
import { Hono, type Context } from 'hono'
import { createAsk } from './answer.ts'
import { authorise, sessionRoute } from './auth.ts'
import type { RouteContext } from './context.ts'
import type { DashboardDeps } from './deps.ts'
import { answerError, ApiError } from './errors.ts'
import { createLive, type Live } from './live.ts'
import { alertChartRoute } from './routes/alert-chart.ts'
import { alertGroupsRoute } from './routes/alert-groups.ts'
import { alertmanagerRoute } from './routes/alertmanager.ts'
import { alertsRoute } from './routes/alerts.ts'
import { annotationsRoute, isAnnotating } from './routes/annotations.ts'
import { backtestRoute } from './routes/backtest.ts'
import { changesRoute } from './routes/changes.ts'
import { costRoute } from './routes/cost.ts'
import { demoRoute } from './routes/demo.ts'
import { filtersRoute } from './routes/filters.ts'
import { fleetRoute } from './routes/fleet.ts'
import { ingestRoute } from './routes/ingest.ts'
import { liveRoute } from './routes/live.ts'
import { overviewRoute } from './routes/overview.ts'
import { peopleRoute } from './routes/people.ts'
import { metricsRoute, probeRoute } from './routes/process.ts'
import { requestExplorerRoute } from './routes/request-explorer.ts'
import { requestExportRoute } from './routes/request-export.ts'
import { requestsRoute } from './routes/requests.ts'
import { savedQueriesRoute } from './routes/saved-queries.ts'
import { savedViewsRoute } from './routes/saved-views.ts'
import { seriesRoute } from './routes/series.ts'
import { serversRoute } from './routes/servers.ts'
import { settingsRoute } from './routes/settings.ts'
import { settingsKeysRoute } from './routes/settings-keys.ts'
import { settingsPricesRoute } from './routes/settings-prices.ts'
import { slosRoute } from './routes/slos.ts'
import { spendRoute } from './routes/spend.ts'
import { sqlRoute } from './routes/sql.ts'
import { silencesRoute } from './routes/silences.ts'
import { statusRoute } from './routes/status.ts'
import { timelineRoute } from './routes/timeline.ts'
import { tracesRoute } from './routes/traces.ts'
import { trafficRoute } from './routes/traffic.ts'
import { uptimeRoute } from './routes/uptime.ts'
import { headers, limitBodies, ownSiteOnly, refuseCrossSite, refuseRebinding } from './security.ts'
import { traceRequest } from './trace-request.ts'

export interface AppOptions {
  now?: () => number
  live?: Live
}

/** Routes only: static files and the listening socket are server.ts. */
export function createApp(deps: DashboardDeps, { now = Date.now, live = createLive(deps.db) }: AppOptions = {}) {
  const context: RouteContext = { deps, now, ask: createAsk(deps.db, { now }) }
  const keys = deps.config.api_keys
  const app = new Hono()
  app.onError(answerError(deps.log))
  app.use(
    headers,
    ownSiteOnly,
    refuseRebinding(() => deps.addresses().dashboard),
    refuseCrossSite,
    limitBodies,
  )
  app.route('/', probeRoute(context)).route('/', sessionRoute(keys))
  app.use('/api/*', traceRequest)
  // Before keys are asked for: chat programs fetch the charts of their messages.
  app.route('/', alertChartRoute(context))
  // A pipeline that deploys has a key to send with, and none to look with.
  const alsoFor = (c: Context) => (isAnnotating(c) ? deps.ingestKeys() : [])
  app.use('/api/*', authorise(keys, alsoFor)).use('/metrics', authorise(keys))
  app.route('/', metricsRoute(context))
  const api = app
    .route('/', overviewRoute(context))
    .route('/', seriesRoute(context))
    .route('/', trafficRoute(context))
    .route('/', fleetRoute(context))
    .route('/', serversRoute(context))
    .route('/', changesRoute(context))
    .route('/', annotationsRoute(context))
    .route('/', costRoute(context))
    .route('/', spendRoute(context))
    .route('/', requestsRoute(context))
    .route('/', requestExplorerRoute(context))
    .route('/', savedViewsRoute(context))
    .route('/', tracesRoute(context))
    .route('/', peopleRoute(context))
    .route('/', alertsRoute(context))
    .route('/', slosRoute(context))
    .route('/', alertGroupsRoute(context))
    .route('/', silencesRoute(context))
    .route('/', backtestRoute(context))
    .route('/', ingestRoute(context))
    .route('/', filtersRoute(context))
    .route('/', statusRoute(context))
    .route('/', timelineRoute(context))
    .route('/', uptimeRoute(context))
    .route('/', sqlRoute(context))
    .route('/', savedQueriesRoute(context))
    .route('/', settingsRoute(context))
    .route('/', settingsPricesRoute(context))
    .route('/', settingsKeysRoute(context))
    .route('/', demoRoute(context))
    .route('/', liveRoute(live))
  // A file, which pages link to.
  app.route('/', requestExportRoute(context))
  // Other programs' API, no part of the web app's.
  app.route('/', alertmanagerRoute(context))
  app.all('/api/*', (c) => {
    throw new ApiError(404, `No such route: ${c.req.method} ${c.req.path}`, 'dashboard/api/routes lists them')
  })
  return api
}

export type AppType = ReturnType<typeof createApp>
export type { BacktestResult } from './routes/backtest.ts'
export type { FilterColumn } from '../../storage/queries/where.ts'
