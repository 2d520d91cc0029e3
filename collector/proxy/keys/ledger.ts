/** What each key has used, as its journal tells it: the same entries give the same sums, whenever they are read. */
import { type Window, windowOf, type Used } from './windows.ts'

/** Amounts by window, of those that may still matter. */
type Amounts = [window: number, amount: number][]

/** Times are those at which the call began: its tokens and dollars belong there, whenever it ended. */
export type Entry =
  | ['began', call: number, key: string, ms: number]
  /** Null: it cannot be known. A call of a key without limits ends without having begun, as call 0. */
  | ['ended', call: number, key: string, ms: number, tokens: number | null, usd: number | null]
  /** What all entries before amount to. */
  | ['used', key: string, requests: Amounts, tokens: Amounts, usd: Amounts]
  | ['open', call: number, key: string]

class Tally {
  readonly requests = new Map<number, number>()
  readonly tokens = new Map<number, number>()
  readonly usd = new Map<number, number>()
}

const windows = { requests: 'minute', tokens: 'day', usd: 'month' } as const satisfies Record<keyof Used, Window>

export class Ledger {
  private readonly tallies = new Map<string, Tally>()
  /** Calls that began and have not ended, with their keys. */
  private readonly open = new Map<number, string>()

  apply(entry: Entry): void {
    switch (entry[0]) {
      case 'began': {
        const [, call, key, ms] = entry
        this.open.set(call, key)
        return add(this.tally(key).requests, windowOf('minute', ms), 1)
      }
      case 'ended': {
        const [, call, key, ms, tokens, usd] = entry
        this.open.delete(call)
        if (tokens !== null) add(this.tally(key).tokens, windowOf('day', ms), tokens)
        if (usd !== null) add(this.tally(key).usd, windowOf('month', ms), usd)
        return
      }
      case 'used': {
        const [, key, requests, tokens, usd] = entry
        const tally = this.tally(key)
        for (const [window, amount] of requests) add(tally.requests, window, amount)
        for (const [window, amount] of tokens) add(tally.tokens, window, amount)
        for (const [window, amount] of usd) add(tally.usd, window, amount)
        return
      }
      case 'open':
        this.open.set(entry[1], entry[2])
    }
  }

  used(key: string, now_ms: number): Used {
    const tally = this.tallies.get(key)
    const of = (field: keyof Used) => tally?.[field].get(windowOf(windows[field], now_ms)) ?? 0
    return { requests: of('requests'), tokens: of('tokens'), usd: of('usd') }
  }

  /** Forgets the open calls, of a process that is gone; returns how many of each key. */
  abandon(): Map<string, number> {
    const calls = new Map<string, number>()
    for (const key of this.open.values()) add(calls, key, 1)
    this.open.clear()
    return calls
  }

  /** Entries that amount to the same, without what is long over; forgets that too. */
  summary(now_ms: number): Entry[] {
    const entries: Entry[] = []
    for (const [key, tally] of this.tallies) {
      for (const field of ['requests', 'tokens', 'usd'] as const) {
        // The one before stays, for clocks that are set back a little.
        const oldest = windowOf(windows[field], now_ms) - 1
        for (const window of tally[field].keys()) if (window < oldest) tally[field].delete(window)
      }
      const { requests, tokens, usd } = tally
      if (requests.size + tokens.size + usd.size === 0) this.tallies.delete(key)
      else entries.push(['used', key, [...requests], [...tokens], [...usd]])
    }
    for (const [call, key] of this.open) entries.push(['open', call, key])
    return entries
  }

  private tally(key: string): Tally {
    let tally = this.tallies.get(key)
    if (!tally) this.tallies.set(key, (tally = new Tally()))
    return tally
  }
}

function add<Key>(amounts: Map<Key, number>, at: Key, amount: number): void {
  amounts.set(at, (amounts.get(at) ?? 0) + amount)
}
