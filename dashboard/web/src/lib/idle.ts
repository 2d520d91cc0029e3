/** In ms; a page that never rests does it all the same. */
const atLatest = 200

/** Acts once, when the page rests; returns what takes it back. Safari knows no idle time. */
export function onceIdle(act: () => void): () => void {
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(act, 50)
    return () => clearTimeout(timer)
  }
  const handle = requestIdleCallback(act, { timeout: atLatest })
  return () => cancelIdleCallback(handle)
}
