/** Slack's incoming webhooks and Web API: refuses what Slack refuses, and what Block Kit's limits forbid. */
import { z } from 'zod'
import { parseJson, startStandIn, type StandIn, type StandInRequest } from './server.ts'

export interface SlackMessage {
  text: string
  color: string | undefined
  /** All block texts, one a line. */
  blocks: string
}

/** A bot's message: as it is now. */
export interface BotMessage extends SlackMessage {
  ts: string
  thread_ts: string | undefined
  /** How often it was edited. */
  edits: number
  metadata: unknown
}

export interface SlackStandIn extends StandIn {
  webhookUrl: string
  /** For `api_url:`. */
  apiUrl: string
  botToken: string
  /** The id of the one channel that the bot is in. */
  channelId: string
  /** What reached the webhook's channel. */
  messages: SlackMessage[]
  /** What the bot wrote. */
  posts: BotMessage[]
  /** Files that were shared, in their threads. */
  files: { id: string; bytes: number; thread_ts: string | undefined }[]
  /** Whether the app lacks files:write. */
  refusesFiles: boolean
}

const botToken = 'xoxb-standin-t0kent0kent0ken'
const channelId = 'C0STANDIN1'
const path = '/services/T0STANDIN/B0STANDIN/k3yK3yK3yK3yK3yK3yK3yK3y'

const mrkdwn = (longest: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).refine(within(longest)).refine(isEscaped, 'unescaped & < >'),
  })
