/** Discord's webhooks: limits of embeds, forms with a file, edits of own messages. */
import { z } from 'zod'
import { parseJson, startStandIn, type StandIn, type StandInRequest } from './server.ts'

export interface DiscordMessage {
  id: string
  title: string
  description: string
  color: number
  /** Bytes of the file that came with it. */
  file: number
  edits: number
}

export interface DiscordStandIn extends StandIn {
  webhookUrl: string
  messages: DiscordMessage[]
}

const path = '/api/webhooks/123456789012345678/t0k3n-d1sc0rd-t0k3n'

const within = (longest: number) => z.string().refine((text) => text.length <= longest, `longer than ${longest}`)
const embed = z.strictObject({
  title: within(256),
  description: within(4096),
  color: z.int().min(0).max(0xffffff),
  timestamp: z.iso.datetime(),
  url: z.url({ protocol: /^https?$/ }).optional(),
  image: z.strictObject({ url: z.string().regex(/^(https?|attachment):\/\//) }).optional(),
})
const message = z.strictObject({
  username: z.string().min(1).max(80).optional(),
  allowed_mentions: z.strictObject({ parse: z.tuple([]) }),
  embeds: z
    .array(embed)
    .min(1)
    .max(10)
    .refine((all) => all.map(({ title, description }) => title + description).join('').length <= 6000, 'above 6000'),
})

export async function discordStandIn(port = 0): Promise<DiscordStandIn> {
  const problems: string[] = []
  const messages: DiscordMessage[] = []
  const answer = async (request: StandInRequest) => {
    const { pathname, searchParams } = new URL(request.path, 'http://discord.test')
    const { value, file } = await read(request)
    const parsed = message.safeParse(value)
    const [embed] = parsed.data?.embeds ?? []
    if (!pathname.startsWith(path) || !embed) {
      problems.push(parsed.success ? pathname : z.prettifyError(parsed.error ?? new z.ZodError([])))
      return { status: 400, body: JSON.stringify({ code: 50_035, message: 'Invalid Form Body' }) }
    }
    const { title, description, color } = embed
    if (request.method === 'PATCH') {
      const edited = messages.find(({ id }) => pathname === `${path}/messages/${id}`)
      if (!edited) return { status: 404, body: JSON.stringify({ code: 10_008, message: 'Unknown Message' }) }
      Object.assign(edited, { title, description, color, edits: edited.edits + 1 })
      return { status: 200, body: JSON.stringify({ id: edited.id }) }
    }
    const id = `9000000000000000${messages.length}`
    messages.push({ id, title, description, color, file, edits: 0 })
    return searchParams.get('wait') === 'true' ? { status: 200, body: JSON.stringify({ id }) } : { status: 204 }
  }
  const server = await startStandIn(answer, problems, port)
  return Object.assign(server, { webhookUrl: `${server.url}${path}`, messages })
}

async function read({ headers, bytes, body }: StandInRequest): Promise<{ value: unknown; file: number }> {
  const type = String(headers['content-type'])
  if (!type.startsWith('multipart/form-data')) return { value: parseJson(body), file: 0 }
  const form = await new Response(bytes, { headers: { 'content-type': type } }).formData()
  const [payload, file] = [form.get('payload_json'), form.get('files[0]')]
  return {
    value: typeof payload === 'string' ? parseJson(payload) : undefined,
    file: file instanceof Blob ? file.size : 0,
  }
}
