/** The command line: reads the configuration, builds the rooms bottom-up and stops them top-down. Only this file exits. */
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { pino, type Logger } from 'pino'
import { ConfigError, cannotListen, loadConfig, watchConfig, type Config, type RunningConfig } from './config.ts'
import { configChanges, reloadMark, ruleChanges } from './dashboard/api/settings/config-changes.ts'
import { settingsControl } from './dashboard/api/settings/installation.ts'
import { annotationKinds, scopeLabels } from './records/annotation.ts'
import { openDataDir, runningProcess } from './storage/data-dir.ts'
import type { Alerts, AlertsOptions } from './alerts/index.ts'
import { noAlerts } from './alerts/none.ts'
import { importHelp } from './alerts/import/help.ts'
import { processHealth } from './alerts/self/process-health.ts'
import type { BacktestFlags } from './alerts/backtest/command.ts'
import type { TestFlags } from './alerts/rule-tests/command.ts'
import type { Collector, CollectorOptions } from './collector/index.ts'
import type { Demo } from './collector/demo/index.ts'
import type { ImportFlags } from './collector/import/command.ts'
import type { RepriceFlags } from './collector/prices-command.ts'
import type { CreateFlags } from './collector/proxy/keys/command.ts'
import type { AnnotateFlags } from './dashboard/api/annotate-command.ts'
import type { DemoControl } from './dashboard/api/deps.ts'
import type { SettingsControl } from './dashboard/api/settings/control.ts'
import type { Telemetry } from './collector/self/telemetry.ts'
import type { Db } from './storage/client.ts'
import type { RunFlags } from './storage/export/command.ts'
import type { ExportDeps } from './storage/export/index.ts'
import type { Storage } from './storage/index.ts'
import type { SqlFlags } from './storage/sql-command.ts'

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }
const sqlFormats = ['table', 'json', 'csv'] satisfies SqlFlags['format'][]
const rooms = ['collector', 'alerts', 'dashboard'] as const
type Room = (typeof rooms)[number]

const program = new Command('inferwatch')
  .description('Observability for LLM endpoints: requests, inference servers, GPUs, cost and alerts in one process')
  .version(manifest.version)

command('serve', { isDefault: true })
  .description('run the collector, the alerts and the dashboard')
  .option('--only <rooms>', `comma-separated rooms to run: ${rooms.join(', ')}`, parseRooms)
  .option('--demo', 'run the demo fleet beside them')
  .action((flags: ServeFlags) => serve(flags))

command('check-config')
  .description('check the configuration and the alert rules that it names')
  .action(async (options: { config?: string }) => {
    const { config, baseDir, file } = loadConfig(options.config)
    const { checkRules, ruleWarnings } = await import('./alerts/check.ts')
    const rules = await checkRules(config.alerts, baseDir)
    for (const warning of await ruleWarnings(config.alerts, baseDir)) print(`warning: ${warning}`)
    print(`${file ?? 'defaults'}: ok, ${rules} alert rules`)
  })

command('import <file>')
  .description('import past requests, or what a provider says was used, from a CSV, JSON or Parquet file')
  .option(
    '--format <formats>',
    'csv, tsv, json, jsonl or parquet (default: by the name of the file); litellm, langfuse, helicone or openai-usage ' +
      '(default: by its columns); or one of each, comma-separated',
  )
  .option('--map <columns>', 'our column=their column, comma-separated', several)
  .option('--set <values>', 'our column=value for every row, comma-separated', several)
  .option('--shift-to <when>', 'move the rows in time so that the last one is "now"')
  .option('--rejects <file>', 'where rejected rows go, with reasons (default: <file>.rejected.jsonl)')
  .option('--timezone <name>', 'time zone of timestamps that name none', 'UTC')
  .action(async (file: string, options: { config?: string } & ImportFlags) => {
    const { importCommand } = await import('./collector/import/command.ts')
    await withStorage(options.config, async (config, { db }) => {
      const { text, failed } = await importCommand(file, options, config, db)
      print(text)
      if (failed) process.exitCode = 1
    })
  })

const prices = program.command('prices').description('price lists')

command('import <file>', { parent: prices })
  .description("use LiteLLM's price list, model_prices_and_context_window.json, for what the bundled list lacks")
  .action(async (file: string, options: { config?: string }) => {
    const { pricesImport } = await import('./collector/prices-command.ts')
    const { config } = loadConfig(options.config)
    print(pricesImport(file, config.data_dir))
    reloadRunning(config, 'this list')
  })

