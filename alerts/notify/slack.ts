/**
 * Slack: an incoming webhook, or an app's bot. A bot edits its message as the group changes and replies in the message's thread,
 * which is what reaches people; a webhook can only send the next message.
 */
import { z } from 'zod'
import { address, allowHttp, refusePlainHttp } from './address.ts'
import { channelFields } from './channel-fields.ts'
import { chartOf } from './facts.ts'
import { truncate, type Notification } from './notification.ts'
import { DeliveryError, defineNotifier, type Memory, type Tools } from './notifier.ts'
import { slackMessage, slackReply } from './slack-message.ts'

const config = z
  .strictObject({
    type: z.literal('slack'),
    ...channelFields,
    webhook_url: address.optional().describe('Incoming webhook of a Slack app; a secret'),
    bot_token: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Bot token (xoxb-…) of an app with the scope chat:write, and files:write for charts; a secret. In place of webhook_url',
      ),
    channel: z.string().min(1).optional().describe('Id of the channel, such as C024BE91L, that a bot writes to'),
    api_url: address.default('https://slack.com/api').describe('Address of the Web API'),
    allow_http: allowHttp,
  })
  .superRefine((written, context) => {
    const { webhook_url, bot_token, channel } = written
    if ((webhook_url === undefined) === (bot_token === undefined))
      context.addIssue({ code: 'custom', path: ['webhook_url'], message: 'expected either webhook_url or bot_token' })
    if ((bot_token === undefined) !== (channel === undefined))
      context.addIssue({ code: 'custom', path: ['channel'], message: 'expected bot_token and channel together' })
    refusePlainHttp('webhook_url', 'api_url')(written, context)
  })

export const slack = defineNotifier({
  type: 'slack',
  config,
  example: {
    type: 'slack',
    webhook_url: 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX',
  },
  shown: ['channel', 'api_url'],

  async send(notification, { webhook_url, bot_token, channel, api_url }, tools) {
    if (webhook_url !== undefined) {
      const { text } = await tools.post(webhook_url, slackMessage(notification))
      // Proxies in front of a webhook answer as the Web API does.
      if (text.startsWith('{')) readAnswer(text)
      return null
    }
    const bot: Bot = { url: api_url, token: bot_token ?? '', tools }
    const known = tools.memory ?? (await arrivedRoot(bot, channel ?? '', notification.id))
    const root = known && (await update(bot, notification, known))
    // A first message whose answer was lost needs no reply, unless it says more by now.
    if (root && (tools.memory || notification.status === 'resolved')) await reply(bot, notification, root)
    const told = root ?? (await begin(bot, notification, channel ?? ''))
    return notification.status === 'firing' ? told : null
  },
})

interface Bot {
  url: string
  token: string
  tools: Tools
}

/** Null when the message can't be edited any more: another takes its place. */
async function update(bot: Bot, notification: Notification, root: Memory): Promise<Memory | null> {
  const { channel, ts } = root
  try {
    await call(bot, 'chat.update', { channel, ts, ...slackMessage(notification, root['file'] !== undefined) })
    return root
  } catch (error) {
    const gone = /message_not_found|cant_update_message|edit_window_closed|channel_not_found/
    if (error instanceof SlackRefusal && gone.test(error.reason)) return null
    throw error
  }
}

async function begin(bot: Bot, notification: Notification, channel: string): Promise<Memory> {
  const message = { channel, ...slackMessage(notification), metadata: mark(notification.id) }
  const answer = await call(bot, 'chat.postMessage', message)
  // The id: an edit takes no name.
  const root = { channel: answer.channel ?? channel, ts: answer.ts ?? '' }
  return withFile(bot, notification, root)
}

/** Puts the chart into the message's thread, in place of its link. It comes after the message, which it must not hold up. */
async function withFile(bot: Bot, notification: Notification, root: Memory): Promise<Memory> {
  const file = await upload(bot, notification)
  if (file === null || !(await share(bot, file, root))) return root
  const withoutLink = { ...root, file: file.id }
  if (chartOf(notification)?.url) await update(bot, notification, withoutLink).catch(() => null)
  return withoutLink
}

interface SlackFile {
  id: string
  title: string
}

const uploadSchema = z.object({ ok: z.literal(true), upload_url: z.url(), file_id: z.string().min(1) })

