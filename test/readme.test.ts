/** Every command and every configuration of the README works as written, on a running instance. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../config.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'
import { eventually } from './support/eventually.ts'

const root = new URL('..', import.meta.url).pathname
const readme = readFileSync(join(root, 'README.md'), 'utf8')
/** Fenced blocks in order: what stands after the fence, and the text. */
const fences = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const blocks = (language: string) => fences.filter((fence) => fence.language === language).map((fence) => fence.text)
const run = promisify(execFile)

test('the two commands are the first ones', () => {
  expect(blocks('')).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n'])
})

describe('shell commands', () => {
  let folder: string
  let instance: Instance
  beforeAll(async () => {
    folder = instanceFolder()
    writeFileSync(
      join(folder, 'requests.csv'),
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.0319600,3180,8\n',
    )
    instance = await startInstance(folder)
  })
  afterAll(async () => {
    await instance.stop()
    removeFolder(folder)
  })

  /** As written, but for the ports, which are this instance's, and the file to import. */
  const here = (command: string) =>
    command
      .replaceAll('http://127.0.0.1:8080', instance.urls.dashboard)
      .replaceAll('http://127.0.0.1:8123', instance.urls.clickhouse)
      .replaceAll('http://127.0.0.1:4318', instance.urls.otlp_http)
      .replaceAll(' requests.csv ', ` ${join(folder, 'requests.csv')} `)

  test.each(blocks('sh').flatMap((block) => block.trim().split('\n')))('%s', async (command) => {
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', here(command)], {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${root}node_modules/.bin:${process.env['PATH']}`,
        INFERWATCH_CONFIG: join(folder, 'inferwatch.yaml'),
      },
    })
    expect(stdout).not.toMatch(/Code: \d+|DB::Exception/)
  })

  test('what they sent is there', async () => {
    const rows = await eventually('three requests', async () => {
      const found = await sql<{ dialect: string; n: number }>(
        instance,
        'SELECT dialect, count() AS n FROM requests GROUP BY dialect ORDER BY dialect',
      )
      return found.length === 2 ? found : null
    })
    expect(rows).toEqual([
      { dialect: 'gen_ai', n: 1 },
      { dialect: 'import', n: 2 },
    ])
  })
})

describe('configuration files', () => {
  const files = blocks('yaml').map((text) => ({ name: /^# (\S+)\n/.exec(text)?.[1] ?? '', text }))
  const env = {
    SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T0/B0/x',
    SLACK_BOT_TOKEN: 'xoxb-1',
    HOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    HEARTBEAT_URL: 'https://beats.example.com/ping',
    PAGERDUTY_ROUTING_KEY: '0'.repeat(32),
    CLICKHOUSE_PASSWORD: 'x',
    OPENAI_API_KEY: 'x',
    SCRAPE_TOKEN: 'x',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  }

  test.each(files.filter((file) => file.name === 'inferwatch.yaml'))('$text', ({ text }) => {
    expect(() => parseConfig(text, 'inferwatch.yaml', env)).not.toThrow()
  })

  test('together, with their rules, they pass check-config', async () => {
    const folder = instanceFolder()
    for (const name of ['rules', 'tests']) mkdirSync(join(folder, name))
    const merged = files
      .filter((file) => file.name === 'inferwatch.yaml')
      .map((file) => parse(file.text) as unknown)
      .reduce(joined, {})
    for (const named of ['ca.pem', 'token']) writeFileSync(join(folder, named), 'x')
    writeFileSync(join(folder, 'inferwatch.yaml'), JSON.stringify(merged))
    for (const file of files.filter((file) => /^(rules|tests)\//.test(file.name)))
      writeFileSync(join(folder, file.name), file.text)
    const { stdout } = await run(
      process.execPath,
      [join(root, 'main.ts'), 'check-config', '--config', join(folder, 'inferwatch.yaml')],
      {
        env: { ...process.env, ...env },
      },
    )
    expect(stdout).toMatch(/: ok, \d+ alert rules\n$/)
    const tests = files.filter((file) => file.name.startsWith('tests/')).map(({ name }) => join(folder, name))
    const tested = await run(process.execPath, [join(root, 'main.ts'), 'alerts', 'test', ...tests])
    expect(tested.stdout).toMatch(/1 passed/)
    removeFolder(folder)
  })
})

/** One configuration of two: lists one after the other, where items of one name are one. */
function joined(one: unknown, other: unknown): unknown {
  if (Array.isArray(one) && Array.isArray(other)) {
    const items: unknown[] = [...(one as unknown[])]
    for (const item of other as unknown[]) {
      const at = items.findIndex((known) => nameOf(known) !== undefined && nameOf(known) === nameOf(item))
      if (at === -1) items.push(item)
      else items[at] = joined(items[at], item)
    }
    return items
  }
  if (!isObject(one) || !isObject(other)) return other
  return Object.fromEntries(
    [...new Set([...Object.keys(one), ...Object.keys(other)])].map((key) => [
      key,
      key in one && key in other ? joined(one[key], other[key]) : (other[key] ?? one[key]),
    ]),
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const nameOf = (item: unknown) => (isObject(item) ? (item['name'] ?? item['url']) : undefined)
