/** Commands as typed, each a process of its own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pino } from 'pino'
import { loadConfig } from '../config.ts'
import { startStorage } from '../storage/index.ts'
import { instanceFolder, removeFolder } from './support/instance.ts'

const main = new URL('../main.ts', import.meta.url).pathname
const run = promisify(execFile)

let folder: string
const calls = {
  name: 'calls',
  table: 'requests',
  to: './exports',
  format: 'csv',
  compression: 'none',
  columns: ['model'],
}
beforeAll(() => {
  folder = instanceFolder({
    alerts: { rules: ['rules.yaml'], shipped_rules: false },
    export: { jobs: [calls] },
  })
})
afterAll(() => removeFolder(folder))

/** Its output; of a command that fails, what it says on stderr. */
async function inferwatch(...args: string[]): Promise<string> {
  const config = ['--config', join(folder, 'inferwatch.yaml')]
  return run(process.execPath, [main, ...args, ...config]).then(
    ({ stdout }) => stdout,
    (error: { stderr: string }) => error.stderr,
  )
}

test('check-config warns of a text that cannot be rendered', async () => {
  const rule = { alert: 'A', kind: 'latency', above: '1s', annotations: { summary: '{{ valu }}' } }
  writeFileSync(join(folder, 'rules.yaml'), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }))
  expect(await inferwatch('check-config')).toBe(
    'warning: rules.yaml:1: g/A: summary: "valu" is not labels.<name>, details.<name>, value or threshold\n' +
      `${join(folder, 'inferwatch.yaml')}: ok, 1 alert rules\n`,
  )
})

test('check-config warns of a target whose endpoint is not declared', async () => {
  const file = join(folder, 'endpoint.yaml')
  writeFileSync(
    file,
    'alerts: { shipped_rules: false }\nendpoints: [{ name: llama-70b }]\nscrape: { targets: [{ url: "http://a:1/metrics", endpoint: llama70b }] }\n',
  )
  const { stdout } = await run(process.execPath, [main, 'check-config', '--config', file])
  expect(stdout).toBe(
    `warning: ${file}:3: scrape.targets.0.endpoint: "llama70b" is not under endpoints, where the nearest is "llama-70b"; that is right only if traffic calls it so\n` +
      `${file}: ok, 0 alert rules\n`,
  )
})

test('alerts import: what an alertmanager.yml becomes, and that is a configuration', async () => {
  const file = join(folder, 'alertmanager.yml')
  const receivers = "receivers: [{ name: ops, webhook_configs: [{ url: 'https://example.com' }] }]"
  writeFileSync(file, `route: { receiver: ops, routes: [{ matchers: ['a="b"'], group_wait: 1h30m }] }\n${receivers}\n`)
  const text = await inferwatch('alerts', 'import', file)
  writeFileSync(join(folder, 'imported.yaml'), text)
  const { config } = loadConfig(join(folder, 'imported.yaml'))
  expect(config.alerts.route).toMatchObject({ receiver: 'ops', routes: [{ matchers: ['a="b"'], group_wait: '90m' }] })
  writeFileSync(file, `templates: [x]\nroute: { receiver: nobody }\n${receivers}\n`)
  const { stderr } = await run(process.execPath, [main, 'alerts', 'import', file])
  expect(stderr.split('\n')).toEqual([
    `${file}:1: templates.0: templates are not carried over`,
    expect.stringContaining(`${file}:2: route.receiver: to be mended in the result: "nobody" is no receiver`),
    '1 receiver and the routes to them; 2 notes',
    '',
  ])
})

test('import: a format that the file’s name does not tell, and options given twice', async () => {
  const file = join(folder, 'requests.txt')
  writeFileSync(file, 'at,prompt,answer\n2026-11-21T10:00:00Z,100,20\n')
  const map = ['--map', 'timestamp=at', '--map', 'input_tokens=prompt,output_tokens=answer']
  const set = ['--set', 'model=gpt-4o,provider=openai']
  expect(await inferwatch('import', file, ...map, ...set)).toMatch(/^error: .*--format/)
  expect(await inferwatch('import', file, '--format', 'csv', ...map, ...set)).toMatch(/imported +1\n/)
  expect(await inferwatch('sql', 'SELECT model, input_tokens, output_tokens FROM v_requests')).toBe(
    'model   input_tokens  output_tokens\n──────  ────────────  ─────────────\ngpt-4o           100             20\n(1 row)\n',
  )
  expect(await inferwatch('sql', 'SELECT model FROM requests', '--format', 'json')).toBe('{"model":"gpt-4o"}\n')
  const secrets = join(folder, 'secrets.yaml')
  writeFileSync(secrets, 'data_dir: ./data\nendpoints: [{ name: a, api_key: "${NOT_AT_HAND}" }]\n')
  const { stdout } = await run(process.execPath, [main, 'sql', 'SELECT 1 AS one FORMAT CSV', '--config', secrets])
  expect(stdout).toBe('1\n')
  expect(await inferwatch('sql', 'SELECT modle FROM v_requests')).toMatch(
    /^error: Unknown expression identifier `modle`.* \(line 1, column 8\)\n  SELECT modle FROM v_requests\n         \^{5}\n$/,
  )
  expect(await inferwatch('schema')).toContain('### v_spend_daily')
})

test('export: a folder beside the configuration, filled for a range', async () => {
  const range = ['--from', '2026-11-20', '--to', '2026-11-23']
  expect(await inferwatch('export', 'run', 'calls', ...range)).toBe(
    `calls: 3 periods written with 1 row, 0 unchanged, in ${join(folder, 'exports/calls')}\n`,
  )
  expect(readFileSync(join(folder, 'exports/calls/2026-11-21.csv'), 'utf8')).toBe('"model"\n"gpt-4o"\n')
  expect(await inferwatch('export', 'list')).toMatch(
    /^calls +requests per day, csv +1 +1 +17 +2026-11-20 +2026-11-22 /m,
  )
  expect(await inferwatch('export', 'run', 'call')).toBe('error: there is no job call; known: calls\n')
})

test.each([
  [
    '--format',
    'xml',
    /^error: --format: "xml" is none of csv, tsv, json, jsonl, parquet, litellm, .*openai-usage, openai-batch, anthropic-batch\n$/,
  ],
  ['--map', 'timestamp', /^error: --map: "timestamp" is not field=value\n$/],
])('import %s %s is refused in one line', async (option, value, why) => {
  expect(await inferwatch('import', join(folder, 'none.csv'), option, value)).toMatch(why)
})

test.each([
  ['check-config', []],
  ['sql', ['SELECT 1']],
])('%s into a pipe that nobody reads ends without a word', async (command, words) => {
  const args = [main, command, ...words, '--config', join(folder, 'inferwatch.yaml')]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  child.stdout.destroy()
  expect(await text(child.stderr)).toBe('')
  expect(await ended).toEqual([0, null])
})

test('a database of a newer version is refused in one line', async () => {
  const { config } = loadConfig(join(folder, 'inferwatch.yaml'))
  const { clickhouse, retention, data_dir, listen } = config
  const log = pino({ level: 'silent' })
  const storage = await startStorage({ clickhouse, retention, data_dir, listen: listen.clickhouse, log })
  await storage.db.command("INSERT INTO schema_migrations (name, checksum) VALUES ('9999_future.sql', '')")
  await storage.stop()
  expect(await inferwatch('sql', 'SELECT 1')).toBe(
    'error: the database has migration 9999_future.sql, which this version does not know: run a newer Inferwatch\n',
  )
})
