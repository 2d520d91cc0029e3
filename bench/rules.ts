/**
 * 500 alert rules over 20 series each, against Debian's Prometheus with the same rules over the same samples; then 10,000 active
 * alerts through grouping and routing: `npm run bench -- rules [rounds] [rules]`. CPU is that of every process that takes part.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { alertsConfig } from '../alerts/config.ts'
import { Dispatcher } from '../alerts/dispatch.ts'
import type { GroupedAlert } from '../alerts/group.ts'
import { startAlerts, type RuleStatus } from '../alerts/index.ts'
import { fingerprint } from '../alerts/labels.ts'
import { Silences } from '../alerts/routing/silences.ts'
import { RowWriter } from '../alerts/row-writer.ts'
import { createTelemetry } from '../alerts/telemetry.ts'
import { manualClock } from '../alerts/testing/manual-clock.ts'
import type { Db } from '../storage/client.ts'
import { testStorage } from '../storage/testing.ts'
import { prometheus, promtool, setUpDebianTools } from '../test/support/debian.ts'
import { measurePrometheus } from './support/prometheus-rules.ts'
import { cpuSeconds } from './support/processes.ts'
import { alertRules, loadSamples, type Rule } from './support/rule-samples.ts'

const [rounds = 20, ruleCount = 500] = process.argv.slice(3, 5).map(Number)
const intervalMs = 5_000
const activeAlerts = 10_000

interface Measured {
  name: string
  /** Of one evaluation of all rules. */
  ms: number[]
  /** Until what came of it is stored as well. */
  storedMs?: number[]
  /** CPU of one of them, on average. */
  cpuMs: number
  firing: number
}

const folder = mkdtempSync(join(tmpdir(), 'inferwatch-bench-rules-'))
const storage = await testStorage({ data_dir: join(folder, 'data') })
try {
  const notices =
    prometheus() && promtool() ? [] : await setUpDebianTools(new URL('../test/.output', import.meta.url).pathname)
  for (const notice of notices) print(notice)
  const rules = alertRules(ruleCount)
  const to = Math.floor(Date.now() / 1000) * 1000
  const samples = await loadSamples(storage.db, rules, to)
  print(`${rules.length} rules over ${samples.toLocaleString('en')} samples of 20 series each, ${rounds} evaluations\n`)
  print('| by | p50, ms | p95, ms | and stored, p50, ms | CPU, ms | firing | of Prometheus |')
  print('|---|---|---|---|---|---|---|')
  const peer = prometheus() ? await measurePrometheus(storage.db, { folder, rules, rounds }) : null
  if (peer) report({ name: 'Prometheus', ...peer }, peer)
  report(await measureOurs(rules, to, 'Inferwatch', storage.reader, rounds), peer)
  report(await measureOurs(rules, to, 'Inferwatch, one by one', unshared(storage.reader), 2), peer)
  await dispatch()
} finally {
  await storage.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function measureOurs(rules: Rule[], to: number, name: string, reader: Db, times: number): Promise<Measured> {
  for (const table of ['alert_state', 'alert_events', 'alert_progress', 'alert_groups'])
    await storage.db.command(`truncate table ${table}`)
  const group = {
    name: 'bench',
    interval: `${intervalMs / 1000}s`,
    rules: rules.map(({ alert, feature, aboveMs, windowMs }) => ({
      alert,
      kind: 'latency',
      quantile: 0.95,
      window: `${windowMs / 1000}s`,
      by: ['model'],
      where: { feature },
      above: `${aboveMs}ms`,
    })),
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'rules.yaml'), JSON.stringify({ groups: [group] }))
  const clock = manualClock(Math.floor(to / intervalMs) * intervalMs - 1)
  const config = alertsConfig.parse({ rules: ['rules.yaml'], shipped_rules: false })
  const log = pino({ level: 'silent' })
  let decidedAt: number | null = null
  // Only what was decided is inserted: the first insert ends the evaluation.
  const insert: Db['insert'] = (table, rows) => {
    decidedAt ??= performance.now()
    return storage.db.insert(table, rows)
  }
  const query: Db['query'] = (sql, params, options) => storage.db.query(sql, params, options)
  const db: Db = { ...storage.db, query, insert }
  const options = { config, baseDir: folder, db, reader, log, clock, dashboardUrl: () => 'http://localhost' }
  const alerts = await startAlerts(options)
  try {
    // The first one makes all the alerts.
    await clock.advance(1)
    const pids = [process.pid, storage.enginePid() ?? process.pid]
    const cpu = () => pids.reduce((total, pid) => total + cpuSeconds(pid), 0)
    const before = cpu()
    const ms: number[] = []
    const storedMs: number[] = []
    for (let round = 0; round < times; round++) {
      const begun = performance.now()
      decidedAt = null
      await clock.advance(intervalMs)
      storedMs.push(performance.now() - begun)
      ms.push((decidedAt ?? performance.now()) - begun)
    }
    const cpuMs = ((cpu() - before) * 1000) / times
    const statuses = alerts.rules()
    const failed = statuses.find(({ health }) => health !== 'ok')
    if (failed) throw new Error(`${failed.name}: ${failed.last_error}`)
    const firing = statuses.reduce((total: number, status: RuleStatus) => total + status.firing, 0)
    return { name, ms, storedMs, cpuMs, firing }
  } finally {
    await alerts.stop()
  }
}

