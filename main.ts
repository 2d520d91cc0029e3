/** The command line: hands a command to its room; `serve` builds the rooms bottom-up and stops them top-down. Only this file exits. */
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { pino, type Logger } from 'pino'
import {
  ConfigError,
  cannotListen,
  loadConfig,
  watchConfig,
  type Config,
  type ConfigKey,
  type RunningConfig,
} from './config.ts'
import { configChanges, reloadMark, ruleChanges } from './dashboard/api/settings/config-changes.ts'
import { settingsControl } from './dashboard/api/settings/installation.ts'
import { errorCode } from './records/error-code.ts'
import { createShell, type Shell } from './storage/commands/shell.ts'
import { openDataDir } from './storage/data-dir.ts'
import type { Alerts, AlertsOptions } from './alerts/index.ts'
import { noAlerts } from './alerts/none.ts'
import { processHealth } from './alerts/self/process-health.ts'
import type { Collector, CollectorOptions } from './collector/index.ts'
import type { Demo } from './collector/demo/index.ts'
import type { DemoControl } from './dashboard/api/deps.ts'
import type { SettingsControl } from './dashboard/api/settings/control.ts'
import type { Telemetry } from './collector/self/telemetry.ts'
import type { Db } from './storage/client.ts'
import type { Storage } from './storage/index.ts'

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }
const rooms = ['collector', 'alerts', 'dashboard'] as const
type Room = (typeof rooms)[number]

/** In the order of --help. */
const groups: Record<string, string> = {
  prices: 'price lists',
  keys: 'virtual keys of the proxy',
  export: 'files of Parquet, CSV or JSON lines that export.jobs describes',
  alerts: 'alert rules as code, and what receivers would be sent',
}
const commands: [name: string, load: () => Promise<CommandModule>][] = [
  ['check-config', () => import('./alerts/commands/check-config.ts')],
  ['import', () => import('./collector/commands/import.ts')],
  ['prices import', () => import('./collector/commands/prices-import.ts')],
  ['prices list', () => import('./collector/commands/prices-list.ts')],
  ['keys create', () => import('./collector/commands/keys-create.ts')],
  ['keys list', () => import('./collector/commands/keys-list.ts')],
  ['keys revoke', () => import('./collector/commands/keys-revoke.ts')],
  ['reprice', () => import('./collector/commands/reprice.ts')],
  ['export run', () => import('./storage/commands/export-run.ts')],
  ['export list', () => import('./storage/commands/export-list.ts')],
  ['alerts test', () => import('./alerts/commands/test.ts')],
  ['alerts check', () => import('./alerts/commands/check.ts')],
  ['alerts import', () => import('./alerts/commands/import.ts')],
  ['alerts backtest', () => import('./alerts/commands/backtest.ts')],
  ['alerts preview', () => import('./alerts/commands/preview.ts')],
  ['alerts notify', () => import('./alerts/commands/notify.ts')],
  ['sql', () => import('./storage/commands/sql.ts')],
  ['schema', () => import('./storage/commands/schema.ts')],
  ['annotate', () => import('./dashboard/commands/annotate.ts')],
  ['demo', () => import('./collector/commands/demo.ts')],
]

interface CommandModule {
  /** The keys of the configuration that the command needs; all of them unless said. Secrets elsewhere need not be at hand. */
  reads?: readonly ConfigKey[]
  /** Adds what the command takes, what --help says of it, and what it does. */
  define: (command: Command, shell: Shell<Config>) => void
}

