/** Values of JSON as the texts that they were. */

/** JSON in which a number that a double cannot hold, such as an id of 18 digits, is the text that stands there. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, exactNumbers)
}

function exactNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return String(value) === context.source ? value : context.source
}

export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return JSON.stringify(value)
}

/** Files of some editors begin with a byte order mark. */
export const withoutMark = (text: string) => (text.codePointAt(0) === 0xfeff ? text.slice(1) : text)
