/** What each key has used, as its journal tells it: the same entries give the same sums, whenever they are read. */
import { type Window, windowOf, type Used } from './windows.ts'

/** Amounts by window, of those that may still matter. */
type Amounts = [window: number, amount: number][]
/** Picodollars, as `requests` has them, beyond what a number holds. */
type Costs = [window: number, picodollars: string][]

/** Times are those at which the call began: its tokens and dollars belong there, whenever it ended. */
export type Entry =
  | ['began', call: number, key: string, ms: number]
  /** Null: it cannot be known. A call of a key without limits ends without having begun, as call 0. */
  | ['ended', call: number, key: string, ms: number, tokens: number | null, usd: number | null]
  /** What all entries before amount to. */
  | ['used', key: string, requests: Amounts, tokens: Amounts, usd: Costs]
  | ['open', call: number, key: string]

/** In a dollar. */
const picodollars = 1e12

class Tally {
  readonly requests = new Map<number, number>()
  readonly tokens = new Map<number, number>()
  /** Picodollars: sums of whole numbers are exact. */
  readonly usd = new Map<number, bigint>()
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
        if (usd !== null) addCost(this.tally(key).usd, windowOf('month', ms), BigInt(Math.round(usd * picodollars)))
        return
      }
      case 'used': {
        const [, key, requests, tokens, usd] = entry
        const tally = this.tally(key)
        for (const [window, amount] of requests) add(tally.requests, window, amount)
        for (const [window, amount] of tokens) add(tally.tokens, window, amount)
        for (const [window, amount] of usd) addCost(tally.usd, window, BigInt(amount))
        return
      }
      case 'open':
        this.open.set(entry[1], entry[2])
    }
  }

  used(key: string, now_ms: number): Used {
    const tally = this.tallies.get(key)
    const of = (field: keyof Used) => Number(tally?.[field].get(windowOf(windows[field], now_ms)) ?? 0)
    return { requests: of('requests'), tokens: of('tokens'), usd: of('usd') / picodollars }
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
      else {
        const costs: Costs = [...usd].map(([window, amount]) => [window, String(amount)])
        entries.push(['used', key, [...requests], [...tokens], costs])
      }
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

function addCost(amounts: Map<number, bigint>, at: number, amount: bigint): void {
  amounts.set(at, (amounts.get(at) ?? 0n) + amount)
}

function add<Key>(amounts: Map<Key, number>, at: Key, amount: number): void {
  amounts.set(at, (amounts.get(at) ?? 0) + amount)
}
