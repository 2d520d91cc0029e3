import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { discoveryConfig } from './config.ts'
import { startFileProvider } from './file.ts'
import type { Provider } from './provider.ts'
import { hear, until, type Heard } from './testing.ts'

let folder: string
let heard: Heard
let provider: Provider
let clock: ManualClock

const at = (name: string) => join(folder, name)
const write = (name: string, text: string) => writeFileSync(at(name), text)
const start = (...files: string[]) => {
  const [config] = discoveryConfig.parse({ file: [{ files: files.map(at) }] }).file
  if (!config) throw new Error('no provider')
  ;({ heard, provider } = hear((events, services) => startFileProvider(config, events, services), clock))
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-file-sd-'))
  clock = new ManualClock()
})
afterEach(async () => {
  await provider?.stop()
  rmSync(folder, { recursive: true })
})

test('JSON and YAML by pattern', async () => {
  write('a.json', '[{"targets": ["a:1", "b:2"], "labels": {"rack": "r1", "__endpoint__": "chat"}}]')
  write('b.yml', '- targets: [c:3]\n')
  write('c.txt', 'not asked for')
  start('*.json', '*.yml')
  await until(() => heard.times === 1)
  expect(heard.labels).toEqual([
    { __address__: 'a:1', rack: 'r1', __endpoint__: 'chat', __meta_filepath: at('a.json') },
    { __address__: 'b:2', rack: 'r1', __endpoint__: 'chat', __meta_filepath: at('a.json') },
    { __address__: 'c:3', __meta_filepath: at('b.yml') },
  ])
  expect(heard.error).toBe('')
})

test('a change is seen at once; a broken file keeps its targets and says so; others go on', async () => {
  write('a.json', '[{"targets": ["a:1"]}]')
  write('b.json', '[{"targets": ["b:1"]}]')
  start('*.json')
  await until(() => heard.times === 1)
  // Under another name first, as editors and Kubernetes do.
  write('a.tmp', '[{"targets": ["a:2"]}]')
  renameSync(at('a.tmp'), at('a.json'))
  await until(() => heard.addresses().includes('a:2'))
  write('a.json', '[{"targets": ["a:3"]')
  write('b.json', '[{"targets": ["b:2"]}]')
  await until(() => heard.error !== '' && heard.addresses().includes('b:2'))
  expect(heard.addresses()).toEqual(['a:2', 'b:2'])
  expect(heard.error).toMatch(/a\.json: .+; its target of before stays$/)
  write('a.json', '[]')
  await until(() => heard.error === '')
  expect(heard.addresses()).toEqual(['b:2'])
  rmSync(at('b.json'))
  await until(() => heard.labels.length === 0)
})

test('read again on the interval, where nothing tells of a change', async () => {
  write('a.json', '[{"targets": ["a:1"]}]')
  start('a.json', 'gone.json')
  await until(() => heard.times === 1)
  expect(heard.error).toBe(`${at('gone.json')}: there is no such file`)
  clock.advance(30_000)
  await until(() => heard.times === 2)
  // The label sets of a file that did not change are the same objects.
  const [before] = heard.labels
  clock.advance(30_000)
  await until(() => heard.times === 3)
  expect(heard.labels[0]).toBe(before)
})

describe('a file of another form is said to be so', () => {
  test.each([
    ['{"targets": []}', /the whole: .*expected array/],
    ['[{"targets": "a:1"}]', /\[0\]\.targets: .*expected array/],
    ['[{"targets": ["a:1"], "labels": {"a-b": "c"}}]', /\[0\]\.labels.*a-b/],
    ['[{"targets": ["a:1"], "labels": {"a": 1}}]', /\[0\]\.labels\.a: .*expected string/],
  ])('%s', async (text, message) => {
    write('a.json', text)
    start('a.json')
    await until(() => heard.error !== '')
    expect(heard.error).toMatch(message)
  })
})
