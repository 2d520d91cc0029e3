/** HTTP/1.1 as it stands on the wire, read by hand: for tests that must not see it through the parser that they test. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface Message {
  start: string
  headers: [string, string][]
  body: string
  trailers: [string, string][]
  /** False when the connection ended before the message did. */
  complete: boolean
}

export interface Reading {
  /** Of which the answer is; unset for a request. */
  answerTo?: string
  /** Nothing more will come: false when it broke. */
  ended?: boolean | undefined
}

/** The first message and the bytes after it; null while it is not all there. Bytes are the characters of latin1. */
export function readMessage(bytes: string, { answerTo, ended }: Reading): { message: Message; rest: string } | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  const message: Message = { start: '', headers: [], body: '', trailers: [], complete: false }
  if (headEnd < 0) return ended === undefined ? null : { message, rest: '' }
  const [start = '', ...lines] = bytes.slice(0, headEnd).split('\r\n')
  message.start = start
  message.headers = lines.map(field)
  const rest = bytes.slice(headEnd + 4)
  const status = Number(start.split(' ')[1])
  const finish = (body: string, after: string, complete = true) => {
    message.body = body
    message.complete = complete
    return { message, rest: after }
  }
  const isBodiless = answerTo === 'HEAD' || status < 200 || status === 204 || status === 304
  if (answerTo !== undefined && isBodiless) return finish('', rest)
  const length = valueOf(message, 'content-length')
  if (valueOf(message, 'transfer-encoding') !== undefined) {
    const chunks = readChunks(rest)
    if (!chunks.complete) return ended === undefined ? null : finish(chunks.body, '', false)
    message.trailers = chunks.trailers
    return finish(chunks.body, chunks.rest)
  }
  if (length !== undefined || answerTo === undefined) {
    const size = Number(length ?? 0)
    if (rest.length >= size) return finish(rest.slice(0, size), rest.slice(size))
    return ended === undefined ? null : finish(rest, '', false)
  }
  return ended === undefined ? null : finish(rest, '', ended)
}

export function valueOf({ headers }: Message, name: string): string | undefined {
  return headers.find(([known]) => known.toLowerCase() === name)?.[1]
}

function readChunks(text: string) {
  const result = { body: '', trailers: [] as [string, string][], rest: '', complete: false }
  let at = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return result
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    at = lineEnd + 2
    if (size === 0) break
    result.body += text.slice(at, at + size)
    if (text.length < at + size + 2) return result
    at += size + 2
  }
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return result
    const line = text.slice(at, lineEnd)
    at = lineEnd + 2
    if (line === '') return { ...result, rest: text.slice(at), complete: true }
    result.trailers.push(field(line))
  }
}

function field(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

export interface WireServer {
  port: number
  url: string
  sockets: Set<Socket>
  stop(): Promise<void>
}

/** A server of bare connections. */
export async function startWireServer(onConnection: (socket: Socket) => void): Promise<WireServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    onConnection(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    sockets,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
