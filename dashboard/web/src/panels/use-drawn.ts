import { startTransition, useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { place, useSight } from '../data/turn.ts'

/** So far beyond the window, in px, a panel is as good as in sight. */
const margin = 300

/**
 * Whether a panel draws the data that it has: at once in sight, else when one scrolls near, and in any case once the page rests: then
 * it is found, printed and read like the rest. What is in sight waits for nothing else: neither with its drawing nor with its question.
 */
export function useDrawn(panel: RefObject<HTMLElement | null>, ready: boolean): boolean {
  const near = useRef(false)
  const [drawn, draw] = useState(false)
  const sight = useSight()
  useLayoutEffect(() => {
    const top = panel.current?.getBoundingClientRect().top ?? 0
    near.current = top < window.innerHeight + margin
    place(sight, top < window.innerHeight)
    if (near.current && ready) draw(true)
    // Where it begins counts, before its data and those of others move it.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  const shown = drawn || (near.current && ready)
  const now = useCallback(() => startTransition(() => draw(true)), [])
  useEffect(() => {
    if (shown || !panel.current) return undefined
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return
        place(sight, entry.boundingClientRect.top < window.innerHeight)
        if (ready) now()
      },
      { rootMargin: `${margin}px 0px` },
    )
    observer.observe(panel.current)
    return () => observer.disconnect()
  }, [panel, ready, shown, sight, now])
  useEffect(() => (ready && !shown ? inTurn(now) : undefined), [ready, shown, now])
  return shown
}

const waiting = new Set<() => void>()
let armed = false

/** Each when the page rests, one at a time, so that a key or a click comes between. Returns what takes it back. */
function inTurn(draw: () => void): () => void {
  waiting.add(draw)
  arm()
  return () => waiting.delete(draw)
}

function arm(): void {
  if (armed || waiting.size === 0) return
  armed = true
  idly(() => {
    armed = false
    const [next] = waiting
    if (next) waiting.delete(next)
    next?.()
    arm()
  })
}

/** In ms; a page that never rests is drawn all the same. */
const atLatest = 200

/** Safari knows no idle time. */
const idly = (act: () => void) =>
  'requestIdleCallback' in window ? requestIdleCallback(act, { timeout: atLatest }) : setTimeout(act, 50)
