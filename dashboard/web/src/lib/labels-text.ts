/** Labels as people write them: `endpoint:chat model:"a b"`. */

export function labelsText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}:${/^[^\s"\\]+$/.test(value) ? value : JSON.stringify(value)}`)
    .join(' ')
}

const pair = /\s*(\w+):("(?:[^"\\]|\\.)*"|[^\s"]+)(?=\s|$)/y

/** Null for text that is none. */
export function labelsOf(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {}
  const end = text.trimEnd().length
  pair.lastIndex = 0
  while (pair.lastIndex < end) {
    const found = pair.exec(text)
    const value = found?.[2] && valueOf(found[2])
    if (!found?.[1] || !value) return null
    labels[found[1]] = value
  }
  return labels
}

function valueOf(text: string): string | null {
  if (!text.startsWith('"')) return text
  try {
    return JSON.parse(text) as string
  } catch {
    return null
  }
}
