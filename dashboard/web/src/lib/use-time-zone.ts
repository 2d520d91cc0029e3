import { useCallback, useSyncExternalStore } from 'react'
import { isTimeZone } from './time-zone.ts'
import { useSearch } from './use-search.ts'

const key = 'inferwatch.time-zone'
const listeners = new Set<() => void>()
/** Where nothing can be kept, it lasts as long as the page. */
let unkept: string | undefined

function keptZone(): string | undefined {
  try {
    const kept = localStorage.getItem(key)
    return kept !== null && isTimeZone(kept) ? kept : unkept
  } catch {
    return unkept
  }
}

function keep(zone: string | undefined): void {
  unkept = zone
  try {
    if (zone === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, zone)
  } catch {
    // Full, or forbidden.
  }
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The zone of the address, else the one that the reader chose, else undefined: the browser's. A choice is kept. */
export function useTimeZone(): [zone: string | undefined, choose: (zone: string | undefined) => void] {
  const [search, change] = useSearch()
  const kept = useSyncExternalStore(subscribe, keptZone)
  const choose = useCallback(
    (zone: string | undefined) => {
      keep(zone)
      change(({ tz: _tz, ...rest }) => (zone === undefined ? rest : { ...rest, tz: zone }), { replace: true })
    },
    [change],
  )
  return [search.tz ?? kept, choose]
}
