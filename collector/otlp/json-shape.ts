/**
 * JSON that is small on the wire and huge in memory, such as 60 MB of `[`: JSON.parse builds all of it before anybody can
 * look at it, and blocks the process for as long. Counting brackets costs a hundredth of that.
 */
import { Refusal } from './answer.ts'
import { DecodeError } from './findings.ts'

/** Smaller bodies do no harm whatever they are made of. */
const harmlessBytes = 2 ** 20
/** Objects and arrays of one body: 64 MiB of attributes of the common size have about half as many. */
const maxNodes = 2_000_000
/** Values may nest 40 deep, at four JSON levels each. */
const maxNesting = 200

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
/** `{` is `[` with this bit set, and `}` is `]`. */
const braceBit = 0x20

/** Throws DecodeError on a body nested too deeply, Refusal 413 on one of too many objects. */
export function checkShape(body: Buffer): void {
  if (body.length < harmlessBytes) return
  let nodes = 0
  let depth = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number
    if (byte === quote) at = endOfString(body, at)
    else if ((byte & ~braceBit) === openBracket) {
      depth++
      nodes++
      if (depth > maxNesting) throw new DecodeError(`not OTLP: nested deeper than ${maxNesting} levels (byte ${at})`)
      if (nodes > maxNodes)
        throw new Refusal(413, 'body_too_large', `the body has more than ${maxNodes} objects: send smaller batches`)
    } else if ((byte & ~braceBit) === closeBracket) depth--
  }
}

/** Index of the closing quote, or the end of the body. */
function endOfString(body: Buffer, start: number): number {
  for (let at = body.indexOf(quote, start + 1); at !== -1; at = body.indexOf(quote, at + 1)) {
    let escapes = 0
    while (body[at - 1 - escapes] === backslash) escapes++
    if (escapes % 2 === 0) return at
  }
  return body.length
}
