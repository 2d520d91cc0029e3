/** What somebody typed into a form and did not send: this tab keeps it, over a reload and a wrong click. No form that has a draft asks for a secret. */
import { useCallback, useEffect, useRef, useState } from 'react'

export interface Draft<Fields> {
  fields: Fields
  change: (fields: Partial<Fields>) => void
  /** When what stands there was typed, in epoch ms, where it was found rather than typed since the form opened. */
  found_at: number | null
  /** Back to what stands there without a draft. */
  discard: () => void
  /** What was sent, or given up, is no draft any more; the fields stay as they are. */
  forget: () => void
}

/**
 * `name` says the form and what it edits. Only fields that differ from `first` are kept: the others are as they are when the form opens
 * again.
 */
export function useDraft<Fields extends object>(name: string, first: () => Fields): Draft<Fields> {
  const key = `inferwatch.draft.${name}`
  const [start] = useState(first)
  const [found, setFound] = useState(() => read(key, start))
  const [fields, setFields] = useState<Fields>({ ...start, ...found?.fields })
  const typed = useRef(false)
  useEffect(() => {
    if (typed.current) keep(key, start, fields)
  }, [key, start, fields])

  const change = useCallback((next: Partial<Fields>) => {
    typed.current = true
    setFields((before) => ({ ...before, ...next }))
  }, [])
  const forget = useCallback(() => {
    typed.current = false
    setFound(null)
    remove(key)
  }, [key])
  const discard = useCallback(() => {
    forget()
    setFields(start)
  }, [forget, start])
  return { fields, change, found_at: found?.at ?? null, discard, forget }
}

interface Kept<Fields> {
  /** Epoch ms. */
  at: number
  fields: Partial<Fields>
}

function read<Fields extends object>(key: string, start: Fields): Kept<Fields> | null {
  try {
    const { at, fields } = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept<Fields>
    // Another version of the page may have kept it.
    const known = Object.entries(fields).filter(
      ([name, value]) => typeof value === typeof (start as Record<string, unknown>)[name],
    )
    return known.length > 0 ? { at, fields: Object.fromEntries(known) as Partial<Fields> } : null
  } catch {
    return null
  }
}

function keep<Fields extends object>(key: string, start: Fields, fields: Fields): void {
  const text = (value: unknown) => JSON.stringify(value)
  const typed = Object.entries(fields).filter(
    ([name, value]) => text(value) !== text((start as Record<string, unknown>)[name]),
  )
  if (typed.length === 0) return remove(key)
  try {
    sessionStorage.setItem(key, text({ at: Date.now(), fields: Object.fromEntries(typed) }))
  } catch {
    // Full, or forbidden: it lasts as long as the form.
  }
}

function remove(key: string): void {
  try {
    sessionStorage.removeItem(key)
  } catch {
    // Forbidden: there is nothing to remove.
  }
}
