import { useCallback, useState } from 'react'

const widths = new Map<string, number>()
let last = 0

/**
 * The width of an element without padding in px, and what watches it. At first it is the one that the chart of this name had, else
 * that of the chart measured last, for most are as wide: then it is drawn once, not again when it was measured. It is measured before
 * it is painted: a page that rests, or is too busy, tells of sizes late.
 */
export function useWidth(name: string) {
  const [width, setWidth] = useState(() => widths.get(name) ?? last)
  const ref = useCallback(
    (element: Element | null) => {
      if (!element) return undefined
      const measured = (next: number) => {
        // Hidden, it has none, and is as wide as before once it is seen.
        if (next === 0) return
        last = next
        widths.set(name, next)
        setWidth(next)
      }
      measured(element.clientWidth)
      const observer = new ResizeObserver(() => measured(element.clientWidth))
      observer.observe(element)
      return () => observer.disconnect()
    },
    [name],
  )
  return { ref, width }
}
