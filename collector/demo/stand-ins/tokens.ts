/** Text and tokens of stand-ins and clients: four characters are a token, for everybody, so that counts agree. */
const charsPerToken = 4
const words =
  'the request went through after the second try because the first server was busy and the queue had grown so please look at the graph before you scale'.split(
    ' ',
  )

/** A text of that many tokens. */
export function textOf(tokens: number, seed: string): string {
  let text = `${seed} `
  for (let at = text.length; text.length < tokens * charsPerToken; at++) text += `${words[at % words.length]} `
  return text.slice(0, tokens * charsPerToken)
}

export function tokensOf(text: string): number {
  return Math.ceil(text.length / charsPerToken)
}

/** Text parts of the messages of a chat request; the system prompt apart, since that is what a prefix cache shares. */
export function promptOf(body: Record<string, unknown>): { system: string; rest: string } {
  const messages = Array.isArray(body['messages']) ? (body['messages'] as { role?: unknown; content?: unknown }[]) : []
  const text = (content: unknown): string => {
    if (typeof content === 'string') return content
    if (!Array.isArray(content)) return ''
    return (content as { text?: unknown }[]).map((part) => (typeof part.text === 'string' ? part.text : '')).join('')
  }
  const own = messages.filter(({ role }) => role === 'system').map(({ content }) => text(content))
  const rest = messages.filter(({ role }) => role !== 'system').map(({ content }) => text(content))
  return { system: [text(body['system']), ...own].join(''), rest: rest.join('') }
}

/** Remembers system prompts, as a provider's prompt cache does: the first time writes, later times read. */
export class PromptCache {
  private readonly seen = new Map<string, number>()
  private readonly lastsMs: number
  private readonly least: number

  /** Prompts under `least` tokens are not cached; unused ones are forgotten after `lastsMs`. */
  constructor(least: number, lastsMs: number) {
    this.least = least
    this.lastsMs = lastsMs
  }

  look(prompt: string, now: number): { read: number; written: number } {
    const tokens = tokensOf(prompt)
    if (tokens < this.least) return { read: 0, written: 0 }
    const last = this.seen.get(prompt)
    this.seen.set(prompt, now)
    if (this.seen.size > 1000) this.seen.clear()
    return last !== undefined && now - last < this.lastsMs ? { read: tokens, written: 0 } : { read: 0, written: tokens }
  }
}

/** How long an answer gets: the demo's clients say it in the prompt, others get a length of their own. */
export function answerTokens(prompt: string, limit: number): number {
  const asked = /\(about (\d+) tokens\)/.exec(prompt)
  return Math.max(Math.min(asked ? Number(asked[1]) : 60, limit), 1)
}
