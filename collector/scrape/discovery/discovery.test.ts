/** What becomes of what providers find. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { discoveryConfig, locateDiscovery, providersOf } from './config.ts'
import { discover, until, type Discovered } from './testing.ts'

let folder: string
let found: Discovered

const write = (name: string, groups: object[]) => writeFileSync(join(folder, name), JSON.stringify(groups))
const file = (name: string, rest: object = {}) => ({ files: [join(folder, name)], ...rest })
const state = (index = 0) => found.discovery.states()[index]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-discovery-'))
})
afterEach(async () => {
  await found?.discovery.stop()
  rmSync(folder, { recursive: true })
})

test('special labels become the address and the settings of a target, the others its labels', async () => {
  const labels = {
    __scheme__: 'https',
    __metrics_path__: '/v1/metrics',
    __param_model: 'a b',
    __endpoint__: 'chat',
    __kind__: 'vllm',
    __meta_rack: 'r1',
    host: 'gpu-1',
  }
  write('a.json', [{ targets: ['a:8000'], labels }, { targets: ['b:8000'] }])
  const target = { endpoint: 'default', labels: { team: 'ml', host: 'unknown' } }
  const relabel_configs = [{ source_labels: ['__meta_rack'], target_label: 'rack' }]
  found = discover({ file: [file('a.json', { name: 'racks', target, relabel_configs })] })
  await until(() => found.changes === 1)
  expect(found.targets).toEqual([
    {
      url: 'https://a:8000/v1/metrics?model=a+b',
      endpoint: 'chat',
      kind: 'vllm',
      labels: { team: 'ml', host: 'gpu-1', rack: 'r1' },
      source: 'racks',
    },
    {
      url: 'http://b:8000/metrics',
      endpoint: 'default',
      kind: undefined,
      labels: { team: 'ml', host: 'unknown' },
      source: 'racks',
    },
  ])
})

test('what is dropped says why, with the labels that the rules saw', async () => {
  write('a.json', [
    { targets: ['a:1'], labels: { rack: 'r1', __param_token: 'secret' } },
    { targets: ['b/c', 'user@d', ''.padEnd(3), 'e:1'] },
  ])
  const relabel_configs = [{ action: 'drop', source_labels: ['rack'], regex: 'r.' }]
  found = discover({ file: [file('a.json', { relabel_configs })] })
  await until(() => found.changes === 1)
  expect(found.urls()).toEqual(['http://e:1/metrics'])
  expect(state()).toMatchObject({ found: 5, targets: 1, dropped: 4, refused: 0, error: '' })
  expect(state()?.dropped_targets.map(({ reason }) => reason)).toEqual([
    'relabel_configs[0], drop: rack is "r1" and matches r.',
    '__address__ is "b/c", expected host:port',
    '__address__ is "user@d", expected host:port',
    '__address__ is "   ", expected host:port',
  ])
  expect(state()?.dropped_targets[0]?.labels).toMatchObject({ rack: 'r1', __address__: 'a:1', __param_token: '…' })
})

test('of many that are dropped, those with GPUs are shown first', async () => {
  const many = Array.from({ length: 150 }, (_, index) => `t${index}:1`)
  write('a.json', [{ targets: many }, { targets: ['g:1'], labels: { __meta_kubernetes_pod_gpus: '8' } }])
  found = discover({ file: [file('a.json', { relabel_configs: [{ action: 'drop' }] })] })
  await until(() => found.changes === 1)
  const shown = state()?.dropped_targets.map(({ labels }) => labels['__address__'])
  expect([shown?.length, shown?.[0], shown?.[1], state()?.dropped]).toEqual([100, 'g:1', 't0:1', 151])
})

test('one address is one target, of the first provider', async () => {
  write('a.json', [{ targets: ['a:80', 'b:1'], labels: { from: 'a' } }])
  write('b.json', [{ targets: ['b:1', 'b:1', 'c:1'], labels: { from: 'b' } }])
  // What is configured anyway does not count towards the limit.
  const config = { max_targets: 2, file: [file('a.json'), file('b.json')] }
  found = discover(config, { taken: ['http://a/metrics'] })
  await until(() => found.targets.length === 3)
  expect(found.targets.map(({ url, labels, source }) => [url, labels['from'], source])).toEqual([
    ['http://a/metrics', 'a', 'file[0]'],
    ['http://b:1/metrics', 'a', 'file[0]'],
    ['http://c:1/metrics', 'b', 'file[1]'],
  ])
})

test('more than the limit are refused, counted and told of; those that run stay', async () => {
  const targets = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `t${from + index}:1`)
  write('a.json', [{ targets: targets(5, 10) }])
  found = discover({ max_targets: 6, file: [file('a.json')] })
  await until(() => found.targets.length === 5)
  write('a.json', [{ targets: targets(0, 10) }])
  await until(() => found.targets.length === 6)
  expect(found.urls()).toEqual(expect.arrayContaining(targets(5, 10).map((address) => `http://${address}/metrics`)))
  expect(state()).toMatchObject({ found: 10, targets: 6, refused: 4 })
  expect(state()?.error).toContain('4 targets are refused: there are more than 6; narrow the search or raise')
  write('a.json', [{ targets: targets(0, 3) }])
  await until(() => found.targets.length === 3)
  expect(state()).toMatchObject({ refused: 0, error: '' })
})

test('changes that follow each other fast are applied together', async () => {
  const clock = new ManualClock()
  let count = 1
  const server = createServer((_, response) => {
    response.end(JSON.stringify([{ targets: Array.from({ length: count }, (_, index) => `t${index}:1`) }]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  found = discover({ http: [{ url, refresh_interval: '1s' }] }, { clock })
  await until(() => found.changes === 1)
  for (count of [2, 3, 4]) {
    clock.advance(1_000)
    await until(() => state()?.found === count)
  }
  expect([found.changes, found.targets.length]).toEqual([1, 1])
  clock.advance(2_000)
  await until(() => found.changes === 2)
  expect(found.targets).toHaveLength(4)

  clock.set(clock.now() - 86_400_000)
  count = 5
  clock.advance(1_000)
  await until(() => state()?.found === count)
  clock.advance(5_000)
  await until(() => found.targets.length === count)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

describe('reload', () => {
  test('other rules are applied to what was found; a provider that is gone takes its targets along', async () => {
    write('a.json', [{ targets: ['a:1', 'b:1'] }])
    write('b.json', [{ targets: ['c:1'] }])
    found = discover({ file: [file('a.json'), file('b.json')] })
    await until(() => found.targets.length === 3)
    const refreshed = state()?.refreshed_at
    const relabel_configs = [{ action: 'drop', source_labels: ['__address__'], regex: 'b.*' }]
    found.discovery.reload(discoveryConfig.parse({ file: [file('a.json', { relabel_configs })] }))
    await until(() => found.urls().join() === 'http://a:1/metrics')
    expect(state()?.refreshed_at).toBe(refreshed)
    expect(found.discovery.states()).toHaveLength(1)
  })

  test('a provider that asks elsewhere keeps its targets until it is answered', async () => {
    write('a.json', [{ targets: ['a:1'] }])
    found = discover({ file: [file('a.json')] })
    await until(() => found.targets.length === 1)
    found.discovery.reload(discoveryConfig.parse({ http: [], file: [{ files: [join(folder, 'b*.json')] }] }))
    expect(found.urls()).toEqual(['http://a:1/metrics'])
    await until(() => found.targets.length === 0)
  })
})

test('nothing comes after stop, which may be called twice', async () => {
  write('a.json', [{ targets: ['a:1'] }])
  found = discover({ file: [file('a.json')] })
  await found.discovery.stop()
  await found.discovery.stop()
  found.discovery.reload(discoveryConfig.parse({}))
  expect(found.changes).toBe(0)
})

describe('configuration', () => {
  test('a name stands for one provider', () => {
    const config = { file: [{ files: ['a.json'], name: 'x' }], dns: [{ names: ['a'], name: 'x' }] }
    expect(discoveryConfig.safeParse(config).error?.issues).toMatchObject([
      { path: ['dns', 0, 'name'], message: '"x" is used twice' },
    ])
    expect(discoveryConfig.safeParse({ file: [{ files: ['a.json'], name: 'static' }] }).success).toBe(false)
    expect(providersOf(discoveryConfig.parse({ file: [{ files: ['a.json'] }] }))[0]?.name).toBe('file[0]')
  })

  test('paths start at the folder of the file', () => {
    const {
      file: [one],
      http: [two],
      kubernetes: [three],
    } = locateDiscovery(
      discoveryConfig.parse({
        file: [{ files: ['t/*.json'] }],
        http: [{ url: 'http://a/', basic_auth: { username: 'u', password_file: 'p' }, ca_file: '/ca' }],
        kubernetes: [{ token_file: 'token' }],
      }),
      '/etc/inferwatch',
    )
    expect(one?.files).toEqual(['/etc/inferwatch/t/*.json'])
    expect(two).toMatchObject({ ca_file: '/ca', basic_auth: { password_file: '/etc/inferwatch/p' } })
    expect(three).toMatchObject({
      token_file: '/etc/inferwatch/token',
      ca_file: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
    })
  })
})
