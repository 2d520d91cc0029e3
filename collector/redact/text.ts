/** Personal data and secrets in text of any shape, replaced by what they were. Linear in the text. */
import { redactJson } from './json.ts'
import { withoutPatterns, type Pattern } from './patterns.ts'
import { redactPersonal } from './personal.ts'
import { inPieces } from './pieces.ts'
import { redactTokens, withoutPem } from './secrets.ts'

export type Redact = (text: string) => string

/** Replaces what `patterns` and the built-in ones find by `[kind]`. Text that is JSON stays JSON. */
export function textRedactor(patterns: readonly Pattern[] = []): Redact {
  const once: Redact = (text) => redactPersonal(redactTokens(withoutPatterns(text, patterns)))
  const piece: Redact = (text) => {
    let redacted = once(text)
    // What stood close to another find may only now be told from it.
    for (let again = 0; again < 3 && redacted !== text && closeToMark.test(redacted); again++) {
      const next = once(redacted)
      if (next === redacted) break
      redacted = next
    }
    return redacted
  }
  const plain: Redact = (text) => inPieces(withoutPem(text), piece)
  return (text) => redactJson(text, plain) ?? plain(text)
}

const closeToMark = /[^\s"',;:=]\[[a-z_ -]{2,32}\]|\[[a-z_ -]{2,32}\][^\s"',;]/

export const redactText = textRedactor()
