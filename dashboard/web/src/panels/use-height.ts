/** How high panels were when one last saw them: a skeleton stands as high, so that what comes moves nothing. */
import { useEffect, useMemo, type RefObject } from 'react'

const storedAs = 'inferwatch.panel-heights'
/** Of panels; the one seen longest ago goes first. */
const most = 200
/** What stands around a skeleton in a panel's body, in px. */
const around = 22

/** In px, in a window of a width. */
type Seen = readonly [width: number, height: number]

/** The height for the skeleton of a panel, in px; `otherwise` where it was never seen, or in another window. Remembers it while it shows data. */
export function useHeight(
  body: RefObject<HTMLElement | null>,
  { slug, shown, otherwise }: { slug: string; shown: boolean; otherwise: number },
): number {
  const key = `${pageOf(location.pathname)}#${slug}`
  useEffect(() => {
    if (!shown || !body.current) return undefined
    return watch(body.current, key)
  }, [body, key, shown])
  return useMemo(() => {
    const seen = heights().get(key)
    return seen && seen[0] === window.innerWidth ? Math.max(seen[1] - around, 0) : otherwise
  }, [key, otherwise])
}

/** Pages of one thing are alike: all models' together. */
const pageOf = (path: string) => path.replace(/^(\/[^/]+)\/.*/, '$1/')

let known: Map<string, Seen> | undefined

function heights(): Map<string, Seen> {
  if (known) return known
  known = new Map(read())
  // The last that a page hears.
  document.addEventListener('visibilitychange', () => document.hidden && keep())
  window.addEventListener('pagehide', keep)
  return known
}

function read(): [string, Seen][] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storedAs) ?? '[]')
    return Array.isArray(stored) ? stored.filter(isSeen) : []
  } catch {
    return []
  }
}

function isSeen(entry: unknown): entry is [string, Seen] {
  if (!Array.isArray(entry)) return false
  const [key, seen] = entry as unknown[]
  return typeof key === 'string' && Array.isArray(seen) && seen.length === 2 && seen.every(Number.isFinite)
}

function keep(): void {
  try {
    localStorage.setItem(storedAs, JSON.stringify([...heights()].slice(-most)))
  } catch {
    // Full, or forbidden: it lasts as long as the page.
  }
}

const keys = new WeakMap<Element, string>()
let observer: ResizeObserver | undefined

function watch(element: Element, key: string): () => void {
  observer ??= new ResizeObserver((entries) => {
    for (const { target, borderBoxSize } of entries) {
      const of = keys.get(target)
      const height = borderBoxSize[0]?.blockSize ?? 0
      if (of === undefined || height === 0) continue
      heights().delete(of)
      heights().set(of, [window.innerWidth, Math.round(height)])
    }
  })
  keys.set(element, key)
  observer.observe(element)
  return () => observer?.unobserve(element)
}
