/** The real API on a real storage, with the web app built, for tests that use a page. */
import { pino } from 'pino'
import { noAlerts } from '../../alerts/none.ts'
import { pagingOf } from '../../alerts/backtest/paging.ts'
import { alertsConfig } from '../../alerts/config.ts'
import type { DashboardDeps, DemoState } from '../../dashboard/api/deps.ts'
import { startDashboard, type Dashboard } from '../../dashboard/api/server.ts'
import { buildWeb, webDist } from '../../dashboard/build.ts'
import { noSettings } from '../../dashboard/api/settings/control.ts'
import type { Db, SqlDb } from '../../storage/client.ts'

/** For tests that write no SQL of their own. */
const noSql: SqlDb = { run: () => Promise.reject(new Error('this test has no SQL')) }

/** For tests that save nothing. */
const noWriter: DashboardDeps['writer'] = { insert: () => Promise.reject(new Error('this test saves nothing')) }

/** What the process would give the dashboard. */
export function testDeps(db: Db, overrides: Partial<DashboardDeps> = {}): DashboardDeps {
  let demo: DemoState = 'off'
  return {
    db,
    sql: noSql,
    writer: noWriter,
    ingestKeys: () => [],
    storageReady: () => Promise.resolve({ ok: true, reason: '' }),
    collectorReady: () => Promise.resolve({ ok: true, reason: '' }),
    alerts: noAlerts,
    backtest: { reader: db, paging: () => pagingOf(alertsConfig.parse({})) },
    demo: {
      state: () => demo,
      start: () => {
        demo = 'starting'
        return Promise.resolve()
      },
      stop: () => {
        demo = 'off'
        return Promise.resolve()
      },
    },
    settings: noSettings,
    metricsText: () => Promise.resolve('# no metrics in this test\n'),
    version: '0.0.0-test',
    addresses: () => ({
      dashboard: '127.0.0.1:8080',
      otlp_http: '127.0.0.1:4318',
      otlp_grpc: '127.0.0.1:4317',
      clickhouse: '127.0.0.1:8123',
    }),
    config: { api_keys: [] },
    log: pino({ level: 'silent' }),
    ...overrides,
  }
}

/** Builds the web app when it is stale, and listens on a free port. `now` is the API's clock: what is new is told by the machine's. */
export async function serveTestPage(
  db: Db,
  overrides: Partial<DashboardDeps> = {},
  now?: () => number,
): Promise<Dashboard> {
  await buildWeb()
  return startDashboard({ deps: testDeps(db, overrides), listen: '127.0.0.1:0', web: webDist, now })
}
