import { createSocket, type Socket } from 'node:dgram'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { discoveryConfig } from './config.ts'
import { startDnsProvider } from './dns.ts'
import type { Provider } from './provider.ts'
import { hear, until, type Heard } from './testing.ts'

/** Record data by name; a number is the code of a failure. */
type Zone = Record<string, Buffer[] | number>

const types = { A: 1, AAAA: 28, SRV: 33 }

let zone: Zone
let socket: Socket
let servers: string[]
let heard: Heard
let provider: Provider
let clock: ManualClock

const start = (config: object) => {
  const [one] = discoveryConfig.parse({ dns: [{ servers, ...config }] }).dns
  if (!one) throw new Error('no provider')
  ;({ heard, provider } = hear((events, services) => startDnsProvider(one, events, services), clock))
}

beforeEach(async () => {
  zone = {}
  clock = new ManualClock()
  socket = createSocket('udp4')
  socket.on('message', (query, peer) => socket.send(reply(query, zone), peer.port, peer.address))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  servers = [`127.0.0.1:${socket.address().port}`]
})
afterEach(async () => {
  await provider.stop()
  socket.close()
})

test('SRV records name host and port', async () => {
  zone['SRV _metrics._tcp.vllm.test'] = [srv('b.vllm.test', 8001), srv('a.vllm.test', 8000)]
  start({ names: ['_metrics._tcp.vllm.test'] })
  await until(() => heard.times === 1)
  expect(heard.labels).toEqual(
    ['a', 'b'].map((name, index) => ({
      __address__: `${name}.vllm.test:800${index}`,
      __meta_dns_name: '_metrics._tcp.vllm.test',
      __meta_dns_srv_record_target: `${name}.vllm.test`,
      __meta_dns_srv_record_port: `800${index}`,
    })),
  )
})

test('a lookup that fails keeps the targets of its name; a name without records has none', async () => {
  zone['A one.test'] = [Buffer.from([10, 0, 0, 2]), Buffer.from([10, 0, 0, 1])]
  zone['A two.test'] = [Buffer.from([10, 0, 0, 3])]
  start({ names: ['one.test', 'two.test'], type: 'A', port: 9400 })
  await until(() => heard.times === 1)
  expect(heard.addresses()).toEqual(['10.0.0.1:9400', '10.0.0.2:9400', '10.0.0.3:9400'])
  zone['A one.test'] = 3
  zone['A two.test'] = []
  clock.advance(30_000)
  await until(() => heard.times === 2)
  expect(heard.addresses()).toEqual(['10.0.0.1:9400', '10.0.0.2:9400'])
  expect(heard.error).toBe('one.test: no such name: check it, and write it in full; its 2 targets of before stay')
  zone['A one.test'] = [Buffer.from([10, 0, 0, 1])]
  clock.advance(30_000)
  await until(() => heard.times === 3)
  expect([heard.addresses(), heard.error]).toEqual([['10.0.0.1:9400'], ''])
})

test('AAAA addresses stand in brackets', async () => {
  zone['AAAA six.test'] = [Buffer.from('20010db8000000000000000000000001', 'hex')]
  start({ names: ['six.test'], type: 'AAAA', port: 8000 })
  await until(() => heard.times === 1)
  expect(heard.addresses()).toEqual(['[2001:db8::1]:8000'])
})

test('A records need a port', () => {
  provider = { stop: () => Promise.resolve() }
  expect(discoveryConfig.safeParse({ dns: [{ names: ['a'], type: 'A' }] }).error?.issues[0]).toMatchObject({
    path: ['dns', 0, 'port'],
  })
})

function srv(host: string, port: number): Buffer {
  const head = Buffer.alloc(6)
  head.writeUInt16BE(port, 4)
  return Buffer.concat([head, encodeName(host)])
}

function encodeName(name: string): Buffer {
  const parts = name.split('.').map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]))
  return Buffer.concat([...parts, Buffer.from([0])])
}

function reply(query: Buffer, records: Zone): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length))
    at += length + 1
  }
  const type = query.readUInt16BE(at + 1)
  const typeName = Object.entries(types).find(([, code]) => code === type)?.[0] ?? ''
  const found = records[`${typeName} ${labels.join('.')}`.toLowerCase().replace(/^\w+/, typeName)] ?? 3
  const data = typeof found === 'number' ? [] : found
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180 + (typeof found === 'number' ? found : 0), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data.length, 6)
  const answers = data.map((record) => {
    const fixed = Buffer.alloc(12)
    fixed.writeUInt16BE(0xc00c, 0)
    fixed.writeUInt16BE(type, 2)
    fixed.writeUInt16BE(1, 4)
    fixed.writeUInt32BE(5, 6)
    fixed.writeUInt16BE(record.length, 10)
    return Buffer.concat([fixed, record])
  })
  return Buffer.concat([head, query.subarray(12, at + 5), ...answers])
}
