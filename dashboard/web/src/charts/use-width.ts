import { useCallback, useState } from 'react'

const widths = new Map<string, number>()
let last = 0

/**
 * The width of an element in px, and what watches it. At first it is the one that the chart of this name had, else that of the chart
 * measured last, for most are as wide: then it is drawn once, not again when it was measured.
 */
export function useWidth(name: string) {
  const [width, setWidth] = useState(() => widths.get(name) ?? last)
  const ref = useCallback(
    (element: Element | null) => {
      if (!element) return undefined
      const observer = new ResizeObserver(([entry]) => {
        last = Math.round(entry?.contentRect.width ?? 0)
        widths.set(name, last)
        setWidth(last)
      })
      observer.observe(element)
      return () => observer.disconnect()
    },
    [name],
  )
  return { ref, width }
}
