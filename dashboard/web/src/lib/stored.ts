/** What this browser keeps of a page. */
import { useCallback, useState } from 'react'

/** A list in localStorage; what does not look like it, or cannot be kept, is an empty list and stays in memory. */
export function useStored<T>(key: string, isItem: (value: unknown) => value is T) {
  const [items, setItems] = useState<readonly T[]>(() => storedItems(key, isItem))
  const change = useCallback(
    (next: (before: readonly T[]) => readonly T[]) => {
      // Another tab may have added to it.
      const after = next(storedItems(key, isItem))
      setItems(after)
      try {
        localStorage.setItem(key, JSON.stringify(after))
      } catch {
        // Full, or forbidden: it lasts as long as the page.
      }
    },
    [key, isItem],
  )
  return [items, change] as const
}

function storedItems<T>(key: string, isItem: (value: unknown) => value is T): readonly T[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(stored) ? stored.filter(isItem) : []
  } catch {
    return []
  }
}
