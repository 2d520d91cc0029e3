/** Requests and answers with bytes changed, cut out and doubled: whatever becomes of one, the next sound one is answered. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { random } from '../otlp/testing.ts'
import { startProxied, type ProxiedOptions } from './testing.ts'
import { makeExchange } from './testing-exchanges.ts'
import { startWireServer } from './testing-wire.ts'

export interface Fuzzed {
  /** By the first line of what the client got; empty where nothing came. */
  outcomes: Record<string, number>
  /** Sound requests in between that were not answered as they should be. */
  lost: number
}

const soundEvery = 20
const sound = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsound'

export async function fuzz(rounds: number, first = 1, options: ProxiedOptions = {}): Promise<Fuzzed> {
  let answer = sound
  const upstream = await startWireServer((socket) => {
    socket.once('data', () => {
      socket.end(Buffer.from(answer, 'latin1'))
      socket.resume()
    })
    socket.on('end', () => socket.end())
  })
  const proxied = await startProxied(upstream.url, options)
  const result: Fuzzed = { outcomes: {}, lost: 0 }
  for (let seed = first; seed < first + rounds; seed++) {
    const { method, path, headers, body, status, answerHeaders, answerBody } = makeExchange(seed)
    const change = mutator(seed)
    const fields = (pairs: [string, string][]) => pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const request = `${method} /proxy/stand-in${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields(headers)}\r\n${body}`
    const isRequestBroken = seed % 2 === 0
    answer = `HTTP/1.1 ${status}\r\n${fields(answerHeaders)}\r\n${answerBody}`
    if (!isRequestBroken) answer = change(answer)
    const text = await send(proxied.port, isRequestBroken ? change(request) : request, 60)
    const [outcome = ''] = /^HTTP\/1\.1 \d{3}/.exec(text) ?? []
    result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1
    if (seed % soundEvery !== 0) continue
    answer = sound
    const check = await send(
      proxied.port,
      'GET /proxy/stand-in/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      5_000,
    )
    if (!check.endsWith('\r\n\r\nsound')) result.lost++
  }
  await proxied.stop()
  await upstream.stop()
  return result
}

function mutator(seed: number): (text: string) => string {
  const next = random(seed ^ 0x5bd1e995)
  const int = (below: number) => Math.floor(next() * below)
  const odd = [
    '\r\n',
    '\n',
    '\r',
    '\0',
    ':',
    ' ',
    '\xff',
    '0',
    '-1',
    'chunked',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\r\n\r\n',
    'HTTP/1.1 101 X\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 \x01\r\nA: b\r\n\r\n',
  ]
  return (text) => {
    for (let changes = 1 + int(4); changes > 0; changes--) {
      // Heads are where it hurts.
      const at = int(next() < 0.8 ? Math.min(text.length, 400) : text.length)
      const end = at + int(12)
      const put = next() < 0.5 ? (odd[int(odd.length)] ?? '') : String.fromCharCode(int(256))
      text = text.slice(0, at) + put + text.slice(next() < 0.5 ? at : end)
    }
    return text
  }
}

async function send(port: number, bytes: string, limitMs: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  socket.write(Buffer.from(bytes, 'latin1'))
  const timer = setTimeout(() => socket.destroy(), limitMs)
  await once(socket, 'close')
  clearTimeout(timer)
  return text
}