command('list', { parent: prices })
  .description('print the prices of the models that were called in the last 30 days, in dollars per 1M tokens')
  .action(async (options: { config?: string }) => {
    const { pricesList } = await import('./collector/prices-command.ts')
    await withStorage(options.config, async (config, { db }) => {
      for (const line of await pricesList(config, db)) print(line)
    })
  })

const keys = program.command('keys').description('virtual keys of the proxy')

command('create <name>', { parent: keys })
  .description('make a virtual key and print it, this once; only its hash is stored')
  .option('--team <team>', 'whose calls these are')
  .option('--user <user>', 'who calls')
  .option('--feature <feature>', 'what for')
  .option('--endpoint <name>', 'endpoint that it may call (default: all); may be given again', several)
  .option('--expires <when>', 'a date, a time with its zone, or how long from now, as 90d (default: never)')
  .option('--requests-per-minute <count>', 'calls that may begin within a minute')
  .option('--tokens-per-day <count>', 'input and output tokens within a day of UTC')
  .option('--usd-per-month <dollars>', 'dollars within a month of UTC')
  .action(async (name: string, options: { config?: string } & CreateFlags) => {
    const { keysCreate } = await import('./collector/proxy/keys/command.ts')
    const { config } = loadConfig(options.config)
    for (const line of keysCreate(name, options, config)) print(line)
    reloadRunning(config, 'this key')
  })

command('list', { parent: keys })
  .description('print the virtual keys, and what those with limits have used of them')
  .action(async (options: { config?: string }) => {
    const { keysList } = await import('./collector/proxy/keys/command.ts')
    for (const line of keysList(loadConfig(options.config).config)) print(line)
  })

command('revoke <name>', { parent: keys })
  .description('take a virtual key back for good')
  .action(async (name: string, options: { config?: string }) => {
    const { keysRevoke } = await import('./collector/proxy/keys/command.ts')
    const { config } = loadConfig(options.config)
    for (const line of keysRevoke(name, config)) print(line)
    reloadRunning(config, 'this change')
  })

command('reprice')
  .description('work out the costs of stored requests anew, with the prices of now')
  .requiredOption('--since <time>', 'requests from then on: 2026-11-01, 2026-11-01T06:00:00Z, or how long ago, as 30d')
  .option('--until <time>', 'requests before then (default: now)')
  .option('--model <model>', 'only requests of this model')
  .option('--provider <provider>', 'only requests of this provider')
  .option('--dry-run', 'only say what would change')
  .action(async (options: { config?: string } & RepriceFlags) => {
    const { repriceCommand } = await import('./collector/prices-command.ts')
    await withStorage(options.config, async (config, { db, rollups }) => {
      print(await repriceCommand(options, config, db))
      if (rollups) await rollups.flush()
      else print('the running process brings its rollups up to date within a minute or two')
    })
  })

const exports = program.command('export').description('files of Parquet, CSV or JSON lines that export.jobs describes')

command('run [job]', { parent: exports })
  .description(
    'write what is due of a job, or of all; with --from, every closed period of a range that is missing or changed',
  )
  .option('--from <time>', '2026-11-01, 2026-11-01T06:00:00Z, or how long ago, as 30d')
  .option('--to <time>', 'periods that end before then (default: now)')
  .action(async (job: string | undefined, options: { config?: string } & RunFlags) => {
    const { exportRunCommand } = await import('./storage/export/command.ts')
    const { barProgress } = await import('./collector/import/progress.ts')
    await withStorage(options.config, async (config, storage) => {
      const deps = exportDeps(config, storage)
      await exportRunCommand(job, options, config.export, deps, barProgress(), print)
    })
  })

command('list', { parent: exports })
  .description('print what every job has written, and what is wrong')
  .action(async (options: { config?: string }) => {
    const { exportListCommand } = await import('./storage/export/command.ts')
    const { textTable } = await import('./collector/text-table.ts')
    await withStorage(options.config, async (config, storage) => {
      for (const line of textTable(await exportListCommand(config.export, exportDeps(config, storage)))) print(line)
    })
  })

const alerts = program.command('alerts').description('alert rules as code, and what receivers would be sent')

command('test <files...>', { parent: alerts })
  .description('run unit tests of alert rules, on a temporary database')
  .option('--run <pattern>', 'only tests whose name matches this regular expression')
  .option('--junit <file>', 'write the results as JUnit XML too')
  .action(async (files: string[], options: TestFlags) => {
    const { testCommand } = await import('./alerts/rule-tests/command.ts')
    const { barProgress } = await import('./collector/import/progress.ts')
    const log = pino({ level: 'warn', base: null }, pino.destination({ dest: 2, sync: true }))
    const progress = barProgress(process.stderr, 'evaluations')
    if (!(await testCommand(files, options, { log, progress, print }))) process.exitCode = 1
  })

