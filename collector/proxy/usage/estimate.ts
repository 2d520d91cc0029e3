/**
 * How many tokens a text would be, where the vendor did not say: an estimate by script, not a tokenizer's count. Against OpenAI's
 * tokenizers it is off by some 10 to 20 % for English prose, and by half or more for JSON and other scripts.
 */

/** Characters to a token, for the scripts that vocabularies hold whole words of, parts of words, or single signs. */
const charactersPerToken = { latin: 4, other: 2.2, ideograph: 0.9 }

export class TokenEstimate {
  latin = 0
  other = 0
  ideographs = 0

  add(text: string): void {
    let other = 0
    let ideographs = 0
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      if (unit < 0x250) continue
      if (unit < 0x2e80) other++
      // Both halves of what UTF-16 needs two units for are counted here: emoji are about two tokens.
      else ideographs++
    }
    this.latin += text.length - other - ideographs
    this.other += other
    this.ideographs += ideographs
  }

  get characters(): number {
    return this.latin + this.other + this.ideographs
  }

  /** Null of no text at all. */
  get tokens(): number | null {
    const { latin, other, ideographs } = this
    if (this.characters === 0) return null
    const { latin: words, other: parts, ideograph } = charactersPerToken
    return Math.max(1, Math.round(latin / words + other / parts + ideographs / ideograph))
  }
}

/** Characters that a tokenizer is given of a text; of a longer one the rest is taken to be alike. */
const maxSample = 16 * 1024

/** An estimate that keeps the beginning of its text, for a tokenizer to count. */
export class TextSample extends TokenEstimate {
  sample = ''

  override add(text: string): void {
    super.add(text)
    const room = maxSample - this.sample.length
    if (room > 0) this.sample += text.length > room ? text.slice(0, room) : text
  }

  /** Part of a text of which this is the estimate. */
  of({ latin, other, ideographs }: TokenEstimate): this {
    Object.assign(this, { latin, other, ideographs })
    return this
  }

  /** The tokens of all of it, from those counted of the sample. */
  scaled(counted: number): number {
    const part = new TokenEstimate()
    part.add(this.sample)
    if (part.characters === this.characters) return counted
    return Math.round(((this.tokens ?? 0) * counted) / (part.tokens ?? 1))
  }
}

/** Deeper than any message. */
const maxDepth = 24
/** Values of these are no text to a model. */
const notText = new Set([
  'type',
  'role',
  'id',
  'tool_call_id',
  'tool_use_id',
  'media_type',
  'mime_type',
  'mimeType',
  'data',
])

/** Adds every text within a prompt, but for files and images that stand in it. */
export function addTexts(estimate: TokenEstimate, value: unknown, depth = 0): void {
  if (typeof value === 'string') {
    if (!value.startsWith('data:')) estimate.add(value)
  } else if (Array.isArray(value)) {
    if (depth < maxDepth) for (const item of value) addTexts(estimate, item, depth + 1)
  } else if (typeof value === 'object' && value !== null && depth < maxDepth) {
    for (const [key, item] of Object.entries(value)) if (!notText.has(key)) addTexts(estimate, item, depth + 1)
  }
}
