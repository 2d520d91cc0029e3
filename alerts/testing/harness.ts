/** For tests of the whole room: real storage, stand-ins of the vendors, a clock that tests advance. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { Db } from '../../storage/client.ts'
import type { Storage } from '../../storage/index.ts'
import { alertsConfig, type AlertsConfig } from '../config.ts'
import { startAlerts, type Alerts, type AlertsOptions, type Routing } from '../index.ts'
import { pagerdutyStandIn } from '../notify/testing/pagerduty.ts'
import { slackStandIn } from '../notify/testing/slack.ts'
import { webhookStandIn } from '../notify/testing/webhook.ts'
import { manualClock } from './manual-clock.ts'
import { requestAt } from './request-at.ts'

export const second = 1_000
export const minute = 60 * second

/** When tests begin, epoch ms. */
export const t0 = Date.UTC(2026, 10, 21, 10)

/** P95 above 5 s in the last five minutes, for one minute. */
export const latencyRules = `
groups:
  - name: latency
    interval: 30s
    rules:
      - alert: HighP95Latency
        kind: latency
        quantile: 0.95
        window: 5m
        by: [model]
        where: { environment: production }
        above: 5s
        min_requests: 3
        for: 1m
        labels: { severity: critical }
        annotations: { summary: "P95 of {{ labels.model }} is {{ value | duration }}" }
`

/** The room of a process whose database is its own. */
export type LeadingAlerts = Alerts & { routing: Routing }

export interface Harness {
  clock: ReturnType<typeof manualClock>
  slack: Awaited<ReturnType<typeof slackStandIn>>
  pagerduty: Awaited<ReturnType<typeof pagerdutyStandIn>>
  webhook: Awaited<ReturnType<typeof webhookStandIn>>
  /** Lines that were logged, parsed. */
  logs: Record<string, unknown>[]
  config: AlertsConfig
  /** Where the rule file is. */
  directory: string
  /** Starts the room, or starts it again over what the last one left. */
  start(overrides?: Partial<AlertsOptions>): Promise<LeadingAlerts>
  writeRules(yaml: string): void
  /** `count` requests, `stepMs` apart from `from` on. */
  insertRequests(from: number, count: number, stepMs: number, fields: Partial<LlmRequest>): Promise<void>
  /** With `latencyRules`, from t0 on: pending at 0:30, firing at 1:30, told at 2:00, resolved at 7:00. */
  slowForTwoMinutes(model?: string, from?: number): Promise<void>
  notifications(): Promise<Record<string, unknown>[]>
  events(): Promise<string[]>
  stop(): Promise<void>
}

export const states = (alerts: Pick<Alerts, 'active'>) => alerts.active().map(({ state }) => state)

const stateTables = [
  'requests',
  'annotations',
  'alert_state',
  'alert_groups',
  'alert_events',
  'alert_progress',
  'alert_leases',
  'alert_actions',
  'notifications',
  'silences',
]

/** A clean slate on a shared storage: tables emptied, vendors fresh. `startAt` is epoch ms. */
export async function alertsHarness(storage: Storage, rules = latencyRules, startAt = t0): Promise<Harness> {
  const { db } = storage
  for (const table of stateTables) await db.command(`truncate table ${table}`)
  const directory = mkdtempSync(join(tmpdir(), 'inferwatch-alerts-'))
  const writeRules = (yaml: string) => writeFileSync(join(directory, 'rules.yaml'), yaml)
  writeRules(rules)
  const clock = manualClock(startAt)
  const [slack, pagerduty, webhook] = await Promise.all([slackStandIn(), pagerdutyStandIn(), webhookStandIn()])
  const logs: Record<string, unknown>[] = []
  const config = alertsConfig.parse({
    rules: ['rules.yaml'],
    shipped_rules: false,
    route: { group_by: ['alertname', 'model'], group_wait: '30s', group_interval: '1m', repeat_interval: '1h' },
    receivers: [
      {
        name: 'on-call',
        notify: [
          { type: 'slack', webhook_url: slack.webhookUrl },
          { type: 'pagerduty', routing_key: pagerduty.routingKey, url: pagerduty.enqueueUrl },
          { type: 'webhook', url: webhook.hookUrl },
        ],
      },
    ],
  })
  const started: Alerts[] = []
  return {
    clock,
    slack,
    pagerduty,
    webhook,
    logs,
    config,
    directory,
    writeRules,
    async start(overrides = {}) {
      const log = capturingLogger(logs)
      const { reader } = storage
      const base = { config, baseDir: directory, db, reader, log, clock, random: () => 1, contextWaitMs: 60_000 }
      const alerts = await startAlerts({
        ...base,
        dashboardUrl: () => 'http://inferwatch.example:8080/',
        ...overrides,
      })
      started.push(alerts)
      return alerts as LeadingAlerts
    },
    insertRequests: (from, count, stepMs, fields) => insertRequests(db, from, count, stepMs, fields),
    slowForTwoMinutes: (model = 'gpt-4o', from = t0) =>
      insertRequests(db, from, 12, 10 * second, { model, duration_ms: 8_000 }),
    notifications: () => db.query('select * from notifications order by timestamp, channel, status, attempt'),
    async events() {
      const rows = await db.query<{ change: string }>(
        `select concat(labels['model'], ' ', previous_state, ' > ', state) as change from alert_events order by timestamp, fingerprint`,
      )
      return rows.map(({ change }) => change)
    },
    async stop() {
      for (const alerts of started) await alerts.stop()
      await Promise.all([slack.stop(), pagerduty.stop(), webhook.stop()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function insertRequests(
  db: Db,
  from: number,
  count: number,
  stepMs: number,
  fields: Partial<LlmRequest>,
): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) =>
    requestAt(from + index * stepMs, { environment: 'production', ...fields }),
  )
  await db.insert('requests', rows)
}

function capturingLogger(lines: Record<string, unknown>[]): Logger {
  return pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
}
