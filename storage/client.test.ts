import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ClickhouseDb } from './client.ts'

/** Longer than the client keeps a connection that nobody uses. */
const longMs = 3000
const row = '{"n":1}\n'

let stop: (() => Promise<void>) | undefined
afterEach(() => stop?.())

/** Keeps connections for as long as the client does. */
async function ask(listener: RequestListener) {
  const server = createServer(listener)
  server.keepAliveTimeout = 0
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const db = new ClickhouseDb({ url, database: 'd', username: 'u', password: 'p' })
  stop = async () => {
    await db.close()
    server.close()
  }
  return { server, db }
}

test('a query that is given up before it is sent cuts off none that uses its connection later', async () => {
  let asked = 0
  let connections = 0
  const { server, db } = await ask((request, response) => {
    const ms = asked++ === 0 ? 0 : longMs
    request.resume().on('end', () => setTimeout(() => response.end(row), ms))
  })
  server.on('connection', () => connections++)
  await db.query('select 1 as n')
  const givenUp = new AbortController()
  const query = db.query('select 2 as n', {}, { signal: givenUp.signal })
  givenUp.abort()
  await expect(query).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await db.query('select 3 as n')).toEqual([{ n: 1 }])
  expect([asked, connections]).toEqual([2, 1])
})

test('a connection that nobody uses is closed, since a server or what is before it would do so as the next query is sent', async () => {
  const { server, db } = await ask((request, response) => request.resume().on('end', () => response.end(row)))
  await db.query('select 1 as n')
  const open = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)))
  expect(await open()).toBe(1)
  await expect.poll(open).toBe(0)
})
