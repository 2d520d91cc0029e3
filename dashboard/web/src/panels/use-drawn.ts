import { startTransition, useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { flushSync } from 'react-dom'
import { lie, seen, useSight } from '../data/turn.ts'
import { onceIdle } from '../lib/idle.ts'

/** So far beyond the window, in px, a panel that one scrolls towards is as good as in sight. */
const margin = 300
/** A page that one comes to is shown before what is beyond the window is drawn, in ms. */
const pageFirst = 100

/**
 * Whether a panel draws the data that it has: at once in sight, else when one scrolls near, and in any case once the page rests: then
 * it is read like the rest; before that when the page is printed or looked through. What is in sight waits for nothing else: neither
 * with its drawing nor with its question.
 */
export function useDrawn(panel: RefObject<HTMLElement | null>, ready: boolean): boolean {
  const near = useRef(false)
  const [drawn, draw] = useState(false)
  const sight = useSight()
  useLayoutEffect(() => {
    const top = panel.current?.getBoundingClientRect().top ?? 0
    near.current = top < window.innerHeight
    if (near.current) seen(sight)
    if (near.current && ready) draw(true)
    return lie(sight, () => isInSight(panel.current))
    // Where it begins counts, before its data and those of others move it.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  const shown = drawn || (near.current && ready)
  const now = useCallback(() => draw(true), [])
  useEffect(() => {
    if (shown || !panel.current) return undefined
    /** What an observer tells at once is where the panel lies, not that one scrolled. */
    let scrolled = false
    const observer = new IntersectionObserver(
      ([entry]) => {
        const inSight = entry?.isIntersecting === true && entry.boundingClientRect.top < window.innerHeight
        if (inSight) seen(sight)
        if (ready && entry?.isIntersecting && (scrolled || inSight)) startTransition(now)
        scrolled = true
      },
      { rootMargin: `${margin}px 0px` },
    )
    observer.observe(panel.current)
    return () => observer.disconnect()
  }, [panel, ready, shown, sight, now])
  useEffect(() => (ready && !shown ? inTurn(now) : undefined), [ready, shown, now])
  return shown
}

function isInSight(panel: HTMLElement | null): boolean {
  const { top, bottom } = panel?.getBoundingClientRect() ?? { top: 0, bottom: 0 }
  return top < window.innerHeight && bottom >= 0
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
  if (!armed) {
    armed = true
    setTimeout(goOn, pageFirst)
  }
  return () => waiting.delete(draw)
}

function goOn(): void {
  onceIdle(() => {
    const [next] = waiting
    if (next) waiting.delete(next)
    if (next) startTransition(next)
    armed = waiting.size > 0
    if (armed) goOn()
  })
}
