import { formatClockBeside, formatIso } from '../lib/format.ts'
import type { Draft } from '../lib/use-draft.ts'
import { useNow } from '../lib/use-now.ts'

/** Says that what stands in a form was typed before, and takes it back. */
export function DraftNote({ draft: { found_at, discard } }: { draft: Pick<Draft<object>, 'found_at' | 'discard'> }) {
  const now = useNow(60_000)
  if (found_at === null) return null
  return (
    <p className="draft-note">
      <span title={formatIso(found_at)}>Unsaved draft from {formatClockBeside(found_at, now)}</span>
      <button
        type="button"
        className="chip-button"
        onClick={({ currentTarget: { form } }) => {
          discard()
          // The button goes: the keyboard stays in the form.
          form?.querySelector<HTMLElement>('input, textarea')?.focus()
        }}
      >
        Discard
      </button>
    </p>
  )
}