/** Of the command that was asked for alone; of all for --help, and for what is none of them. */
async function program(words: readonly string[]): Promise<Command> {
  const all = new Command('inferwatch')
    .description('Observability for LLM endpoints: requests, inference servers, GPUs, cost and alerts in one process')
    .version(manifest.version)
  withConfig(all.command('serve', { isDefault: true }))
    .description('run the collector, the alerts and the dashboard')
    .option('--only <rooms>', `comma-separated rooms to run: ${rooms.join(', ')}`, parseRooms)
    .option('--demo', 'run the demo fleet beside them')
    .action((flags: ServeFlags) => serve(flags))
  if (words[0] === 'serve') return all
  const asked = commands.filter(([name]) => name.split(' ').every((word, at) => words[at] === word))
  for (const [name, load] of asked.length > 0 ? asked : commands) {
    const [own = '', group] = name.split(' ').reverse()
    const parent = group === undefined ? all : groupOf(all, group)
    const command = withConfig(parent.command(own))
    const { define, reads } = await load()
    define(
      command,
      createShell(() => loadConfig(command.opts<{ config?: string }>().config, process.env, reads)),
    )
  }
  return all
}

function groupOf(all: Command, name: string): Command {
  const there = all.commands.find((command) => command.name() === name)
  return there ?? all.command(name).description(groups[name] ?? '')
}

function withConfig(command: Command): Command {
  const option = new Option('-c, --config <file>', 'configuration file (default: ./inferwatch.yaml if there is one)')
  return command.addOption(option.env('INFERWATCH_CONFIG'))
}

/** Runs until a signal: SIGTERM and SIGINT drain and exit 0, a second one exits at once; SIGHUP reloads the configuration. */
async function serve({ config: path, only = [...rooms], demo = false }: ServeFlags): Promise<void> {
  const started = performance.now()
  const loaded = loadConfig(path)
  const { config, baseDir } = loaded
  let running = (): RunningConfig => first
  const first = { config, written: loaded.written, loaded_at: Date.now(), problem: '', waiting: [] }
  const log = pino({ level: config.log_level, base: null }, pino.destination({ dest: 2, sync: true }))
  const stops: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const stopRoom of stops.splice(0).reverse()) await stopRoom()
  }
  onSignals(stop)
  try {
    const dataDir = await openDataDir(config.data_dir)
    stops.push(() => dataDir.release())
    const { startTelemetry } = await import('./collector/self/telemetry.ts')
    const telemetry = startTelemetry(manifest.version)
    stops.push(() => telemetry.stop())

    const { startStorage } = await import('./storage/index.ts')
    const storage = await startStorage({
      ...config,
      data_dir: dataDir.path,
      listen: config.listen.clickhouse,
      log,
    }).catch(cannotListen('clickhouse', config.listen.clickhouse))
    stops.push(() => storage.stop())

    const { db, reader } = storage
    const { startExports } = await import('./storage/export/index.ts')
    const exporter = only.includes('collector')
      ? startExports({ config: config.export, ...storage, dataDir: dataDir.path, log })
      : null
    if (exporter) stops.push(() => exporter.stop())
    let beside: DemoFleet | null = null
    const collector = only.includes('collector')
      ? await collect(config, {
          dataDir: dataDir.path,
          db,
          log,
          countCall: (call) => telemetry.calls.count(call),
          beside: () => ({ endpoints: beside?.endpoints() ?? [], targets: beside?.targets() ?? [] }),
        })
      : null
    if (collector) stops.push(() => collector.stop())

    let url = ''
    const dashboardUrl = () => url || `http://${config.listen.dashboard}`
    const shared = config.clickhouse.url !== 'embedded'
    const follows = shared && !only.includes('alerts') && only.includes('dashboard')
    const alerts =
      only.includes('alerts') || follows
        ? await watchOver({
            config: config.alerts,
            baseDir,
            db,
            reader,
            shared,
            follows,
            dataDir: dataDir.path,
            log,
            dashboardUrl,
            health: processHealth({ storage, collector, dataDir: dataDir.path }),
          })
        : null
    if (alerts) stops.push(() => alerts.stop())

    const fleet = await demoFleet(collector, db, config, log)
    beside = fleet
    stops.push(() => fleet.stop())

    const otlp_http = collector?.otlpAddress ?? ''
    const otlp_grpc = collector?.otlpGrpcAddress ?? ''
    const addresses = { ...config.listen, otlp_http, otlp_grpc, clickhouse: new URL(storage.url).host }
    if (only.includes('dashboard')) {
      const paging = () => running().config.alerts
      const ingestKeys = () => running().config.ingest.api_keys
      const settings = settingsControl({
        running: () => running(),
        file: loaded.file,
        rooms: only,
        dataDir: dataDir.path,
        storage,
        collector,
      })
      const rooms = { storage, collector, alerts, fleet, telemetry }
      const dashboard = await show({ config, log, ...rooms, paging, ingestKeys, settings, addresses })
      stops.push(() => dashboard.stop())
      url = dashboard.url
    } else if (collector) {
      const server = await serveProxy(collector, config)
      stops.push(() => server.stop())
    }
    // First of all, so that what clients are being answered still gets through.
    if (collector) stops.push(() => collector.proxy.stop())
    const watcher = watchConfig(loaded, {
      log,
      async apply(next) {
        const rules = alerts?.rules() ?? []
        await alerts?.reload(next.alerts)
        collector?.reload(next)
        exporter?.reload(next.export)
        const lines = [...configChanges(running().config, next), ...ruleChanges(rules, alerts?.rules() ?? [])]
        void markReload(lines, db, log)
        log.level = next.log_level
      },
    })
    running = () => watcher.running()
    stops.push(() => watcher.stop())
    const otlp = collector ? `http://${addresses.otlp_http}` : ''
    const grpc = collector ? `http://${addresses.otlp_grpc}` : ''
    dataDir.announce({
      pid: process.pid,
      clickhouse: storage.url,
      dashboard: url,
      otlp_http: otlp,
      otlp_grpc: grpc,
    })
    if (demo) await fleet.start()
    for (const [name, at] of [
      ['Dashboard', url],
      ['OTLP/HTTP', otlp],
      ['OTLP/gRPC', grpc],
      // A server's address may hold a password.
      ['SQL', `${new URL(storage.url).origin} (user reader)`],
    ])
      if (at) print(`${name?.padEnd(10)} ${at}`)
    log.info({ ms: Math.round(performance.now() - started), data_dir: dataDir.path }, 'serving')
  } catch (error) {
    await stop()
    throw error
  }
}

