/**
 * Guard rails: whether a key may begin a call, and what its calls used. They fail open: what cannot be written down still counts
 * while the process lives, and is told.
 */
import { join } from 'node:path'
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { IssueLog } from '../../issues.ts'
import type { Refusal } from '../refusal.ts'
import type { VirtualKey } from './config.ts'
import { Journal, readJournal } from './journal.ts'
import { type Entry, Ledger } from './ledger.ts'
import type { KeyUse } from './use.ts'
import { exhausted, isLimited, type Used } from './windows.ts'

const source = 'proxy'
/** What is not settled so long after the end of its call was dropped on the way. */
const settleMs = 60_000
const checkMs = 10_000

export const spendingDir = (dataDir: string) => join(dataDir, 'proxy', 'spending')

export interface SpendingOptions {
  dataDir: string
  issues: IssueLog
  /** Epoch ms. */
  clock: () => number
}

export class Spending {
  private readonly options: SpendingOptions
  private readonly ledger = new Ledger()
  /** Null until there is something to write. */
  private journal: Journal<Entry> | null = null
  /** Of the journal that was read; 0: there is none. */
  private readonly generation: number
  private readonly timer: NodeJS.Timeout
  /** Calls of keys with limits that are not settled, and when they were over. */
  private readonly unsettled = new Map<OpenUse, number | null>()
  private calls = 0

  /** Reads what a former run wrote down. Never throws. */
  constructor(options: SpendingOptions) {
    this.options = options
    const { dataDir, issues, clock } = options
    this.generation = this.read(spendingDir(dataDir))
    for (const [key, calls] of this.ledger.abandon())
      issues.add(source, 'key_spending_unknown', calls, 'under way when the process ended', { subject: key })
    if (this.generation > 0) this.journal = this.openJournal()
    this.timer = setInterval(() => this.giveUp(clock() - settleMs), checkMs).unref()
  }

  used(key: string): Used {
    return this.ledger.used(key, this.options.clock())
  }

  /** Lets a call begin, and counts it; or says why not. */
  begin(key: VirtualKey): KeyUse | Refusal {
    const now = this.options.clock()
    const { name, limits } = key
    const isGuarded = isLimited(limits)
    const refusal = isGuarded ? exhausted(name, limits, this.ledger.used(name, now), now) : null
    if (refusal) return refusal
    const call = isGuarded ? ++this.calls : 0
    const use = new OpenUse(key, { call, ms: now }, this)
    if (isGuarded) {
      this.unsettled.set(use, null)
      this.note(['began', call, name, now])
    }
    return use
  }

  /** For `OpenUse`: the end of a call, as far as it is known. */
  end(use: OpenUse, spent: Spent): void {
    const { key, call, ms } = use
    this.unsettled.delete(use)
    if (call !== 0 || (spent.tokens ?? 0) + (spent.usd ?? 0) > 0)
      this.note(['ended', call, key.name, ms, spent.tokens, spent.usd])
    const { tokens_per_day, usd_per_month } = key.limits
    const unknown = [
      ...(spent.tokens === null && tokens_per_day !== undefined ? ['tokens'] : []),
      ...(spent.usd === null && usd_per_month !== undefined ? ['cost'] : []),
    ]
    if (unknown.length > 0)
      this.options.issues.add(source, 'key_spending_unknown', 1, `${unknown.join(' and ')}: ${spent.of}`, {
        subject: key.name,
      })
  }

  /** For `OpenUse`: it is over. */
  over(use: OpenUse): void {
    if (this.unsettled.has(use)) this.unsettled.set(use, this.options.clock())
  }

  /** What is not settled by now will not be. Resolves when everything is on the disk. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.giveUp(Infinity)
    await this.journal?.stop()
  }

  private read(dir: string): number {
    const { issues } = this.options
    try {
      const { entries, generation, damaged } = readJournal<Entry>(dir)
      for (const entry of entries) this.ledger.apply(entry)
      if (damaged > 0) issues.add(source, 'key_spending_damaged', damaged, `${dir}/${generation}.log`)
      return generation
    } catch (error) {
      issues.add(source, 'key_spending_damaged', 1, `${dir}: ${(error as Error).name}`)
      // Above whatever is there and cannot be read.
      return Date.now()
    }
  }

  private giveUp(before_ms: number): void {
    for (const [use, over] of this.unsettled) if (over !== null && over <= before_ms) use.settle(null)
  }

  private note(entry: Entry): void {
    // First: a new generation of the journal begins with what is in the ledger.
    this.ledger.apply(entry)
    // Written with the beginning of the journal when this opens it.
    if (this.journal) this.journal.append(entry)
    else this.journal = this.openJournal()
  }

  private openJournal(): Journal<Entry> {
    const { dataDir, issues, clock } = this.options
    return new Journal<Entry>(
      {
        dir: spendingDir(dataDir),
        summary: () => this.ledger.summary(clock()),
        onproblem: (reason) => issues.add(source, 'key_spending_not_stored', 1, reason),
      },
      this.generation,
    )
  }
}

/** Null is not known. */
interface Spent {
  tokens: number | null
  usd: number | null
  /** Which call, for people. */
  of: string
}

const nothing: Spent = { tokens: 0, usd: 0, of: '' }

class OpenUse implements KeyUse {
  readonly who: KeyUse['who']
  readonly key: VirtualKey
  readonly call: number
  readonly ms: number
  private readonly spending: Spending
  private settled = false

  constructor(key: VirtualKey, { call, ms }: { call: number; ms: number }, spending: Spending) {
    const { name, team, user, feature } = key
    this.who = {
      api_key: name,
      ...(team === undefined ? {} : { team }),
      ...(user === undefined ? {} : { user_id: user }),
      ...(feature === undefined ? {} : { feature }),
    }
    this.key = key
    this.call = call
    this.ms = ms
    this.spending = spending
  }

  settle(request: LlmRequest | null): void {
    this.end(request ? spentBy(request) : { tokens: null, usd: null, of: 'the call could not be recorded' })
  }

  settleUnread(mayCost: boolean): void {
    this.end(mayCost ? { tokens: null, usd: null, of: 'no call that the proxy can read' } : nothing)
  }

  ended(): void {
    this.spending.over(this)
  }

  private end(spent: Spent): void {
    if (this.settled) return
    this.settled = true
    this.spending.end(this, spent)
  }
}

const neverSent = new Set(['upstream_unreachable', 'refused'])

function spentBy(request: LlmRequest): Spent {
  const { http_status, error_type, input_tokens, output_tokens, cost_usd, model, requested_model, endpoint } = request
  // What an upstream refused, or never got whole, was not charged.
  if (http_status === null ? neverSent.has(error_type) : http_status >= 400) return nothing
  const tokens = input_tokens === null && output_tokens === null ? null : (input_tokens ?? 0) + (output_tokens ?? 0)
  return {
    tokens: amount(tokens),
    usd: amount(cost_usd),
    of: `${model || requested_model || 'a model'} at ${endpoint}`,
  }
}

/** What no call can use is not known: a limit never grows. */
const amount = (value: number | null) => (value !== null && value >= 0 && Number.isFinite(value) ? value : null)
