import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { BodyReader, unframed } from './body.ts'
import { ByteGate } from './gate.ts'

let server: Server | undefined
afterEach(() => server?.close())

async function start(gate: ByteGate) {
  const bodies = new BodyReader(gate)
  const read: number[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const declared = Number(request.headers['content-length'] ?? 0)
      const body = await bodies.read(request, { declared, maxBytes: 2 ** 24, framing: unframed(false) })
      if (!body) return
      read.push(body.bytes.length)
      body.recycle()
      body.release()
      response.end()
    } catch {
      response.writeHead(503).end()
    }
  }
  server = createServer((request, response) => void handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  /** Announces a body and sends its beginning. */
  const begin = async (length: number, sent: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`)
    socket.write(Buffer.alloc(sent))
    return socket
  }
  const whole = (bytes: number) => fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: Buffer.alloc(bytes) })
  return { read, begin, whole }
}

test('clients that go away, held or half-way, give their memory back', async () => {
  const gate = new ByteGate(2 ** 22, 100)
  const { read, begin, whole } = await start(gate)
  const halfWay = await begin(5_000_000, 2_500_000)
  await expect.poll(() => gate.bytes).toBe(2 ** 22)
  const waiting = await begin(100, 100)
  await expect.poll(() => gate.held).toBe(1)
  const growing = whole(3_000_000)
  await expect.poll(() => gate.held).toBe(2)
  waiting.destroy()
  halfWay.destroy()
  expect((await growing).status).toBe(200)
  await expect.poll(() => [gate.bytes, gate.held]).toEqual([0, 0])
  expect(read).toEqual([3_000_000])
})

test('announcing a large body takes no more memory than a small one', async () => {
  const gate = new ByteGate(8 * 2 ** 20, 100)
  const { begin, whole } = await start(gate)
  const sockets = await Promise.all(Array.from({ length: 6 }, () => begin(2 ** 24, 10)))
  expect((await whole(1000)).status).toBe(200)
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => gate.bytes).toBe(0)
})