/** A mark on time lines; never rejects. */
async function markReload(lines: readonly string[], db: Db, log: Logger): Promise<void> {
  const { storeAnnotation } = await import('./storage/queries/annotations.ts')
  const mark = reloadMark(lines, Date.now())
  if (mark)
    await storeAnnotation(db, mark).catch((err: unknown) => log.warn({ err }, 'the change is not marked on charts'))
}

interface ServeFlags {
  config?: string
  only?: Room[]
  demo?: boolean
}

async function collect(
  config: Config,
  rest: Pick<CollectorOptions, 'dataDir' | 'db' | 'log' | 'countCall' | 'beside'>,
): Promise<Collector> {
  const { CannotListen, startCollector } = await import('./collector/index.ts')
  const { otlp_http: listen, otlp_grpc: listenGrpc } = config.listen
  const shared = config.clickhouse.url !== 'embedded'
  return startCollector({ config, ...rest, shared, listen, listenGrpc }).catch((error: unknown) => {
    if (error instanceof CannotListen) cannotListen(error.setting, config.listen[error.setting])(error)
    throw error
  })
}

/** Without a dashboard, its port is the proxy's alone. */
async function serveProxy({ proxy }: Collector, config: Config): Promise<{ stop(): Promise<void> }> {
  const listen = config.listen.dashboard
  if (!config.proxy.enabled || !config.endpoints.some(({ upstream }) => upstream !== undefined))
    return { stop: () => Promise.resolve() }
  const { startProxyServer } = await import('./collector/index.ts')
  const server = await startProxyServer(proxy, listen).catch(cannotListen('dashboard', listen))
  print(`Proxy      http://${server.address}/proxy/<endpoint>/`)
  return server
}

