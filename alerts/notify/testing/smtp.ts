/** An SMTP server in place of a mail provider's: keeps every message, and fails as such servers do. */
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import type { AddressInfo } from 'node:net'
import type { Fault, StandIn } from './server.ts'

export interface Mail {
  to: string[]
  /** The headers, by name in lower case, unfolded. */
  headers: Map<string, string>
  /** The whole message. */
  source: string
}

export interface SmtpStandIn extends StandIn {
  port: number
  /** Once per Message-ID, as mail programs show them. */
  mails: Mail[]
}

export const smtpUser = { username: 'inferwatch', password: 'sm7p-p4ssw0rd' }

export async function smtpStandIn(port = 0): Promise<SmtpStandIn> {
  const mails: Mail[] = []
  const problems: string[] = []
  const faults: Fault[] = []
  const requests: StandIn['requests'] = []
  const server = new SMTPServer({
    authMethods: ['PLAIN', 'LOGIN'],
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    logger: false,
    onAuth({ username, password }, _session, callback) {
      if (username === smtpUser.username && password === smtpUser.password) callback(null, { user: username })
      else callback(Object.assign(new Error(`wrong password ${password}`), { responseCode: 535 }))
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
      stream.on('end', () => {
        const source = Buffer.concat(chunks).toString('utf8')
        requests.push({
          method: 'DATA',
          path: '',
          headers: {},
          body: source,
          bytes: Buffer.from(source),
          at: Date.now(),
        })
        const fault = faults.shift()
        if (fault === undefined || fault === 'lost') take(source, session)
        if (fault === 'disconnect' || fault === 'lost') destroy(session)
        else if (fault !== 'hang') callback(fault ? refusal(fault.status, fault.body ?? '') : null)
      })
    },
  })
  function take(source: string, session: SMTPServerSession): void {
    const headers = headersOf(source)
    for (const name of ['from', 'to', 'subject', 'message-id', 'date', 'mime-version'])
      if (!headers.get(name)) problems.push(`no ${name}`)
    if (source.split('\r\n').some((line) => Buffer.byteLength(line) > 998)) problems.push('a line longer than 998')
    if (mails.some((mail) => mail.headers.get('message-id') === headers.get('message-id'))) return
    mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), headers, source })
  }
  const sockets = server as unknown as { connections: Set<{ id: string; _socket: { destroy(): void } }> }
  function destroy({ id }: SMTPServerSession): void {
    for (const connection of sockets.connections) if (connection.id === id) connection._socket.destroy()
  }
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    port: address.port,
    mails,
    problems,
    requests,
    failNext: (...more) => void faults.push(...more),
    recover: () => void faults.splice(0),
    async stop() {
      for (const connection of sockets.connections) connection._socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** The reply that says what an HTTP status says: later, or never. */
function refusal(status: number, text: string): Error {
  const later = status === 429 || status === 408 || status === 425 || status >= 500
  return Object.assign(new Error(text || 'refused'), { responseCode: later ? 451 : 550 })
}

function headersOf(source: string): Map<string, string> {
  const [head = ''] = source.split('\r\n\r\n', 1)
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
}
