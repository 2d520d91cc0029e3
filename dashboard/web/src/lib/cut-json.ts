/** JSON, also when its end was cut off: long content is stored so, with a mark in place of what is missing. */

const mark = /…\[cut: \d+ bytes\]$/

/** The value, as far as it goes; undefined when the text is no JSON at all. */
export function parseCut(text: string): unknown {
  const whole = parsed(text)
  if (whole !== undefined) return whole
  const cut = mark.exec(text)
  return cut ? mended(text.slice(0, cut.index), cut[0]) : undefined
}

/** Whether a stored text lost its end. */
export const wasCut = (text: string) => mark.test(text)

/** Closes what is open; where the text ends within a string, the mark ends it. What stands half behind a comma is left out. */
function mended(head: string, end: string): unknown {
  const { inString, closers, lastComma } = scan(head)
  // An escape that was cut in two would spoil the rest.
  const text = head.replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, '')
  const whole = parsed(inString ? `${text}${end}"${closers}` : text + closers)
  if (whole !== undefined || lastComma < 0) return whole
  const shorter = head.slice(0, lastComma)
  return parsed(shorter + scan(shorter).closers)
}

/** What is open at the end of the text, and where its last comma is; -1 when there is none. */
function scan(text: string): { inString: boolean; closers: string; lastComma: number } {
  const open: string[] = []
  let inString = false
  let lastComma = -1
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (inString) {
      if (letter === '\\') at += 1
      else if (letter === '"') inString = false
    } else if (letter === '"') inString = true
    else if (letter === '{') open.push('}')
    else if (letter === '[') open.push(']')
    else if (letter === '}' || letter === ']') open.pop()
    else if (letter === ',') lastComma = at
  }
  return { inString, closers: open.toReversed().join(''), lastComma }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
