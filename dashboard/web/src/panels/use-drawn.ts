import { startTransition, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { flushSync } from 'react-dom'

/** So far beyond the window, in px, a panel is as good as in sight. */
const margin = 300

/**
 * Whether a panel draws the data that it has: at once in sight, else when one scrolls near, and in any case once the page rests: then
 * it is read like the rest; before that when the page is printed or looked through. What is in sight waits for nothing else.
 */
export function useDrawn(panel: RefObject<HTMLElement | null>, ready: boolean): boolean {
  const near = useRef(false)
  const [drawn, draw] = useState(false)
  useLayoutEffect(() => {
    const top = panel.current?.getBoundingClientRect().top ?? 0
    near.current = top < window.innerHeight + margin
    if (near.current && ready) draw(true)
    // Where it begins counts, before its data and those of others move it.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  const shown = drawn || (near.current && ready)
  useEffect(() => {
    if (!ready || shown || !panel.current) return undefined
    const now = () => draw(true)
    const takeBack = inTurn(now)
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && startTransition(now), {
      rootMargin: `${margin}px 0px`,
    })
    observer.observe(panel.current)
    return () => {
      takeBack()
      observer.disconnect()
    }
  }, [panel, ready, shown])
  return shown
}

const waiting = new Set<() => void>()
let armed = false

/** What is printed or looked through is the whole page, now. */
function drawAll(): void {
  const all = [...waiting]
  waiting.clear()
  flushSync(() => {
    for (const draw of all) draw()
  })
}

const finds = ({ key, ctrlKey, metaKey }: KeyboardEvent) => (ctrlKey || metaKey) && key.toLowerCase() === 'f'

window.addEventListener('beforeprint', drawAll)
window.addEventListener('keydown', (event) => finds(event) && drawAll())

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
    if (next) startTransition(next)
    arm()
  })
}

/** In ms; a page that never rests is drawn all the same. */
const atLatest = 200

/** Safari knows no idle time. */
const idly = (act: () => void) =>
  'requestIdleCallback' in window ? requestIdleCallback(act, { timeout: atLatest }) : setTimeout(act, 50)