type DemoFleet = DemoControl & Pick<Demo, 'targets' | 'endpoints'>

/** What runs on request: traffic to look at. It writes through the collector, so it needs one. */
async function demoFleet(collector: Collector | null, db: Db, config: Config, log: Logger): Promise<DemoFleet> {
  if (!collector)
    return {
      state: () => 'off',
      start: () => Promise.reject(new ConfigError('demo traffic needs the collector: run serve with it')),
      stop: () => Promise.resolve(),
      targets: () => [],
      endpoints: () => [],
    }
  const { startDemo } = await import('./collector/demo/index.ts')
  const { spool, otlpAddress } = collector
  return startDemo({ db, spool, otlpUrl: `http://${otlpAddress}`, prices: config.prices, scrape: config.scrape, log })
}

async function watchOver(options: AlertsOptions): Promise<Alerts> {
  const { startAlerts } = await import('./alerts/index.ts')
  return startAlerts(options)
}

interface Shown {
  config: Config
  log: Logger
  storage: Storage
  collector: Collector | null
  alerts: Alerts | null
  /** As configured now. */
  paging: () => Config['alerts']
  ingestKeys: () => readonly string[]
  fleet: DemoControl
  settings: SettingsControl
  telemetry: Telemetry
  addresses: Config['listen']
}

async function show(shown: Shown) {
  const { config, log, storage, collector, alerts, paging, ingestKeys, fleet, settings, telemetry, addresses } = shown
  const [{ startDashboard }, { pagingOf }, { buildWeb, webDist }] = await Promise.all([
    import('./dashboard/api/server.ts'),
    import('./alerts/backtest/paging.ts'),
    import('./dashboard/build.ts'),
  ])
  await buildWeb(() => print('Building the web app: once, some seconds'))
  const deps = {
    db: storage.reader,
    sql: storage.reader,
    writer: storage.db,
    ingestKeys,
    storageReady: () => storage.ready(),
    collectorReady: () => Promise.resolve(collector?.ready() ?? { ok: true, reason: '' }),
    alerts: alerts ?? noAlerts,
    backtest: { reader: storage.reader, paging: () => pagingOf(paging()) },
    demo: fleet,
    settings,
    metricsText: () => telemetry.metricsText(),
    version: manifest.version,
    addresses: () => addresses,
    config: config.dashboard,
    log,
  }
  const listen = config.listen.dashboard
  return startDashboard({ deps, listen, web: webDist, neighbour: collector?.proxy }).catch(
    cannotListen('dashboard', listen),
  )
}

function onSignals(stop: () => Promise<void>): void {
  let stopping = false
  const end = () => {
    if (stopping) process.exit(1)
    stopping = true
    stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGTERM', end).on('SIGINT', end)
}

function parseRooms(text: string): Room[] {
  return text.split(',').map((name) => {
    const room = rooms.find((known) => known === name.trim())
    if (!room) throw new InvalidArgumentError(`"${name}" is no room; expected some of ${rooms.join(', ')}`)
    return room
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Errors that a person can mend are one line; anything else is a fault of ours and shows its stack. */
function fail(error: unknown): never {
  const known = [
    'ConfigError',
    'DataDirError',
    'StorageError',
    'MigrationError',
    'EngineStartError',
    'ImportError',
    'PriceListError',
    'RepriceError',
    'KeyFileError',
    'KeysError',
    'SqlError',
    'ExportError',
    'AnnotateError',
    'ApiError',
  ]
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  process.stderr.write(`error: ${known.includes(name) ? message : stack}\n`)
  process.exit(1)
}

// Whoever reads what is printed may have enough of it, as `head` has: what runs goes on to its end, and says no more.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => errorCode(error) === 'EPIPE' || fail(error))

program(process.argv.slice(2))
  .then((all) => all.parseAsync())
  .catch(fail)
