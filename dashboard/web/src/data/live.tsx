/** Keeps pages fresh: at once when the server says that something was stored, else every few seconds. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { isLive } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { followLive } from './live-stream.ts'
import { liveKey } from './use-question.ts'

/** live: pushed by the server · polling: the stream is away · off: paused, or a fixed range. */
export type LiveState = 'live' | 'polling' | 'off'

/** Pages redraw at most this often, in ms, however fast data comes in. */
const atMostEvery = 2000
/** The range moves on even when nothing new is stored. */
const quietEvery = 15_000
const pollEvery = 5000

export function useLive(): LiveState {
  const [search] = useSearch()
  const live = isLive(search)
  const queries = useQueryClient()
  const [connected, setConnected] = useState(false)
  /** When the page was last asked for: as it begins, it asks by itself. */
  const [begun] = useState(() => Date.now())
  const asked = useRef(begun)

  useEffect(() => {
    if (!live) return undefined
    let waiting: number | undefined
    let over = false
    const refresh = () => {
      window.clearTimeout(waiting)
      waiting = undefined
      asked.current = Date.now()
      if (document.hidden) return
      const filter = { queryKey: [liveKey] }
      const early = queries.isFetching(filter) > 0
      // What is on its way may come: where answers take longer than ticks, none ever would. It is asked again after that.
      void queries.invalidateQueries(filter, { cancelRefetch: false }).then(() => early && !over && soon())
    }
    const soon = () => {
      waiting ??= window.setTimeout(refresh, Math.max(asked.current + atMostEvery - Date.now(), 0))
    }
    let open = false
    const unfollow = followLive({
      onTick: soon,
      onConnected(now) {
        open = now
        setConnected(now)
      },
    })
    const timer = window.setInterval(() => {
      if (Date.now() - asked.current >= (open ? quietEvery : pollEvery)) soon()
    }, 1000)
    document.addEventListener('visibilitychange', soon)
    return () => {
      over = true
      unfollow()
      setConnected(false)
      window.clearTimeout(waiting)
      window.clearInterval(timer)
      document.removeEventListener('visibilitychange', soon)
    }
  }, [live, queries])

  if (!live) return 'off'
  return connected ? 'live' : 'polling'
}
