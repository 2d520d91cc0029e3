/** What this process says of its own health: read at each evaluation, without storage, so that it can be told while that is away. */
import { formatLabels, type Labels } from '../labels.ts'
import type { Unit } from '../rule.ts'

/** As they are now. */
const selfGauges = {
  /** How long storage has not taken a query and a row. */
  storage_down: 'ms',
  /** How far the most overdue rule group is behind its interval. */
  late_evaluations: 'ms',
  /** Rules whose last evaluation failed. */
  failing_rules: 'number',
  /** Attempts in a row that failed, by receiver and channel. */
  failed_deliveries: 'number',
  /** Notifications that wait for delivery, by receiver and channel. */
  waiting_notifications: 'number',
  /** How long the one of them that has waited longest does, by receiver and channel. */
  oldest_notification: 'ms',
  /** Of the spool's limit. */
  spool_used: 'ratio',
  /** Of the oldest rows that are not in storage yet. */
  spool_age: 'ms',
  /** Of the disk that holds the data directory. */
  disk_used: 'ratio',
  /** Scrape targets that are down. */
  targets_down: 'number',
} as const satisfies Record<string, Unit>

/** Since the process started; a rule sees how much they grew in its window. */
export const selfCounters = {
  /** Batches of rows that the spool did not take: clients were told to try again. */
  refused: 'number',
  /** Segments of rows that storage refused for good. */
  rejected_segments: 'number',
  /** By how much the clock was set back, all in all. */
  clock_set_back: 'ms',
  /** Items refused, dropped, cut or doubtful on their way in, by source and reason. */
  ingest_issues: 'number',
} as const satisfies Record<string, Unit>

export const selfUnits = { ...selfGauges, ...selfCounters }
export type SelfMeasure = keyof typeof selfUnits

export interface Reading {
  measure: SelfMeasure
  labels: Labels
  details?: Labels
  value: number
}

/** The readings of an evaluation, and of those before it. */
export interface Readings {
  latest(measure: SelfMeasure): Reading[]
  /** How much each counter grew in the last `window_ms`. */
  grown(measure: SelfMeasure, window_ms: number): Reading[]
}

interface Round {
  at: number
  readings: readonly Reading[]
}

/** Keeps the readings of the last `keep_ms`, and those before them that the growth since is counted from. */
export class ReadingHistory implements Readings {
  #since: number
  #rounds: Round[] = []

  /** `since`: when the process began, and its counters with it. */
  constructor(since: number) {
    this.#since = since
  }

  add(at: number, readings: readonly Reading[], keep_ms: number): void {
    const first = this.#rounds.findLastIndex((round) => round.at <= at - keep_ms)
    this.#rounds = [...this.#rounds.slice(Math.max(first, 0)), { at, readings }]
  }

  /** The clock was set by that much. */
  shift(byMs: number): void {
    this.#since += byMs
    this.#rounds = this.#rounds.map(({ at, readings }) => ({ at: at + byMs, readings }))
  }

  latest(measure: SelfMeasure): Reading[] {
    return (this.#rounds.at(-1)?.readings ?? []).filter((reading) => reading.measure === measure)
  }

  /**
   * A counter that was not there yet began at zero, with the process. Of one that began before the window, while nobody read it,
   * it is known only how much it grew since the first reading.
   */
  grown(measure: SelfMeasure, window_ms: number): Reading[] {
    const now = this.#rounds.at(-1)?.at ?? 0
    const first = this.#since < now - window_ms ? this.#rounds[0] : undefined
    const before = this.#rounds.findLast(({ at }) => at <= now - window_ms) ?? first
    const earlier = new Map(
      before?.readings.filter((each) => each.measure === measure).map((each) => [keyOf(each), each.value]),
    )
    const grownBy = (reading: Reading) => reading.value - (earlier.get(keyOf(reading)) ?? 0)
    return this.latest(measure).map((reading) => Object.assign({}, reading, { value: grownBy(reading) }))
  }
}

const keyOf = ({ labels }: Reading) => formatLabels(labels)
