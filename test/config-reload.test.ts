import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig, watchConfig, type Config } from '../config.ts'
import { eventually } from './support/eventually.ts'

let folder: string
let watcher: { stop(): void }
let applied: Config[]
let said: string
const file = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-watch-'))
  applied = []
  said = ''
  mkdirSync(file('rules'))
  writeFileSync(file('inferwatch.yaml'), 'alerts: { rules: ["rules/*.yaml", "later/**/*.yaml"] }\n')
  watch()
})
afterEach(() => {
  watcher.stop()
  rmSync(folder, { recursive: true })
})

function watch(): void {
  watcher = watchConfig(loadConfig(file('inferwatch.yaml')), {
    async apply(next) {
      await Promise.resolve()
      if (next.log_level === 'silent') throw new Error('refused')
      applied.push(next)
    },
    log: pino({ base: null }, { write: (line: string) => (said += line) }),
  })
}

const reloads = (count: number) =>
  eventually(`reload ${count}`, () => Promise.resolve(applied.length >= count || null), 5_000)
const saying = (words: string) => eventually(words, () => Promise.resolve(said.includes(words) || null), 5_000)

test('the file itself, replaced as editors do', async () => {
  writeFileSync(file('new'), 'log_level: debug\n')
  renameSync(file('new'), file('inferwatch.yaml'))
  await reloads(1)
  expect(applied[0]?.log_level).toBe('debug')
})

test('what a file hardly means is said at the start, and again with each reload', async () => {
  const warned = () => said.split('scrape.targets.0.endpoint: \\"chat\\" is not under endpoints').length - 1
  watcher.stop()
  writeFileSync(file('inferwatch.yaml'), 'scrape: { targets: [{ url: "http://a/metrics", endpoint: chat }] }\n')
  watch()
  expect(warned()).toBe(1)
  writeFileSync(file('inferwatch.yaml'), 'scrape: { targets: [{ url: "http://b/metrics", endpoint: chat }] }\n')
  await reloads(1)
  expect(warned()).toBe(2)
})

test('a rule file alone, in a folder that is made later too', async () => {
  writeFileSync(file('rules/a.yaml'), 'groups: []\n')
  await reloads(1)
  mkdirSync(file('later'))
  await reloads(2)
  writeFileSync(file('later/b.yaml'), 'groups: []\n')
  await reloads(3)
  expect(said).not.toContain('the old one stays')
})

test('a mounted ConfigMap swaps a link', async () => {
  mkdirSync(file('..data_new'))
  renameSync(file('..data_new'), file('..data'))
  await reloads(1)
  expect(applied[0]?.alerts.rules).toHaveLength(2)
})

test('other files are none of its business', async () => {
  writeFileSync(file('rules/a.txt'), '')
  writeFileSync(file('notes.yaml'), '')
  // Only what comes after them is applied: the one save below.
  writeFileSync(file('inferwatch.yaml'), 'log_level: debug\n')
  await saying('configuration reloaded')
  expect(applied).toHaveLength(1)
})

test('a broken file and a refused one are logged, and the next one is taken', async () => {
  writeFileSync(file('inferwatch.yaml'), 'nonsense: 1\n')
  await saying('nonsense: unknown key')
  writeFileSync(file('inferwatch.yaml'), 'log_level: silent\n')
  await saying('the old one stays: refused')
  writeFileSync(file('inferwatch.yaml'), 'data_dir: ./elsewhere\n')
  await saying('data_dir changed: restart to apply it')
  expect(applied).toHaveLength(1)
})

test('keys that go together with the address they guard stay until the restart', async () => {
  watcher.stop()
  const guarded = 'listen: { otlp_http: "0.0.0.0:4318" }\ningest: { api_keys: [0123456789abcdef] }\n'
  writeFileSync(file('inferwatch.yaml'), guarded)
  watch()
  writeFileSync(file('inferwatch.yaml'), 'listen: { otlp_http: "127.0.0.1:4318" }\n')
  await saying('the old one stays: listen.otlp_http: 0.0.0.0:4318 is reachable from other machines')
  expect(applied).toEqual([])
})

test('what is fixed is warned of while it differs from what runs', async () => {
  writeFileSync(file('inferwatch.yaml'), 'spool: { segment_ms: 5 }\n')
  await saying('spool changed: restart to apply it')
  expect(applied[0]?.spool.segment_ms).toBe(1000)
  said = ''
  writeFileSync(file('inferwatch.yaml'), 'spool: { segment_ms: 1000 }\n')
  await reloads(2)
  await saying('configuration reloaded')
  expect(said).not.toContain('changed')
})
