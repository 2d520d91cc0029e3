/** The ways in: each sends one body and tells what was answered. */
import { Agent, request } from 'node:http'
import { connect as connectHttp2, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { connect } from 'node:net'
import type { FuzzCase } from './cases.ts'

export interface Answer {
  /** HTTP status, or a gRPC status as the HTTP status that means the same; null when the connection was closed without one. */
  status: number | null
  text: string
}

export interface Intake {
  name: string
  /** Resolves within the time that `signal` gives; rejects when it ran out. */
  send(fuzz: FuzzCase, signal: AbortSignal): Promise<Answer>
  close(): void
}

const paths = { traces: '/v1/traces', logs: '/v1/logs', metrics: '/v1/metrics' }

export function otlpHttp(address: string): Intake {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  return {
    name: 'OTLP/HTTP',
    send({ signal, body, headers }, abort) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(body.length) }
      const call = request(`http://${address}${paths[signal]}`, {
        method: 'POST',
        agent,
        signal: abort,
        headers: { ...length, ...headers },
      })
      call.on('response', (response) => {
        let text = ''
        response.setEncoding('latin1').on('data', (chunk: string) => (text = (text + chunk).slice(0, 500)))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      })
      call.on('error', (error) => (abort.aborted ? reject(error) : resolve({ status: null, text: error.message })))
      call.end(body)
      return promise
    },
    close: () => agent.destroy(),
  }
}

const services = { traces: 'trace', logs: 'logs', metrics: 'metrics' }
/** gRPC's codes as the HTTP status that means the same: what a client may send again is 503. */
const statuses: Record<number, number> = { 0: 200, 3: 400, 8: 413, 12: 404, 14: 503, 16: 401 }

/** The bodies as messages of gRPC calls, some with a length that is not theirs. */
export function otlpGrpc(address: string): Intake {
  let session: ClientHttp2Session | null = null
  const connected = () => {
    if (session === null || session.closed || session.destroyed) {
      session = connectHttp2(`http://${address}`)
      session.on('error', () => session?.destroy())
    }
    return session
  }
  return {
    name: 'OTLP/gRPC',
    send({ signal, body, headers }, abort) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const name = services[signal]
      const service = `${name[0]?.toUpperCase()}${name.slice(1)}Service`
      const call = connected().request({
        ':method': 'POST',
        ':path': `/opentelemetry.proto.collector.${name}.v1.${service}/Export`,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(headers['content-encoding'] === 'gzip' ? { 'grpc-encoding': 'gzip' } : {}),
      })
      let status: number | null = null
      let text = ''
      const read = (found: IncomingHttpHeaders) => {
        const code = Number(found['grpc-status'] ?? Number.NaN)
        if (!Number.isNaN(code)) status = statuses[code] ?? 500 + code
        text = String(found['grpc-message'] ?? text).slice(0, 500)
      }
      const timeUp = () => {
        call.close(constants.NGHTTP2_CANCEL)
        reject(new Error('no answer in time'))
      }
      abort.addEventListener('abort', timeUp, { once: true })
      call
        .on('response', read)
        .on('trailers', read)
        .on('error', () => undefined)
      call.on('close', () => {
        abort.removeEventListener('abort', timeUp)
        resolve({ status, text })
      })
      call.resume()
      call.end(framed(body, headers['content-encoding'] === 'gzip'))
      return promise
    },
    close: () => session?.destroy(),
  }
}

function framed(body: Buffer, compressed: boolean): Buffer {
  const head = Buffer.alloc(5)
  head[0] = compressed ? 1 : 0
  const wrong = body.length % 17 === 0 ? 3 : body.length % 23 === 0 ? 2 ** 31 : 0
  head.writeUInt32BE(body.length + wrong, 1)
  return Buffer.concat([head, body])
}

/** The same bodies with a request line and headers that no client would write. */
export function rawHttp(address: string): Intake {
  const [host = '', port = ''] = address.split(':')
  return {
    name: 'raw HTTP',
    send({ signal, body, headers }, abort) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const socket = connect({ host, port: Number(port), signal: abort })
      let text = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => (text = (text + chunk).slice(0, 500)))
      socket.on('error', (error) => (abort.aborted ? reject(error) : answered(error.message)))
      socket.on('close', () => answered(text))
      const answered = (said: string) => {
        const status = /^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 ([2-5]\d\d)/.exec(text)
        resolve({ status: status ? Number(status[1]) : null, text: said.slice(0, 500) })
      }
      socket.end(Buffer.concat([Buffer.from(head(paths[signal], headers, body.length), 'latin1'), body]))
      return promise
    },
    close: () => undefined,
  }
}

/** By the body's length, so that it stays repeatable. */
function head(path: string, headers: Record<string, string>, length: number): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const whole = [`POST ${path} HTTP/1.1`, 'host: x', 'connection: close', ...lines]
  const variants = [
    [...whole, `content-length: ${length}`],
    [...whole, `content-length: ${length}`, `content-length: ${length + 1}`],
    [...whole, `content-length: ${length + 10}`],
    [...whole, `content-length: ${Math.floor(length / 2)}`],
    [...whole, 'content-length: -1'],
    [...whole, 'content-length: 99999999999999999999'],
    [...whole, 'transfer-encoding: chunked'],
    [...whole, 'transfer-encoding: chunked', `content-length: ${length}`],
    [...whole, `content-length: ${length}`, 'content-encoding: gzip', 'content-encoding: br'],
    [
      `POST ${path}?${'%ff'.repeat(50)} HTTP/1.1`,
      'host: x',
      'connection: close',
      ...lines,
      `content-length: ${length}`,
    ],
    [`POST http://other${path} HTTP/1.1`, 'host: y', 'connection: close', ...lines, `content-length: ${length}`],
    [`FROB ${path} HTTP/9.9`, 'host: x', `content-length: ${length}`],
  ]
  return `${(variants[length % variants.length] ?? []).join('\r\n')}\r\n\r\n`
}
