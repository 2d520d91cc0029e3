/** E-mail by SMTP: text and HTML, the chart inline; the messages of a group are one thread. */
import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import { isLoopbackHost, refuseReservedHost } from './address.ts'
import { channelFields } from './channel-fields.ts'
import { emailHtml, emailText } from './email-body.ts'
import { chartOf } from './facts.ts'
import { contentId, truncate, type Notification } from './notification.ts'
import { DeliveryError, defineNotifier, type Tools } from './notifier.ts'
import { reasonOf, unlessAborted } from './post.ts'

const mailbox = z
  .string()
  .regex(/^[^\r\n<>@]*(<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, 'expected an address such as ops@example.com')

const config = z
  .strictObject({
    type: z.literal('email'),
    ...channelFields,
    host: z.string().min(1).describe('SMTP server'),
    port: z.int().min(1).max(65_535).default(587),
    secure: z.boolean().optional().describe('TLS from the first byte on; true on port 465 unless said'),
    require_tls: z
      .boolean()
      .default(true)
      .describe('Refuses a server that offers no STARTTLS; servers on this machine may lack it'),
    username: z.string().optional(),
    password: z.string().optional().describe('A secret'),
    from: mailbox,
    to: z.array(mailbox).min(1).describe('Every one of them gets the message'),
  })
  .refine(({ username, password }) => (username === undefined) === (password === undefined), {
    path: ['username'],
    message: 'expected username and password together',
  })
type EmailConfig = z.output<typeof config>

export const email = defineNotifier({
  type: 'email',
  config,
  example: {
    type: 'email',
    host: 'smtp.example.com',
    username: 'inferwatch',
    password: 's3cr3t-s3cr3t',
    from: 'Inferwatch <alerts@example.com>',
    to: ['on-call@example.com'],
  },
  shown: ['host', 'port', 'from', 'to', 'username'],

  async send(notification, config, tools) {
    const { firing, root } = { firing: notification.status === 'firing', root: tools.memory?.['message_id'] }
    const messageId = messageIdOf(notification, config.from)
    await deliver(config, tools, await compose(notification, config, messageId, root))
    return firing ? { message_id: root ?? messageId } : null
  },

  async preview(notification, config) {
    const { from, to, subject, text, attachments } = await compose(notification, config, '')
    const files = attachments.map(({ filename, content }) => `Attached: ${filename}, ${content.length} bytes`)
    return [`From: ${from}`, `To: ${to.join(', ')}`, `Subject: ${subject}`, '', text, ...files].join('\n')
  },
})

/** The same over every attempt, so that mail programs show a message that came twice once. */
function messageIdOf(notification: Notification, from: string): string {
  const host = /@([^\s<>@]+?)>?$/.exec(from)?.[1] ?? 'inferwatch'
  return `<${contentId(notification)}@${host}>`
}

async function compose(notification: Notification, { from, to }: EmailConfig, messageId: string, root?: string) {
  const png = await chartOf(notification)?.png()
  const cid = `chart-${notification.id}@inferwatch`
  return {
    from,
    to,
    messageId,
    ...(root === undefined ? {} : { inReplyTo: root, references: [root] }),
    // Nothing that a label holds begins a header of its own.
    subject: truncate(notification.title.replaceAll(/\s+/g, ' '), 200),
    text: emailText(notification),
    html: emailHtml(notification, png ? `cid:${cid}` : ''),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'List-Id': '<alerts.inferwatch>',
    },
    attachments: png
      ? [
          {
            filename: 'chart.png',
            content: Buffer.from(png),
            cid,
            contentType: 'image/png',
            contentDisposition: 'inline' as const,
          },
        ]
      : [],
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

async function deliver(config: EmailConfig, tools: Tools, message: Awaited<ReturnType<typeof compose>>): Promise<void> {
  const { host, port, username, password } = config
  const timeout = AbortSignal.timeout(tools.timeoutMs)
  const ended = AbortSignal.any([tools.signal, timeout])
  const { createTransport } = await import('nodemailer')
  let socket: Socket | null = null
  try {
    await unlessAborted(ended, refuseReservedHost(host))
    socket = await connected(host, port, ended)
    const transport = createTransport({
      host,
      port,
      secure: config.secure ?? port === 465,
      requireTLS: config.require_tls && !isLoopbackHost(host),
      connection: socket,
      ...(username === undefined || password === undefined ? {} : { auth: { user: username, pass: password } }),
      greetingTimeout: tools.timeoutMs,
      socketTimeout: tools.timeoutMs,
    })
    await unlessAborted(ended, transport.sendMail(message))
  } catch (error) {
    if (error instanceof DeliveryError) throw error
    const why = timeout.aborted ? `no answer in ${tools.timeoutMs / 1000} s` : ended.aborted ? 'stopped' : saidBy(error)
    throw new DeliveryError(tools.redact(`${host}: ${why}`).slice(0, 400), {
      retryable: ended.aborted || isPassing(error),
      httpStatus: null,
    })
  } finally {
    // The library would go on sending what was given up on.
    socket?.destroy()
  }
}

function connected(host: string, port: number, ended: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal: ended })
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

const replyCode = (error: unknown) =>
  error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number'
    ? error.responseCode
    : null

/** A 4xx reply, and a connection that broke; what the server refuses for good is 5xx. */
function isPassing(error: unknown): boolean {
  const code = replyCode(error)
  if (code !== null) return code < 500
  const reason = error instanceof Error && 'code' in error ? String(error.code) : ''
  return !['EAUTH', 'EENVELOPE', 'EMESSAGE', 'ENOAUTH', 'ETLS'].includes(reason)
}

function saidBy(error: unknown): string {
  const response = error instanceof Error && 'response' in error ? error.response : undefined
  return typeof response === 'string' ? `answered ${response}` : reasonOf(error)
}
