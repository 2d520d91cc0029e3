/** What the dashboard needs from the rooms below and from the process: main.ts wires it. */
import type { Logger } from 'pino'
import type { Db, SqlDb } from '../../storage/client.ts'
import type { Alerts } from '../../alerts/index.ts'
import type { Paging } from '../../alerts/backtest/index.ts'
import type { DashboardConfig } from './config.ts'
import type { SettingsControl } from './settings/control.ts'

export interface Readiness {
  ok: boolean
  /** What is wrong; empty when ok. */
  reason: string
}

const demoStates = ['off', 'starting', 'running', 'failed'] as const
export type DemoState = (typeof demoStates)[number]

/** Demo traffic runs in a child process; start resolves once it was launched, not once it has data. */
export interface DemoControl {
  state(): DemoState
  start(): Promise<void>
  stop(): Promise<void>
}

/** host:port each, as they really listen (never port 0). */
export interface Addresses {
  dashboard: string
  otlp_http: string
  otlp_grpc: string
  clickhouse: string
}

export interface DashboardDeps {
  /** The reader or the API's own pool: SELECT only. */
  db: Db
  /** The reader: SQL that people wrote goes nowhere else. */
  sql: SqlDb
  /** Keeps what people save on pages; may do all that `db` may not. */
  writer: Pick<Db, 'insert'>
  /** Keys of those that send telemetry: they may mark what they do. */
  ingestKeys(): readonly string[]
  storageReady(): Promise<Readiness>
  collectorReady(): Promise<Readiness>
  /** Without `routing` where another process evaluates, or none. */
  alerts: Pick<Alerts, 'active' | 'rules' | 'channels' | 'lease' | 'routing' | 'chart' | 'testNotification'>
  /** Rules that people write go to the reader alone; how alerts are grouped is asked for each backtest. */
  backtest: { reader: Db; paging(): Paging }
  demo: DemoControl
  settings: SettingsControl
  /** The process's own metrics in the Prometheus text format. */
  metricsText(): Promise<string>
  version: string
  addresses(): Addresses
  config: DashboardConfig
  log: Logger
}