/** A reader that refuses shared queries, so that rules are asked one by one. */
function unshared(reader: Db): Db {
  const query: Db['query'] = (sql, params, options) =>
    sql.includes(' as v0') ? Promise.reject(new Error('not shared')) : reader.query(sql, params, options)
  return { ...reader, query }
}

async function dispatch(): Promise<void> {
  const config = alertsConfig.parse({
    receivers: [{ name: 'on-call', notify: [{ type: 'webhook', url: 'http://127.0.0.1:9/' }] }],
    route: { group_by: ['alertname', 'model'], group_wait: '0s' },
  })
  const clock = manualClock(Date.now())
  const log = pino({ level: 'silent' })
  const telemetry = createTelemetry()
  const writer = new RowWriter({ db: storage.db, clock, log, telemetry })
  let sent = 0
  const fetch = () => {
    sent++
    return Promise.resolve(new Response(''))
  }
  const externalUrl = () => 'http://localhost'
  const silences = new Silences({ clock, writer, telemetry })
  const sending = { clock, fetch, random: () => 1, log, writer, telemetry, externalUrl }
  const dispatcher = new Dispatcher(config, {
    ...sending,
    silences,
    templates: () => ({}),
    brief: () => Promise.resolve(new Map()),
  })
  const alerts = Array.from({ length: activeAlerts }, (_, index): GroupedAlert => {
    const labels = { alertname: `rule-${index % 500}`, model: `model-${index % 20}`, instance: `instance-${index}` }
    const starts_at = clock.now()
    return { fingerprint: fingerprint(labels), labels, annotations: {}, value: index, starts_at, ends_at: null }
  })
  const begun = performance.now()
  dispatcher.update(alerts)
  const grouped = performance.now() - begun
  await clock.advance(1)
  const flushed = performance.now() - begun - grouped
  const again = performance.now()
  dispatcher.update(alerts)
  const refreshed = performance.now() - again
  print(`\n${activeAlerts.toLocaleString('en')} active alerts: grouped and routed in ${grouped.toFixed(0)} ms,`)
  print(`first flush ${flushed.toFixed(0)} ms (${sent} notifications begun), seen again in ${refreshed.toFixed(0)} ms`)
  await dispatcher.stop(0)
  writer.discard()
}

function report({ name, ms, storedMs = [], cpuMs, firing }: Measured, peer: Omit<Measured, 'name'> | null): void {
  const [p50, p95, stored] = [quantile(ms, 0.5), quantile(ms, 0.95), quantile(storedMs, 0.5)]
  const percent = (part: number, whole: number) => `${((part / whole) * 100).toFixed(0)} %`
  const of = peer ? `${percent(p50, quantile(peer.ms, 0.5))}, CPU ${percent(cpuMs, peer.cpuMs)}` : ''
  const cells = [p50, p95, stored, cpuMs].map((each) => (Number.isNaN(each) ? '' : each.toFixed(0)))
  print(`| ${[name, ...cells, firing, of].join(' | ')} |`)
}

function quantile(values: readonly number[], level: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(level * sorted.length), sorted.length - 1)] ?? NaN
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