command('check [files...]', { parent: alerts })
  .description('check alert rules, those of the configuration or of files')
  .option('--against', 'check their queries too, against the database of the configuration')
  .action(async (files: string[], options: { config?: string; against?: boolean }) => {
    const { checkCommand } = await import('./alerts/check-command.ts')
    const { config, baseDir } = loadConfig(options.config)
    const check = async (reader: Db | null) => {
      if (!(await checkCommand(files, config.alerts, baseDir, { reader, print, nowMs: Date.now() })))
        process.exitCode = 1
    }
    if (options.against) await withStorage(options.config, (_, { reader }) => check(reader))
    else await check(null)
  })

command('import <file>', { parent: alerts })
  .description(
    'make our YAML of an alertmanager.yml, or of a rule file whose expressions are SQL; says what does not carry over',
  )
  .option('--output <file>', 'where it goes, a new file (default: printed)')
  .addHelpText('after', importHelp)
  .action(async (file: string, options: { output?: string }) => {
    const { importCommand } = await import('./alerts/import/command.ts')
    await importCommand(
      file,
      options,
      (text) => process.stdout.write(text),
      (line) => process.stderr.write(`${line}\n`),
    )
  })

command('backtest [files...]', { parent: alerts })
  .description('print when alert rules would have fired over stored history, those of the configuration or of files')
  .requiredOption('--from <time>', '2026-11-01, 2026-11-01T06:00:00Z, or how long ago, as 30d')
  .option('--to <time>', 'until then (default: now)')
  .option('--rule <name>', 'only this rule')
  .option('--step <duration>', "between two evaluations (default: the interval of the rule's group)")
  .option('--pages-per-week <count>', 'suggest a threshold that would have paged at most this often')
  .option('--json', 'print everything as JSON')
  .action(async (files: string[], options: { config?: string } & BacktestFlags) => {
    const { backtestCommand } = await import('./alerts/backtest/command.ts')
    const { barProgress } = await import('./collector/import/progress.ts')
    const { textTable: table } = await import('./collector/text-table.ts')
    const { baseDir } = loadConfig(options.config)
    const progress = barProgress(process.stderr, 'times fired')
    await withStorage(options.config, (config, { reader }) =>
      backtestCommand(files, options, config.alerts, baseDir, { reader, progress, print, table, nowMs: Date.now() }),
    )
  })

command('sql <query>')
  .description('run one read-only query and print its rows; a FORMAT in the query is obeyed')
  .addOption(
    new Option('--format <format>', 'as an aligned table, JSON lines or CSV').choices(sqlFormats).default('table'),
  )
  .option('--param <name=value>', 'value of {name:Type} in the query; may be given again', several)
  .action(async (query: string, options: { config?: string } & SqlFlags) => {
    const { sqlCommand } = await import('./storage/sql-command.ts')
    await withStorage(options.config, async (_, { reader }) => {
      process.stdout.write(await sqlCommand(query, options, reader))
    })
  })

command('schema')
  .description('describe the tables and views that queries may read, as Markdown')
  .action((options: { config?: string }) =>
    withStorage(options.config, async (_, { reader }) => {
      const { schema } = await import('./storage/queries/schema.ts')
      const { schemaMarkdown } = await import('./storage/schema-markdown.ts')
      process.stdout.write(schemaMarkdown(await schema(reader)))
    }),
  )

command('preview', { parent: alerts })
  .description('print what each channel of a receiver would be sent; sends nothing')
  .requiredOption('--receiver <name>', 'the receiver, as in alerts.receivers')
  .option('--alert <name>', 'an alert that is pending or fires now (default: a made-up one)')
  .option('--resolved', 'as if the alert were over', false)
  .action(async (options: { config?: string; receiver: string; alert?: string; resolved: boolean }) => {
    const { previewNotification } = await import('./alerts/preview.ts')
    const { config, baseDir } = loadConfig(options.config)
    const asked = { ...options, config: config.alerts, baseDir, now: Date.now() }
    const show = async (reader: Db | null) => {
      for (const { channel, text } of await previewNotification(asked, reader)) print(`── ${channel}\n${text}\n`)
    }
    if (options.alert === undefined) await show(null)
    else await withStorage(options.config, (_, { reader }) => show(reader))
  })

