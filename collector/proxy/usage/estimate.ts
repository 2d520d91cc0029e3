/**
 * How many tokens a text would be, where the vendor did not say: an estimate by script, not a tokenizer's count. Against the
 * tokenizers in use it is off by some 10 to 20 % for prose and by more for code and numbers.
 */

/** Characters to a token, for the scripts that vocabularies hold whole words of, parts of words, or single signs. */
const charactersPerToken = { latin: 4, other: 2.2, ideograph: 0.9 }

export class TokenEstimate {
  private latin = 0
  private other = 0
  private ideographs = 0

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

  /** Null of no text at all. */
  get tokens(): number | null {
    const { latin, other, ideographs } = this
    if (latin + other + ideographs === 0) return null
    const { latin: words, other: parts, ideograph } = charactersPerToken
    return Math.max(1, Math.round(latin / words + other / parts + ideographs / ideograph))
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
