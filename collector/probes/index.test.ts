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
        if (full()) throw new Error('full')
        rows.push(...(batch.probes ?? []))
      },
    },
    price: () => undefined,
    issues: { add: (_source, _reason, items) => void dropped.push(items) },
    clock,
    log: pino({ level: 'silent' }),
  })
  const stored = (count: number) => eventually(`${count} rows`, async () => (rows.length >= count ? rows : null))
  return { clock, rows, dropped, endpoints, stored }
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
  const { clock, rows, dropped, stored } = start(await upstream(), () => full)
  for (let round = 0; round < 3; round++) clock.advance(60_000)
  await eventually('it was asked', async () => (rows.length === 0 ? true : null))
  full = false
  clock.advance(60_000)
  await stored(4)
  expect(dropped).toEqual([])
})
