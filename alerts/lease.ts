/**
 * Which of several processes on one database evaluates rules and tells receivers. The holder writes a beat every few seconds; a
 * follower that sees the same beat for `staleMs` by its own clock takes over, with a higher fence. No two clocks are compared.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import { currentLease, type LeaseRow } from '../storage/queries/alert-lease.ts'
import type { Clock } from './clock.ts'

const name = 'alerts'
const beatMs = 4_000
/** After this time without a beat of its own on record, a holder has to think that somebody else took over. */
const holdMs = 9_000
/** Longer than `holdMs`: whoever held it has stopped by then. */
const staleMs = 14_000
/** After a claim, until all that were made at the same time can be read. */
const settleMs = 2_000

export interface LeaseStatus {
  /** This process: host, process id and a random id. */
  identity: string
  role: 'leader' | 'follower'
  /** Who evaluates, as far as is known. */
  leader: string | null
  /** Rises with every take-over; 0 where there is only one process. */
  fence: number
}

export interface Lease {
  held(): boolean
  status(): LeaseStatus
  /** The clock was set by that much, in ms. */
  stepped(byMs: number): void
  start(): Promise<void>
  /** Gives it back. Safe to call twice. */
  stop(): Promise<void>
}

/** overtaken: by another process · cut_off: no beat of its own is on record any more, and whether there is another can't be known. */
export type Loss = 'overtaken' | 'cut_off'

export interface LeaseOptions {
  db: Db
  clock: Clock
  log: Logger
  onTaken: () => Promise<void>
  /** Nothing may be sent or written any more. */
  onLost: (why: Loss) => Promise<void>
  /** It is held still; called after each beat. */
  onHeld: () => void
  /** Somebody else holds it, or nobody; called after each look. */
  onFollowed: () => Promise<void>
  /** Whether this process wants it; it does unless said. */
  claims?: boolean
}

const newIdentity = () => `${hostname()}:${process.pid}:${randomUUID()}`

/** Of a process whose database is its own: always held. */
export function ownLease({ onTaken }: Pick<LeaseOptions, 'onTaken'>): Lease {
  const identity = newIdentity()
  return {
    held: () => true,
    status: () => ({ identity, role: 'leader', leader: identity, fence: 0 }),
    stepped: () => undefined,
    start: onTaken,
    stop: () => Promise.resolve(),
  }
}

/** Of a database that other processes may use too. */
export class SharedLease implements Lease {
  readonly #identity = newIdentity()
  readonly #options: LeaseOptions
  #row: LeaseRow | null = null
  /** What was seen last, and when that was new. */
  #seen = { beat: '', at: 0 }
  #held = false
  /** When the last beat that is on record was begun. */
  #beatAt = 0
  #stopped = false
  #failing = false
  #cancelNext = () => {}
  #cancelExpiry = () => {}

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  held(): boolean {
    return this.#held && this.#options.clock.now() - this.#beatAt < holdMs
  }

  status(): LeaseStatus {
    const leader = this.#held ? this.#identity : this.#row && !this.#row.released ? this.#row.holder : null
    const role = this.held() ? 'leader' : 'follower'
    return { identity: this.#identity, role, leader, fence: this.#row?.fence ?? 0 }
  }

  /** Set back, nothing is younger for it. One that slept may have been overtaken: to it, what it held has run out. */
  stepped(byMs: number): void {
    if (byMs > 0) return
    this.#beatAt += byMs
    this.#seen.at += byMs
  }

  async start(): Promise<void> {
    await this.#look()
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#cancelNext()
    this.#cancelExpiry()
    if (!this.#held || !this.#row) return
    this.#held = false
    const row = { ...this.#row, beat: this.#row.beat + 1, released: true }
    // A database that is away: followers will see that the beats have ended.
    await this.#write(row).catch(() => {})
  }

  async #look(): Promise<void> {
    let next = beatMs
    try {
      if (await (this.#held ? this.#beat() : this.#follow())) next = settleMs
      if (this.#failing) this.#options.log.info('the lease of the alert rules can be read again')
      this.#failing = false
    } catch (error) {
      if (!this.#failing)
        this.#options.log.warn({ err: error }, 'the lease of the alert rules cannot be read or written')
      this.#failing = true
    }
    if (this.#stopped) return
    const task = next === settleMs ? () => this.#confirm() : () => this.#look()
    this.#cancelNext = this.#options.clock.after(next, task)
  }

  /** The holder: says that it lives, unless somebody else has taken over. */
  async #beat(): Promise<false> {
    const begun = this.#options.clock.now()
    // A clock that leapt: what was found since could not be told, so the next term goes on from what is on record.
    if (!this.held()) {
      await this.#lose('cut_off', 'its hold had run out before the next beat')
      return false
    }
    const row = await currentLease(this.#options.db, name)
    if (!this.#held) return false
    if (row?.holder !== this.#identity || row.fence !== this.#row?.fence) {
      this.#row = row
      await this.#lose('overtaken', 'another process has taken over')
      return false
    }
    const next = { ...row, beat: row.beat + 1 }
    await this.#write(next)
    if (!this.#held) return false
    this.#holds(next, begun)
    this.#options.onHeld()
    return false
  }

  /** A follower: true once it has claimed what nobody holds any more. */
  async #follow(): Promise<boolean> {
    const { db, clock, onFollowed, claims = true } = this.#options
    this.#row = await currentLease(db, name)
    const row = this.#row
    const beat = JSON.stringify([row?.holder, row?.fence, row?.beat])
    if (beat !== this.#seen.beat) this.#seen = { beat, at: clock.now() }
    const free = row === null || row.released || row.holder === this.#identity
    if (!claims || (!free && clock.now() - this.#seen.at < staleMs)) {
      await onFollowed()
      return false
    }
    const begun = performance.now()
    const claim = { name, fence: (row?.fence ?? 0) + 1, holder: this.#identity, beat: 0, released: false }
    await db.insert('alert_leases', [claim])
    // One that took so long may have been overtaken by a claim that could not see it.
    return performance.now() - begun < settleMs
  }

  /** Of all claims, the earliest by the clock of the server has won. */
  async #confirm(): Promise<void> {
    const begun = this.#options.clock.now()
    const row = await currentLease(this.#options.db, name).catch(() => null)
    if (this.#stopped) return
    if (row?.holder === this.#identity && !row.released) {
      this.#held = true
      this.#holds(row, begun)
      this.#options.log.info({ identity: this.#identity, fence: row.fence }, 'this process evaluates the alert rules')
      await this.#options.onTaken()
    }
    if (!this.#stopped) await this.#look()
  }

  #holds(row: LeaseRow, since: number): void {
    this.#row = row
    this.#cancelExpiry()
    const { clock } = this.#options
    const now = clock.now()
    // The clock may have been set back since.
    this.#beatAt = Math.min(since, now)
    this.#cancelExpiry = clock.after(this.#beatAt + holdMs - now, () =>
      this.#lose('cut_off', 'its beats could not be written'),
    )
  }

  async #lose(why: Loss, reason: string): Promise<void> {
    this.#cancelExpiry()
    if (!this.#held) return
    this.#held = false
    this.#seen = { beat: '', at: 0 }
    this.#options.log.warn({ reason }, 'this process no longer evaluates the alert rules')
    await this.#options.onLost(why)
  }

  #write(row: LeaseRow): Promise<void> {
    return this.#options.db.insert('alert_leases', [{ name, ...row }])
  }
}
