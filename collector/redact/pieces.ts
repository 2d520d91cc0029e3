/** Text that quotes text spells line ends as `\n`: the letter is no part of the word behind it. */

/** `redact` done to what stands between escaped line ends and tabs. */
export function inPieces(text: string, redact: (piece: string) => string): string {
  if (!text.includes('\\')) return redact(text)
  return text
    .split(escapedSpace)
    .map((piece, index) => (index % 2 === 0 ? redact(piece) : piece))
    .join('')
}

const escapedSpace = /(\\{1,8}[nrt])/
