/** Keeps the silences: made, changed and ended by people, stored, and asked at every flush. */
import { randomUUID } from 'node:crypto'
import type { SilenceRow } from '../../storage/queries/silences.ts'
import type { Clock } from '../clock.ts'
import type { Labels } from '../labels.ts'
import type { RowWriter } from '../row-writer.ts'
import type { Telemetry } from '../telemetry.ts'
import { MatcherError } from './matcher.ts'
import {
  canEditInPlace,
  checkSilence,
  compileSilence,
  describeMatchers,
  expiredShownMs,
  SilenceError,
  silenceInput,
  type CompiledSilence,
  type Silence,
  type SilenceInput,
  type SilenceState,
} from './silence.ts'

export interface SilenceStatus extends Silence {
  state: SilenceState
  /** `severity="page", team!="infra"`. */
  text: string
}

/** That hold or will. Each is asked about every alert at every flush. */
export const mostSilences = 10_000

type Action = 'silence' | 'edit_silence' | 'expire_silence'

export class Silences {
  readonly #clock: Clock
  readonly #writer: RowWriter
  readonly #telemetry: Telemetry
  readonly #silences = new Map<string, CompiledSilence>()
  /** Of each silence as it is known here. */
  readonly #versions = new Map<string, number>()
  #changed = () => {}

  constructor({ clock, writer, telemetry }: { clock: Clock; writer: RowWriter; telemetry: Telemetry }) {
    this.#clock = clock
    this.#writer = writer
    this.#telemetry = telemetry
  }

  /** Calls `changed` after every change. */
  onChange(changed: () => void): void {
    this.#changed = changed
  }

