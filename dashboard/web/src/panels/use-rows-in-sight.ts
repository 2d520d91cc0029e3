/** Which rows of a long list are drawn: all have one height, and what is above and below them is empty space. */
import { useCallback, useLayoutEffect, useState, type RefObject } from 'react'

/** Of rows, from the first to before the last. */
export interface RowSpan {
  first: number
  end: number
}

interface Sizes {
  rows: number
  /** In px. */
  rowHeight: number
  scrolled: number
  height: number
}

/** Rows drawn beyond both edges: a fast scroll meets no blank. */
export const overscan = 12
/** Rows come and go so many at a time: most frames of a scroll draw none. */
const step = 8

export function rowsInSight({ rows, rowHeight, scrolled, height }: Sizes): RowSpan {
  const first = Math.floor((scrolled / rowHeight - overscan) / step) * step
  // Both ends move together: a change costs the same whether of one or both.
  const end = first + Math.ceil((height / rowHeight + 2 * overscan) / step + 1) * step
  return { first: Math.max(Math.min(first, rows - step), 0), end: Math.min(end, rows) }
}

interface ListOptions {
  rows: number
  /** In px. */
  rowHeight: number
  /** Of what stays above the rows while they scroll, in px. */
  head: number
}

/** The rows of a scroller to draw, and what brings one into sight. */
export function useRowsInSight(scroller: RefObject<HTMLElement | null>, { rows, rowHeight, head }: ListOptions) {
  const [span, setSpan] = useState<RowSpan>(() =>
    rowsInSight({ rows, rowHeight, scrolled: 0, height: window.innerHeight / 2 }),
  )
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    const look = () => {
      const next = rowsInSight({ rows, rowHeight, scrolled: element.scrollTop, height: element.clientHeight })
      setSpan((before) => (before.first === next.first && before.end === next.end ? before : next))
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [scroller, rows, rowHeight])
  const bringIntoSight = useCallback(
    (row: number) => {
      const element = scroller.current
      if (!element) return
      const top = row * rowHeight
      const lowest = top + head + rowHeight - element.clientHeight
      if (element.scrollTop > top) element.scrollTop = top
      else if (element.scrollTop < lowest) element.scrollTop = lowest
    },
    [scroller, rowHeight, head],
  )
  return { ...span, end: Math.min(span.end, rows), bringIntoSight }
}
