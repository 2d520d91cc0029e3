/** One HTTP request on a connection of its own, timed phase by phase. */
import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { trusted } from '../proxy/upstream.ts'
import type { ProbeRequest } from './request.ts'

export interface CallOptions {
  /** With a path of its own, which goes before that of the request. */
  upstream: string
  ca_file?: string | undefined
  timeoutMs: number
  signal: AbortSignal
  /** The answer as it comes; times are ms since the start. */
  onhead: (status: number, headers: IncomingHttpHeaders, atMs: number) => void
  onchunk: (chunk: Buffer, atMs: number) => void
}

export interface CallOutcome {
  how: 'complete' | 'timeout' | 'unreachable' | 'cut_off'
  /** What the system says of it; empty when complete. */
  error: string
  status: number | null
  connect_ms: number | null
  duration_ms: number
  certificate_days: number | null
}

/** Nothing that a probe asks for is longer. */
const maxAnswerBytes = 2 ** 20
const dayMs = 86_400_000

/** Never rejects. */
export function call(ask: ProbeRequest, options: CallOptions): Promise<CallOutcome> {
  const { upstream, ca_file, timeoutMs, signal, onhead, onchunk } = options
  const started = performance.now()
  const elapsed = () => performance.now() - started
  const outcome: CallOutcome = {
    how: 'complete',
    error: '',
    status: null,
    connect_ms: null,
    duration_ms: 0,
    certificate_days: null,
  }
  const url = upstream.replace(/\/+$/, '') + ask.path
  const secure = url.startsWith('https:')
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const settle = (how: CallOutcome['how'], error = '') => {
      clearTimeout(timer)
      resolve({ ...outcome, how, error, duration_ms: elapsed() })
    }
    const { method, body } = ask
    const headers = body === null ? ask.headers : { ...ask.headers, 'content-length': Buffer.byteLength(body) }
    const common = { method, headers, agent: false as const, signal }
    let request: ClientRequest
    try {
      request = secure ? httpsRequest(url, { ...common, ...trusted(ca_file) }) : httpRequest(url, common)
    } catch (error) {
      // The file of ca_file is gone, or a header cannot be sent.
      return settle('unreachable', error instanceof Error ? error.message : String(error))
    }
    timer = setTimeout(() => {
      settle('timeout', `no answer within ${timeoutMs / 1000} s`)
      request.destroy()
    }, timeoutMs)
    request.on('socket', (socket) =>
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        outcome.connect_ms = elapsed()
        outcome.certificate_days = certificateDays(socket)
      }),
    )
    request.on('response', (response: IncomingMessage) => {
      outcome.status = response.statusCode ?? null
      onhead(response.statusCode ?? 0, response.headers, elapsed())
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        onchunk(chunk, elapsed())
        if (bytes <= maxAnswerBytes) return
        settle('cut_off', `the answer is longer than ${maxAnswerBytes} bytes`)
        request.destroy()
      })
      response.on('end', () => settle(response.complete ? 'complete' : 'cut_off', response.complete ? '' : cutOff))
      response.on('error', () => settle('cut_off', cutOff))
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      settle(outcome.status === null ? 'unreachable' : 'cut_off', error.code ?? error.message)
    })
    request.end(body ?? undefined)
  })
}

const cutOff = 'the answer was cut off'

function certificateDays(socket: Socket): number | null {
  if (!(socket instanceof TLSSocket)) return null
  const ends = Date.parse(socket.getPeerCertificate().valid_to)
  return Number.isNaN(ends) ? null : (ends - Date.now()) / dayMs
}