  /** Takes over what was stored, by the last process or meanwhile by others; what is known here and newer stays. */
  restore(rows: readonly SilenceRow[]): void {
    let changed = false
    for (const row of rows) {
      const { id, version } = row
      if (version <= (this.#versions.get(id) ?? -1)) continue
      this.#writer.startAbove(version)
      this.#versions.set(id, version)
      const compiled = compiledSilence(row)
      if (!compiled) continue
      this.#silences.set(id, compiled)
      changed = true
    }
    if (changed) this.#changed()
  }

  /** Takes over what another knows that stores nothing any more; what is known here and newer stays. */
  adopt(other: Silences): void {
    for (const [id, version] of other.#versions) {
      const compiled = other.#silences.get(id)
      if (!compiled || version <= (this.#versions.get(id) ?? -1)) continue
      this.#writer.startAbove(version)
      this.#versions.set(id, version)
      this.#silences.set(id, compiled)
      // As it may not have come to it; where it has, the same row again is the same row.
      this.#writer.put('silences', silenceRow(compiled.silence, version), id)
    }
    void this.#writer.flush()
    this.#changed()
  }

  /** Every one that holds or will, and those that expired in the last 120 hours, the newest end first. */
  list(): SilenceStatus[] {
    const now = this.#clock.now()
    for (const [id, { silence }] of this.#silences)
      if (silence.ends_at + expiredShownMs <= now)
        for (const known of [this.#silences, this.#versions]) known.delete(id)
    return [...this.#silences.values()]
      .map((compiled) => statusOf(compiled, now))
      .toSorted((a, b) => b.ends_at - a.ends_at || (a.id < b.id ? -1 : 1))
  }

  /** Null when there is none of that id. */
  get(id: string): SilenceStatus | null {
    const found = this.#silences.get(id)
    return found ? statusOf(found, this.#clock.now()) : null
  }

  /** Those that hold now. */
  active(now: number): CompiledSilence[] {
    return [...this.#silences.values()].filter((silence) => silence.state(now) === 'active')
  }

  /**
   * Makes a silence, or edits the one of that id: it keeps its id unless it means other alerts or other times that have begun;
   * then it ends, and a new one takes its place. Throws SilenceError, field `id` for one that is not there.
   */
  set(input: SilenceInput): SilenceStatus {
    const now = this.#clock.now()
    const { id, ...checked } = silenceInput.parse(input)
    checkSilence({ ...checked, id }, now)
    const before = id === undefined ? null : this.#silences.get(id)?.silence
    if (before === undefined) throw new SilenceError('id', `there is no silence ${id}`)
    const starts_at = checked.starts_at ?? before?.starts_at ?? now
    const next = { ...checked, starts_at, updated_at: now }
    if (before && canEditInPlace(before, next, now)) return this.#put({ ...next, id: before.id }, 'edit_silence')
    if (before && before.ends_at > now)
      this.#put(
        { ...before, ends_at: now, starts_at: Math.min(before.starts_at, now), updated_at: now },
        'expire_silence',
        checked.created_by,
      )
    this.#refuseTooMany(now)
    return this.#put({ ...next, starts_at: Math.max(starts_at, now), id: randomUUID() }, 'silence')
  }

  /** Ends a silence now. Throws SilenceError on one that is not there or has expired. */
  expire(id: string, who: string): SilenceStatus {
    const now = this.#clock.now()
    const silence = this.#silences.get(id)?.silence
    if (!silence) throw new SilenceError('id', `there is no silence ${id}`)
    if (silence.ends_at <= now) throw new SilenceError('id', `silence ${id} has expired already`)
    const starts_at = Math.min(silence.starts_at, now)
    return this.#put({ ...silence, starts_at, ends_at: now, updated_at: now }, 'expire_silence', who)
  }

  #refuseTooMany(now: number): void {
    let live = 0
    let oldest: Silence | null = null
    for (const { silence } of this.#silences.values())
      if (silence.ends_at > now) live++
      else if (oldest === null || silence.ends_at < oldest.ends_at) oldest = silence
    // As many of those that are over are shown.
    if (oldest && this.#silences.size - live >= mostSilences) this.#silences.delete(oldest.id)
    if (live < mostSilences) return
    this.#telemetry.refused.add(1, { what: 'silence' })
    throw new SilenceError(
      'matchers',
      `${live} silences hold or will, and no more than ${mostSilences} may: end some, or let one mean more alerts`,
    )
  }

  #put(silence: Silence, action: Action, who = silence.created_by): SilenceStatus {
    const compiled = compileSilence(silence)
    this.#silences.set(silence.id, compiled)
    const version = this.#writer.nextVersion()
    this.#versions.set(silence.id, version)
    this.#writer.put('silences', silenceRow(silence, version), silence.id)
    this.#writer.put('alert_actions', {
      timestamp: new Date(silence.updated_at),
      action,
      who,
      comment: silence.comment,
      silence_id: silence.id,
      matchers: describeMatchers(silence.matchers),
    })
    void this.#writer.flush()
    this.#changed()
    return statusOf(compiled, silence.updated_at)
  }
}

/** Null for one whose expressions an earlier version understood and this one does not: it silences nobody, and keeps no alert from starting. */
export function compiledSilence(stored: SilenceRow): CompiledSilence | null {
  const { matchers, time_intervals, version: _, ...row } = stored
  try {
    return compileSilence({
      ...row,
      matchers: JSON.parse(matchers) as Silence['matchers'],
      time_intervals: JSON.parse(time_intervals || '[]') as Silence['time_intervals'],
    })
  } catch (error) {
    if (error instanceof MatcherError) return null
    throw error
  }
}

/** The active ones that match. */
export function silencesOf(active: readonly CompiledSilence[], labels: Labels): string[] {
  return active.filter((silence) => silence.matches(labels)).map(({ silence }) => silence.id)
}

function statusOf(compiled: CompiledSilence, now: number): SilenceStatus {
  const { silence } = compiled
  return { ...silence, state: compiled.state(now), text: describeMatchers(silence.matchers) }
}

function silenceRow(silence: Silence, version: number): object {
  return {
    ...silence,
    matchers: JSON.stringify(silence.matchers),
    time_intervals: silence.time_intervals.length > 0 ? JSON.stringify(silence.time_intervals) : '',
    starts_at: new Date(silence.starts_at),
    ends_at: new Date(silence.ends_at),
    updated_at: new Date(silence.updated_at),
    deleted: false,
    version,
  }
}
