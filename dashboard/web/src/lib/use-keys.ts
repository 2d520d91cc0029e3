/** Keys of a page: single ones, and two after each other as in `g o`. Never while someone types, nor in a dialog. */
import { useEffect, useRef } from 'react'

/** By key, or by two with a space between. */
export type KeyActions = Record<string, () => void>

/** The second of two keys comes within this time, in ms. */
const patience = 1500

export function useKeys(actions: KeyActions): void {
  const current = useRef(actions)
  useEffect(() => {
    current.current = actions
  })
  useEffect(() => {
    let first: { key: string; at: number } | null = null
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target)) return
      const pair = first && event.timeStamp - first.at < patience ? `${first.key} ${event.key}` : null
      const action = (pair === null ? undefined : current.current[pair]) ?? current.current[event.key]
      const begins = Object.keys(current.current).some((keys) => keys.startsWith(`${event.key} `))
      first = begins && action === undefined ? { key: event.key, at: event.timeStamp } : null
      if (!action) return
      event.preventDefault()
      action()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
}

/** Where keys mean letters, or belong to an open dialog, menu or list. */
function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select, [role="menu"], [role="listbox"], .mantine-Modal-root') !== null
  )
}