command('notify', { parent: alerts })
  .description('send a test notification and its end by every channel of a receiver, and say how each fared')
  .requiredOption('--receiver <name>', 'the receiver, as in alerts.receivers')
  .action(async ({ config: file, receiver }: { config?: string; receiver: string }) => {
    const { tryReceiver } = await import('./alerts/try-receiver.ts')
    const { config } = loadConfig(file)
    if (!(await tryReceiver(config.alerts, { receiver, print }))) process.exitCode = 1
  })

const annotate = command('annotate <title>')
  .description('mark a deploy, a change or an incident on the charts; says the id of the mark')
  .addOption(new Option('--kind <kind>', 'what it is').choices(annotationKinds).default('note'))
  .option('--text <text>', 'more than the title says')
  .option('--at <time>', 'when it was or began: 2026-11-01T06:00:00Z, or how long ago, as 10m (default: now)')
  .option('--until <time>', 'when it ended (default: it is a moment)')
  .option('--url <address>', 'where more is to be read, http or https')
  .option('--id <id>', 'the same one again corrects the mark (default: a new one)')
  .option('--by <name>', 'whom it comes from (default: the name of the user)')
for (const name of scopeLabels) annotate.option(`--${name} <${name}>`, `only about this ${name}`)
annotate.action(async (title: string, options: { config?: string } & AnnotateFlags) => {
  const { annotateCommand } = await import('./dashboard/api/annotate-command.ts')
  await withStorage(options.config, async (_, { db }) => print(await annotateCommand(title, options, db)))
})

command('demo')
  .description('manage demo data')
  .requiredOption('--clear', 'remove every row that demo traffic left')
  .action((options: { config?: string }) =>
    withStorage(options.config, async (_, { db }) => {
      const { clearDemo } = await import('./collector/demo/clear.ts')
      await clearDemo(db)
      print('demo data removed')
    }),
  )

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
      ? startExports({ config: config.export, ...exportDeps({ data_dir: dataDir.path }, storage), log })
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
      ['SQL', `${storage.url} (user reader)`],
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

type Opened = Pick<Storage, 'db' | 'reader' | 'writeResult'> & Partial<Pick<Storage, 'rollups'>>

const exportDeps = ({ data_dir }: Pick<Config, 'data_dir'>, { db, reader, writeResult }: Opened): ExportDeps => ({
  db,
  reader,
  writeResult,
  dataDir: data_dir,
})

/** Runs a command on the storage of the process that serves this data directory, or on one of its own when none does. */
async function withStorage(path: string | undefined, work: (config: Config, storage: Opened) => Promise<void>) {
  const { config } = loadConfig(path)
  const log = pino({ level: 'warn', base: null }, pino.destination({ dest: 2, sync: true }))
  const { connectStorage, startStorage } = await import('./storage/index.ts')
  const running = runningProcess(config.data_dir)
  if (running) {
    const storage = connectStorage({ ...config, url: running.clickhouse })
    try {
      await work(config, storage)
    } finally {
      await storage.stop()
    }
    return
  }
  const dataDir = await openDataDir(config.data_dir)
  try {
    const listen = '127.0.0.1:0'
    const storage = await startStorage({ ...config, data_dir: dataDir.path, listen, log })
    try {
      await work(config, storage)
    } finally {
      await storage.stop()
    }
  } finally {
    dataDir.release()
  }
}

/** Lets the process that serves the data directory, if one does, see what a command changed there. */
function reloadRunning(config: Config, what: string): void {
  const running = runningProcess(config.data_dir)
  if (!running) return
  process.kill(running.pid, 'SIGHUP')
  print(`process ${running.pid} reloads its configuration, and ${what} with it`)
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

function command(name: string, { parent = program, isDefault = false } = {}): Command {
  return parent
    .command(name, { isDefault })
    .addOption(
      new Option('-c, --config <file>', 'configuration file (default: ./inferwatch.yaml if there is one)').env(
        'INFERWATCH_CONFIG',
      ),
    )
}

function parseRooms(text: string): Room[] {
  return text.split(',').map((name) => {
    const room = rooms.find((known) => known === name.trim())
    if (!room) throw new InvalidArgumentError(`"${name}" is no room; expected some of ${rooms.join(', ')}`)
    return room
  })
}

/** Of an option that may be given again. */
function several(text: string, before: string[] = []): string[] {
  return [...before, text]
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

program.parseAsync().catch(fail)