const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('section'), text: mrkdwn(3000) }),
  z.strictObject({ type: z.literal('context'), elements: z.array(mrkdwn(3000)).min(1).max(10) }),
  z.strictObject({
    type: z.literal('image'),
    image_url: z.url({ protocol: /^https$/ }).refine(within(3000)),
    alt_text: z.string().min(1).refine(within(2000)),
  }),
  z.strictObject({
    type: z.literal('header'),
    text: z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).refine(within(150)) }),
  }),
])
const messageShape = {
  text: z.string().min(1).refine(within(40_000)).refine(isEscaped, 'unescaped & < >'),
  blocks: z.array(block).max(50).optional(),
  attachments: z
    .array(
      z.strictObject({
        color: z.string().regex(/^#[0-9a-f]{6}$/i),
        fallback: z.string().refine(within(300)),
        blocks: z.array(block).max(50),
      }),
    )
    .max(20)
    .optional(),
}
const message = z.strictObject(messageShape)
const channel = z.literal(channelId)
const metadata = z.strictObject({
  event_type: z.string().min(1),
  event_payload: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
const methods = {
  'chat.postMessage': z.strictObject({
    ...messageShape,
    channel,
    metadata: metadata.optional(),
    thread_ts: z.string().optional(),
    reply_broadcast: z.boolean().optional(),
  }),
  'chat.update': z.strictObject({ ...messageShape, channel, ts: z.string() }),
} as const

/** Undocumented: Slack refuses blocks of about 13,200 characters in all. */
const longestBlocks = 13_200

export async function slackStandIn(port = 0): Promise<SlackStandIn> {
  const problems: string[] = []
  const messages: SlackMessage[] = []
  const posts: BotMessage[] = []
  const uploads = new Map<string, Upload>()
  const refuse = (status: number, error: string, why: string) => {
    problems.push(`${error}: ${why}`)
    return { status, headers: { 'content-type': 'text/html' }, body: error }
  }
  const server = await startStandIn(
    (request: StandInRequest) => {
      if (request.path.startsWith('/upload/v1/')) return takeUpload(request, uploads, problems)
      if (request.path.startsWith('/api/files.')) return answerFiles(request, standIn, uploads, problems)
      if (request.path.startsWith('/api/')) return answerBot(request, posts, problems)
      if (request.path !== path) return refuse(404, 'no_service', request.path)
      if (request.method !== 'POST') return refuse(400, 'invalid_payload', request.method)
      if (!/^application\/json\b/.test(String(request.headers['content-type'])))
        return refuse(400, 'invalid_payload', `content type ${String(request.headers['content-type'])}`)
      const value = parseJson(request.body)
      if (value === undefined) return refuse(400, 'invalid_payload', 'not JSON')
      const parsed = message.safeParse(value)
      if (!parsed.success) return refuse(400, 'invalid_blocks', z.prettifyError(parsed.error))
      if (isTooLong(parsed.data)) return refuse(400, 'msg_blocks_too_long', 'too long')
      messages.push(shown(parsed.data))
      return { status: 200, headers: { 'content-type': 'text/html' }, body: 'ok' }
    },
    problems,
    port,
  )
  const addresses = { webhookUrl: `${server.url}${path}`, apiUrl: `${server.url}/api`, botToken, channelId }
  const standIn: SlackStandIn = Object.assign(server, { ...addresses, messages, posts, files: [], refusesFiles: false })
  return standIn
}

const blocksOf = ({ blocks = [], attachments = [] }: z.infer<typeof message>) =>
  blocks.concat(attachments.flatMap((attachment) => attachment.blocks))

const isTooLong = (sent: z.infer<typeof message>) => JSON.stringify(blocksOf(sent)).length > longestBlocks

function shown(sent: z.infer<typeof message>): SlackMessage {
  return { text: sent.text, color: sent.attachments?.[0]?.color, blocks: blocksOf(sent).map(textOf).join('\n') }
}

/** Bytes that were announced; null until they came. */
interface Upload {
  length: number
  bytes: number | null
}

function takeUpload(request: StandInRequest, uploads: Map<string, Upload>, problems: string[]) {
  const upload = uploads.get(request.path.slice('/upload/v1/'.length))
  const bytes = Buffer.byteLength(request.body)
  if (!upload || request.method !== 'POST' || request.headers['authorization'] !== undefined || bytes === 0) {
    problems.push(`upload: ${request.method} ${request.path}, ${bytes} bytes`)
    return { status: 404, body: '' }
  }
  upload.bytes = upload.length
  return { status: 200, body: `OK - ${upload.length}` }
}

const completeUpload = z.strictObject({
  files: z.array(z.strictObject({ id: z.string(), title: z.string().optional() })).length(1),
  channel_id: channel,
  thread_ts: z.string(),
})

function answerFiles(request: StandInRequest, slack: SlackStandIn, uploads: Map<string, Upload>, problems: string[]) {
  const { pathname, searchParams } = new URL(request.path, 'http://slack.test')
  const headers = { 'content-type': 'application/json' }
  const say = (body: object) => ({ status: 200, headers, body: JSON.stringify(body) })
  if (request.headers['authorization'] !== `Bearer ${botToken}`) return say({ ok: false, error: 'invalid_auth' })
  if (slack.refusesFiles) return say({ ok: false, error: 'missing_scope', needed: 'files:write' })
  if (pathname === '/api/files.getUploadURLExternal') {
    const length = Number(searchParams.get('length'))
    const file_id = `F${uploads.size + 1}`
    if (!searchParams.get('filename') || !(length > 0)) return say({ ok: false, error: 'invalid_arguments' })
    uploads.set(file_id, { length, bytes: null })
    return say({ ok: true, upload_url: `${slack.url}/upload/v1/${file_id}`, file_id })
  }
  const parsed = completeUpload.safeParse(parseJson(request.body))
  const id = parsed.data?.files[0]?.id ?? ''
  const bytes = uploads.get(id)?.bytes
  if (!parsed.success || !bytes) {
    problems.push(`complete: ${parsed.error ? z.prettifyError(parsed.error) : id}`)
    return say({ ok: false, error: 'file_not_found' })
  }
  slack.files.push({ id, bytes, thread_ts: parsed.data.thread_ts })
  return say({ ok: true, files: [{ id }] })
}

/** Status 200 whatever it says, as the Web API answers. */
function answerBot(request: StandInRequest, posts: BotMessage[], problems: string[]) {
  const { pathname, searchParams } = new URL(request.path, 'http://slack.test')
  const say = (body: object) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const refuse = (error: string, why: string) => {
    problems.push(`${error}: ${why}`)
    return say({ ok: false, error })
  }
  if (request.headers['authorization'] !== `Bearer ${botToken}`) return refuse('invalid_auth', 'token')
  const method = pathname.slice('/api/'.length)
  if (method === 'conversations.history' || method === 'conversations.replies') {
    if (searchParams.get('channel') !== channelId) return say({ ok: false, error: 'channel_not_found' })
    const root = searchParams.get('ts') ?? undefined
    const found = posts.filter(({ thread_ts, ts }) => thread_ts === root || (root !== undefined && ts === root))
    return say({ ok: true, messages: found.map(({ ts, text, metadata }) => ({ ts, text, metadata })) })
  }
  if (!(method === 'chat.postMessage' || method === 'chat.update')) return refuse('unknown_method', method)
  const parsed = methods[method].safeParse(parseJson(request.body))
  if (!parsed.success) return refuse('invalid_arguments', z.prettifyError(parsed.error))
  const sent = parsed.data
  if (isTooLong(sent)) return refuse('msg_blocks_too_long', 'too long')
  if ('ts' in sent) {
    const post = posts.find(({ ts }) => ts === sent.ts)
    if (!post) return say({ ok: false, error: 'message_not_found' })
    Object.assign(post, shown(sent), { edits: post.edits + 1 })
    return say({ ok: true, channel: channelId, ts: sent.ts })
  }
  const ts = `1700000000.${String(posts.length + 1).padStart(6, '0')}`
  const { thread_ts, metadata } = sent
  posts.push({ ...shown(sent), ts, thread_ts, metadata, edits: 0 })
  return say({ ok: true, channel: channelId, ts })
}

/** As Slack answers more than about one message a second. */
export function slackRateLimited(seconds: number) {
  return {
    status: 429,
    headers: { 'retry-after': String(seconds), 'content-type': 'application/json' },
    body: JSON.stringify({ retry_after: seconds, ok: false, error: 'rate_limited' }),
  }
}

function textOf(one: z.infer<typeof block>): string {
  if (one.type === 'image') return one.image_url
  return one.type === 'context' ? one.elements.map(({ text }) => text).join('\n') : one.text.text
}

/** Slack counts code points. */
function within(longest: number) {
  return (text: string) => Array.from(text).length <= longest
}

/** `&` only in entities; `<…>` only as a link or a date. */
function isEscaped(text: string): boolean {
  const rest = text
    .replaceAll(/&(amp|lt|gt);/g, '')
    .replaceAll(/<(https?:\/\/[^\s<>|]+(\|[^<>|]*)?|!date\^\d+\^[^<>|]+\|[^<>|]+)>/g, '')
  return !/[&<>]/.test(rest)
}