/** Gives Slack the chart, for `share`. Null without one, or where the app may not: the link stays. */
async function upload(bot: Bot, notification: Notification): Promise<SlackFile | null> {
  const chart = chartOf(notification)
  if (!chart) return null
  try {
    const png = await chart.png()
    const query = new URLSearchParams({
      filename: 'chart.png',
      length: String(png.byteLength),
      alt_txt: truncate(chart.alt, 1000),
    })
    const headers = { authorization: `Bearer ${bot.token}` }
    const asked = await bot.tools.post(`${bot.url}/files.getUploadURLExternal?${query.toString()}`, null, {
      method: 'GET',
      headers,
    })
    const place = uploadSchema.safeParse(parseJson(asked.text))
    // The chart goes nowhere that is less safe than where the token goes.
    if (!place.success || new URL(place.data.upload_url).protocol !== new URL(bot.url).protocol) return null
    await bot.tools.post(place.data.upload_url, png, { headers: { 'content-type': 'application/octet-stream' } })
    return { id: place.data.file_id, title: truncate(chart.alt, 250) }
  } catch {
    return null
  }
}

/** Puts the file into the message's thread; false when Slack won't. */
async function share(bot: Bot, { id, title }: SlackFile, { channel, ts }: Memory): Promise<boolean> {
  try {
    await call(bot, 'files.completeUploadExternal', { files: [{ id, title }], channel_id: channel, thread_ts: ts })
    return true
  } catch {
    return false
  }
}

async function arrivedRoot(bot: Bot, channel: string, id: string): Promise<Memory | null> {
  const ts = await arrived(bot, 'conversations.history', { channel }, id)
  return ts === null ? null : { channel, ts }
}

async function reply(bot: Bot, notification: Notification, { channel, ts }: Memory): Promise<void> {
  const where = { channel: channel ?? '', ts: ts ?? '' }
  if (await arrived(bot, 'conversations.replies', where, notification.id)) return
  const reply_broadcast = notification.reason === 'repeat'
  const text = slackReply(notification)
  const metadata = mark(notification.id)
  await call(bot, 'chat.postMessage', { channel, thread_ts: ts, text, reply_broadcast, metadata })
}

const mark = (id: string) => ({ event_type: 'inferwatch_notification', event_payload: { id } })

const historySchema = z.object({
  messages: z.array(
    z.object({ ts: z.string(), metadata: z.object({ event_payload: z.object({ id: z.string() }) }).optional() }),
  ),
})

/**
 * Whether an earlier attempt got through though its answer was lost: the message's time stamp, else null. Takes the scope
 * channels:history; without it, such a message is sent again.
 */
async function arrived(bot: Bot, method: string, where: Record<string, string>, id: string): Promise<string | null> {
  if (bot.tools.attempt <= 1) return null
  const query = new URLSearchParams({ ...where, limit: '50', include_all_metadata: 'true' })
  const headers = { authorization: `Bearer ${bot.token}` }
  try {
    const { text } = await bot.tools.post(`${bot.url}/${method}?${query.toString()}`, null, { method: 'GET', headers })
    const found = historySchema.safeParse(JSON.parse(text))
    return found.data?.messages.find(({ metadata }) => metadata?.event_payload.id === id)?.ts ?? null
  } catch (error) {
    if (error instanceof DeliveryError && error.retryable) throw error
    return null
  }
}

async function call({ url, token, tools }: Bot, method: string, body: object): Promise<Answer> {
  const { text } = await tools.post(`${url}/${method}`, body, { headers: { authorization: `Bearer ${token}` } })
  return readAnswer(text)
}

/** Refused with status 200, as the Web API does. */
class SlackRefusal extends DeliveryError {
  readonly reason: string

  constructor(reason: string) {
    const retryable = /rate_?limited|internal_error|fatal_error|service_unavailable|timeout/.test(reason)
    super(`Slack answered ok: false, ${reason}`, { retryable })
    this.reason = reason
  }
}

const answerSchema = z.object({
  ok: z.boolean(),
  error: z.string().default('unknown error'),
  ts: z.string().optional(),
  channel: z.string().optional(),
})
type Answer = z.infer<typeof answerSchema>

function readAnswer(text: string): Answer {
  const parsed = answerSchema.safeParse(parseJson(text))
  if (!parsed.success) throw new DeliveryError('Slack answered what is no answer of its Web API', { retryable: true })
  if (!parsed.data.ok) throw new SlackRefusal(parsed.data.error.slice(0, 100))
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
