import { Button } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import type { Draft } from '../lib/use-draft.ts'
import { DraftNote } from './DraftNote.tsx'

interface FormProps {
  /** What it does, for those who hear it. */
  label: string
  onSubmit: (form: HTMLFormElement) => void
  /** The fields say themselves what is wrong with them. */
  noValidate?: boolean
  /** Of what is typed here, where it is kept until it is sent. */
  draft?: Pick<Draft<object>, 'found_at' | 'discard'>
  children: ReactNode
  buttons: ReactNode
  /** Why what was sent is refused. */
  error: Error | null
  /** What came of it. */
  outcome?: ReactNode
}

interface SendProps {
  children: ReactNode
  sending: boolean
  /** What it does can't be undone. */
  grave?: boolean
  onCancel?: (() => void) | undefined
}

/** The button that sends the form, and the one that leaves it. */
export const Send = ({ children, sending, grave = false, onCancel }: SendProps) => (
  <>
    <Button type="submit" size="compact-sm" loading={sending} {...(grave && { color: 'red' })}>
      {children}
    </Button>
    {onCancel && (
      <Button size="compact-sm" variant="default" onClick={onCancel}>
        Cancel
      </Button>
    )}
  </>
)

/** Fields, the buttons below them, and what came of sending it. */
export function Form({ label, onSubmit, noValidate = false, draft, children, buttons, error, outcome }: FormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    onSubmit(event.currentTarget)
  }
  return (
    <form className="form" aria-label={label} onSubmit={submit} noValidate={noValidate}>
      {draft && <DraftNote draft={draft} />}
      {children}
      <div className="form-buttons">{buttons}</div>
      {error && (
        <p role="alert" className="request-error wrap">
          {error.message}
        </p>
      )}
      {outcome}
    </form>
  )
}
