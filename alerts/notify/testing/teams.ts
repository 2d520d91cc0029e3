/** A Teams workflow: takes adaptive cards up to the size that Teams posts. */
import { z } from 'zod'
import { parseJson, startStandIn, type StandIn } from './server.ts'

export interface TeamsStandIn extends StandIn {
  workflowUrl: string
  /** Texts of the cards, one string each. */
  messages: string[]
}

const largestBytes = 28 * 1024
const path = '/workflows/abc/triggers/manual/paths/invoke'
const signature = 's1gn4tur3-s1gn4tur3'

const url = z.url({ protocol: /^https?$/ })
const element = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('TextBlock'),
    text: z.string().min(1),
    wrap: z.boolean(),
    weight: z.enum(['Bolder', 'Default', 'Lighter']).optional(),
    size: z.enum(['Small', 'Default', 'Medium', 'Large']).optional(),
    style: z.literal('heading').optional(),
    color: z.enum(['default', 'attention', 'good', 'warning']).optional(),
    spacing: z.enum(['None', 'Small', 'Default']).optional(),
    isSubtle: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal('Image'), url: z.url({ protocol: /^https$/ }), altText: z.string() }),
])
const message = z.strictObject({
  type: z.literal('message'),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal('application/vnd.microsoft.card.adaptive'),
      contentUrl: z.null(),
      content: z.strictObject({
        $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
        type: z.literal('AdaptiveCard'),
        version: z.literal('1.2'),
        msteams: z.strictObject({ width: z.literal('full') }),
        body: z.array(element).min(1),
        actions: z.array(z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string().min(1), url })).max(6),
      }),
    }),
  ]),
})

export async function teamsStandIn(port = 0): Promise<TeamsStandIn> {
  const problems: string[] = []
  const messages: string[] = []
  const server = await startStandIn(
    (request) => {
      const parsed = message.safeParse(parseJson(request.body))
      const tooLarge = request.bytes.length > largestBytes
      if (!parsed.success || tooLarge || request.path !== `${path}?sig=${signature}`) {
        problems.push(parsed.success ? `${request.path}, ${request.bytes.length} bytes` : z.prettifyError(parsed.error))
        return { status: 400, body: 'bad request' }
      }
      const texts = parsed.data.attachments[0].content.body.map((one) =>
        one.type === 'TextBlock' ? one.text : one.url,
      )
      messages.push(texts.join('\n'))
      return { status: 202 }
    },
    problems,
    port,
  )
  return Object.assign(server, { workflowUrl: `${server.url}${path}?sig=${signature}`, messages })
}
