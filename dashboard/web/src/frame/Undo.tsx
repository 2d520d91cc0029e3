import { CloseButton } from '@mantine/core'
import { useEffect, useState } from 'react'
import { usePutBack } from '../data/changes.ts'
import { offerAgain, useTakenBack } from '../lib/taken-back.ts'

/** Long enough to read it and to reach it by keys, in ms; it stays for as long as somebody is at it. */
const offeredMs = 30_000

/** A mark that was taken back may have been the wrong one: here it is again. */
export function Undo() {
  const taken = useTakenBack()
  return (
    <div role="status" className="undo-place">
      {taken && <Offer key={taken.id} {...taken} />}
    </div>
  )
}

function Offer({ id, title }: { id: string; title: string }) {
  const putBack = usePutBack()
  const [held, hold] = useState(false)
  useEffect(() => {
    if (held) return undefined
    const timer = setTimeout(() => offerAgain(null), offeredMs)
    return () => clearTimeout(timer)
  }, [held])
  return (
    <div
      className="undo"
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <span className="undo-what" title={title}>
        Deleted “{title}”
      </span>
      <button
        type="button"
        className="control"
        disabled={putBack.isPending}
        onClick={() => putBack.mutate(id, { onSuccess: () => offerAgain(null) })}
      >
        Undo
      </button>
      {putBack.error && <span className="undo-problem">{putBack.error.message}</span>}
      <CloseButton size="sm" aria-label="Leave it deleted" onClick={() => offerAgain(null)} />
    </div>
  )
}
