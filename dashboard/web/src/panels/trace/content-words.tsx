/** Why a prompt is not there, or not whole, and the one setting that changes it. */
import { wasCut } from '../../lib/cut-json.ts'

interface Said {
  input: string
  output: string
}

export function NoContent({ what }: { what: string }) {
  return (
    <p className="dim">
      What {what} said is not stored: <code className="mono">content: off</code> keeps nothing, clients may send
      nothing, and prompts are dropped before their rows are. <code className="mono">content: redacted</code> in the
      configuration keeps prompts and answers without personal data; <code className="mono">content: full</code> keeps
      all.
    </p>
  )
}

/** As the redactor writes what it took out. */
const redacted = /\[(?:email|phone|card|iban|ip|key|jwt|password|private key)\]/

export function ContentNotes({ said }: { said: readonly Said[] }) {
  const texts = said.flatMap(({ input, output }) => [input, output])
  const isRedacted = texts.some((text) => redacted.test(text))
  const isCut = texts.some(wasCut)
  if (!isRedacted && !isCut) return null
  return (
    <p className="dim">
      {isRedacted && (
        <>
          Marks such as [email] stand where personal data and secrets were; <code className="mono">content: full</code>{' '}
          keeps personal data.{' '}
        </>
      )}
      {isCut && (
        <>
          Where it ends in […cut], <code className="mono">content.max_bytes</code> was reached.
        </>
      )}
    </p>
  )
}
