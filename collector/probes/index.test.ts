import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import type { Probe } from '../../records/probe.ts'
import { eventually } from '../../test/support/eventually.ts'
import { endpointConfig } from '../config.ts'
import { ManualClock } from '../scrape/clock.ts'
import type { Batch } from '../spool/index.ts'
import { startProbes, type Probes } from './index.ts'

let server: Server
let probes: Probes
afterEach(async () => {
  await probes.stop()
  server.closeAllConnections()
  server.close()
})

async function upstream(): Promise<string> {
  server = createServer((request, response) => response.writeHead(request.url === '/bad' ? 500 : 200).end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function start(url: string, full: () => boolean = () => false) {
  const clock = new ManualClock()
  const rows: Probe[] = []
  const dropped: number[] = []
  let refusals = 0
  const endpoints = (...paths: string[]) => [
    endpointConfig.parse({
      name: 'e',
      upstream: url,
      probes: paths.map((path) => ({ type: 'http', name: path, path })),
    }),
  ]
  probes = startProbes({
    endpoints: endpoints('/a'),
    spool: {
      append: async (batch: Batch) => {
        if (full()) {
          refusals++
          throw new Error('full')
        }
        rows.push(...(batch.probes ?? []))
      },
    },
    price: () => undefined,
    issues: { add: (_source, _reason, items) => void dropped.push(items) },
    clock,
    log: pino({ level: 'silent' }),
  })
  const stored = (count: number) => eventually(`${count} rows`, async () => (rows.length >= count ? rows : null))
  return { clock, rows, dropped, refused: () => refusals, endpoints, stored }
}

test('at once, then every interval; what a reload leaves as it is goes on', async () => {
  const { clock, rows, endpoints, stored } = start(await upstream())
  await stored(1)
  clock.advance(59_000)
  clock.advance(1_000)
  await stored(2)
  expect((rows[1]?.timestamp ?? 0) - (rows[0]?.timestamp ?? 0)).toBe(60_000_000)
  probes.reload(endpoints('/a', '/bad'))
  await stored(3)
  expect(rows[2]).toMatchObject({ probe: '/bad', ok: false, status: 'error', http_status: 500 })
  clock.advance(60_000)
  await stored(5)
  probes.reload(endpoints('/bad'))
  clock.advance(60_000)
  await stored(6)
  expect(rows.map(({ probe }) => probe).toSorted()).toEqual(['/a', '/a', '/a', '/bad', '/bad', '/bad'])
})

test('rows wait for a spool that is full', async () => {
  let full = true
  const { clock, dropped, refused, stored } = start(await upstream(), () => full)
  for (let round = 1; round <= 3; round++) {
    await eventually(`${round} do not fit`, async () => (refused() === round ? true : null))
    clock.advance(60_000)
  }
  await eventually('4 do not fit', async () => (refused() === 4 ? true : null))
  full = false
  clock.advance(60_000)
  await stored(5)
  expect(dropped).toEqual([])
})

test('a disk that hangs does not let probes pile up', async () => {
  let release = () => undefined as void
  const hangs = new Promise<void>((resolve) => (release = resolve))
  const url = await upstream()
  let asked = 0
  server.on('request', () => asked++)
  const clock = new ManualClock()
  let appends = 0
  probes = startProbes({
    endpoints: [endpointConfig.parse({ name: 'e', upstream: url, probes: [{ type: 'http' }] })],
    spool: { append: () => (appends++, hangs) },
    price: () => undefined,
    issues: { add: () => undefined },
    clock,
    log: pino({ level: 'silent' }),
  })
  await eventually('the first is being stored', async () => (appends === 1 ? true : null))
  for (let round = 0; round < 100; round++) clock.advance(60_000)
  release()
  // Those that had piled up would be asked for now, one after the other.
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(asked).toBe(1)
  clock.advance(60_000)
  await eventually('it goes on', async () => (appends === 2 ? true : null))
})
