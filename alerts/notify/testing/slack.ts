/** Slack's incoming webhooks: refuses what Slack refuses, and what Block Kit's limits forbid. */
import { z } from 'zod'
import { parseJson, startStandIn, type StandIn, type StandInRequest } from './server.ts'

export interface SlackMessage {
  text: string
  color: string | undefined
  /** All block texts, one a line. */
  blocks: string
}

export interface SlackStandIn extends StandIn {
  webhookUrl: string
  /** What reached the channel. */
  messages: SlackMessage[]
}

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
    type: z.literal('header'),
    text: z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).refine(within(150)) }),
  }),
])
const message = z.strictObject({
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
})

/** Undocumented: Slack refuses blocks of about 13,200 characters in all. */
const longestBlocks = 13_200

export async function slackStandIn(port = 0): Promise<SlackStandIn> {
  const problems: string[] = []
  const messages: SlackMessage[] = []
  const refuse = (status: number, error: string, why: string) => {
    problems.push(`${error}: ${why}`)
    return { status, headers: { 'content-type': 'text/html' }, body: error }
  }
  const server = await startStandIn(
    (request: StandInRequest) => {
      if (request.path !== path) return refuse(404, 'no_service', request.path)
      if (request.method !== 'POST') return refuse(400, 'invalid_payload', request.method)
      if (!/^application\/json\b/.test(String(request.headers['content-type'])))
        return refuse(400, 'invalid_payload', `content type ${String(request.headers['content-type'])}`)
      const value = parseJson(request.body)
      if (value === undefined) return refuse(400, 'invalid_payload', 'not JSON')
      const parsed = message.safeParse(value)
      if (!parsed.success) return refuse(400, 'invalid_blocks', z.prettifyError(parsed.error))
      const { text, blocks = [], attachments = [] } = parsed.data
      const all = [...blocks, ...attachments.flatMap((attachment) => attachment.blocks)]
      if (JSON.stringify(all).length > longestBlocks) return refuse(400, 'msg_blocks_too_long', 'too long')
      messages.push({ text, color: attachments[0]?.color, blocks: all.map(textOf).join('\n') })
      return { status: 200, headers: { 'content-type': 'text/html' }, body: 'ok' }
    },
    problems,
    port,
  )
  return Object.assign(server, { webhookUrl: `${server.url}${path}`, messages })
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
