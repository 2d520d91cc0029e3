/** Which rows of a long list are drawn: all have one height, and what is above and below them is empty space. */
import { startTransition, useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { onceIdle } from '../lib/idle.ts'

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

/** `beyond` rows are drawn past both edges. */
export function rowsInSight({ rows, rowHeight, scrolled, height }: Sizes, beyond = overscan): RowSpan {
  const first = Math.floor((scrolled / rowHeight - beyond) / step) * step
  // Both ends move together: a change costs the same whether of one or both.
  const most = Math.ceil((height / rowHeight + 2 * beyond) / step + (beyond > 0 || first > 0 ? 1 : 0)) * step
  return { first: Math.max(Math.min(first, rows - step), 0), end: Math.min(first + most, rows) }
}

interface ListOptions {
  rows: number
  /** In px. */
  rowHeight: number
  /** Of what stays above the rows while they scroll, in px. */
  head: number
}

/** The rows of a scroller to draw, and what brings one into sight. At first they are those in sight alone, the others once the page rests. */
export function useRowsInSight(scroller: RefObject<HTMLElement | null>, { rows, rowHeight, head }: ListOptions) {
  const [span, setSpan] = useState<RowSpan>({ first: 0, end: 0 })
  const beyond = useRef(0)
  const look = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const sizes = { rows, rowHeight, scrolled: element.scrollTop, height: element.clientHeight }
    const next = rowsInSight(sizes, beyond.current)
    setSpan((before) => (before.first === next.first && before.end === next.end ? before : next))
  }, [scroller, rows, rowHeight])
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    const moved = () => {
      beyond.current = overscan
      look()
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', moved, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', moved)
    }
  }, [scroller, look])
  useEffect(
    () =>
      onceIdle(() => {
        beyond.current = overscan
        startTransition(look)
      }),
    [look],
  )
  const bringIntoSight = useCallback(
    (row: number) => {
      const element = scroller.current
      if (!element) return
      const top = row * rowHeight
      const lowest = top + head + rowHeight - element.clientHeight
      if (element.scrollTop > top) element.scrollTo({ top })
      else if (element.scrollTop < lowest) element.scrollTo({ top: lowest })
    },
    [scroller, rowHeight, head],
  )
  return { ...span, end: Math.min(span.end, rows), bringIntoSight }
}
