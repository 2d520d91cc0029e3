/** The load of the proxy benchmark: requests over connections of bytes, each sending its next when the last is answered. */
import { connect } from 'node:net'

export interface Load {
  port: number
  path: string
  headers: Record<string, string>
  connections: number
  seconds: number
  stream: boolean
  /** Between two events of a stream. */
  gapMs: number
}

export interface Measured {
  answers: number
  failed: number
  seconds: number
  /** ms, sorted: to the first byte of a body, and to the end. */
  first: number[]
  whole: number[]
}

process.on('message', (load: Load) => void run(load).then((measured) => process.send?.(measured)))
process.on('disconnect', () => process.exit(0))

async function run(load: Load): Promise<Measured> {
  const measured: Measured = { answers: 0, failed: 0, seconds: 0, first: [], whole: [] }
  const start = performance.now()
  const end = start + load.seconds * 1_000
  await Promise.all(Array.from({ length: load.connections }, (_, i) => converse(load, i, end, measured)))
  measured.seconds = (performance.now() - start) / 1_000
  measured.first.sort((a, b) => a - b)
  measured.whole.sort((a, b) => a - b)
  return measured
}

async function converse(load: Load, turn: number, end: number, measured: Measured): Promise<void> {
  const request = requestOf(load)
  // Not all at the same moment.
  if (load.gapMs > 0) await new Promise((resolve) => setTimeout(resolve, (turn * 7) % 500))
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true })
  let sent = 0
  let first = 0
  let text = ''
  let isOk = false
  const send = () => {
    text = ''
    first = 0
    sent = performance.now()
    socket.write(request)
  }
  socket.on('connect', send)
  socket.on('data', (chunk) => {
    // The last bytes tell the end; streams are long, so only their tail is kept.
    text = (text + chunk.toString('latin1')).slice(load.stream && first > 0 ? -16 : 0)
    if (first === 0 && hasBody(text)) first = performance.now()
    if (text.startsWith('HTTP/')) isOk = text.startsWith('HTTP/1.1 200 ')
    if (!isWhole(text, load.stream)) return
    const now = performance.now()
    if (!isOk) measured.failed++
    measured.answers++
    measured.first.push(first - sent)
    measured.whole.push(now - sent)
    if (now < end) send()
    else socket.end()
  })
  socket.on('error', () => measured.failed++)
  socket.on('close', () => resolve())
  await promise
}

/** Any of it behind the head; it may all come at once. */
function hasBody(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  return head >= 0 && head + 4 < text.length
}

function isWhole(text: string, stream: boolean): boolean {
  if (stream) return text.endsWith('0\r\n\r\n')
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  return length === undefined ? text.endsWith('0\r\n\r\n') : text.length >= head + 4 + Number(length)
}

function requestOf({ path, headers, stream, gapMs }: Load): Buffer {
  const messages = [
    { role: 'system', content: 'You are terse.' },
    { role: 'user', content: 'word '.repeat(180) },
  ]
  const body = JSON.stringify({ model: 'stand-in', user: `gap_ms ${gapMs}`, ...(stream ? { stream } : {}), messages })
  const fields = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    authorization: 'Bearer sk-bench',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`POST ${path}/v1/chat/completions HTTP/1.1\r\n${head}\r\n${body}`)
}
