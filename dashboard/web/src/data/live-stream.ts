/**
 * The server's ticks, by one stream for all windows of a browser: over HTTP/1.1 it opens six connections to a server, and every stream
 * holds one for as long as its window is open, so that a seventh window would wait for ever. Whoever holds the lock listens, and tells
 * the others. A window that nobody sees does not listen.
 */

/** What windows tell each other. `who` asks the one that listens for how things stand. */
type Word = 'tick' | 'open' | 'away' | 'who'

const name = 'inferwatch-live'
/** After an answer that is no stream, which browsers do not try again. */
const retryMs = 5_000

interface Listener {
  onTick: () => void
  onConnected: (connected: boolean) => void
}

/** Until the function that it returns is called. */
export function followLive({ onTick, onConnected }: Listener): () => void {
  const channel = new BroadcastChannel(name)
  let connected = false
  /** Leaves the stream to another window. */
  let leave: (() => void) | null = null

  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- none but windows of this origin are in it
  const tell = (word: Word) => channel.postMessage(word)
  const hear = (word: Word) => {
    if (word === 'who') {
      if (connected && leave) tell('open')
    } else if (word === 'tick') onTick()
    else {
      connected = word === 'open'
      onConnected(connected)
    }
  }
  const say = (word: Word) => {
    hear(word)
    tell(word)
  }
  const listen = (to: (word: Word) => void, signal?: AbortSignal) => {
    // It may have been given what it no longer asked for.
    if (signal?.aborted) return Promise.resolve()
    const over = Promise.withResolvers<void>()
    const close = streamTicks(to)
    leave = () => {
      close()
      over.resolve()
    }
    return over.promise
  }
  const enter = () => {
    // Pages by http from elsewhere have no locks: each listens for itself, and knows nothing of the others' streams.
    const { locks } = navigator as { locks?: LockManager }
    if (!locks) {
      void listen(hear)
      return
    }
    tell('who')
    const waiting = new AbortController()
    leave = () => waiting.abort()
    const { signal } = waiting
    locks.request(name, { signal }, () => listen(say, signal)).catch(() => undefined)
  }
  const look = () => {
    if (document.hidden) {
      leave?.()
      leave = null
    } else if (!leave) enter()
  }

  channel.onmessage = ({ data }: MessageEvent<Word>) => hear(data)
  document.addEventListener('visibilitychange', look)
  look()
  return () => {
    document.removeEventListener('visibilitychange', look)
    leave?.()
    channel.close()
  }
}

/** Tells of ticks, and whether the stream is there. Returns what ends it. */
function streamTicks(say: (word: Word) => void): () => void {
  let retry: number | undefined
  let stream: EventSource
  const open = () => {
    stream = new EventSource('/api/live')
    stream.addEventListener('tick', () => say('tick'))
    stream.addEventListener('open', () => say('open'))
    stream.addEventListener('error', () => {
      say('away')
      if (stream.readyState === EventSource.CLOSED) retry = window.setTimeout(open, retryMs)
    })
  }
  open()
  return () => {
    window.clearTimeout(retry)
    stream.close()
  }
}
