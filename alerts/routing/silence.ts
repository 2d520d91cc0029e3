/** Silences: matching alerts notify nobody while one holds. What they are and what may be changed about them; pure. */
import { z } from 'zod'
import type { Labels } from '../labels.ts'
import { allHold, formatMatcher, MatcherError, newMatcher, type Matcher, type MatcherOperator } from './matcher.ts'
import { compileIntervals, timeIntervalConfig, type TimeInterval } from './time-interval.ts'

/** As Alertmanager writes it in JSON, snake_case. */
export interface StoredMatcher {
  name: string
  value: string
  is_regex: boolean
  is_equal: boolean
}

/** Times are epoch milliseconds. */
export interface Silence {
  id: string
  /** Of a maintenance window; empty for a silence. */
  name: string
  matchers: StoredMatcher[]
  starts_at: number
  ends_at: number
  comment: string
  created_by: string
  /** When within its time it holds: a maintenance window that comes again. Empty: all the time. */
  time_intervals: TimeInterval[]
  updated_at: number
}

/** `pending`: it will hold later · `active`: it holds · `expired`: it will not hold again. */
export type SilenceState = 'pending' | 'active' | 'expired'

/** How long one that expired can still be seen. */
export const expiredShownMs = 120 * 3_600_000

/** A silence that can't be; names the field. */
export class SilenceError extends Error {
  override name = 'SilenceError'
  readonly field: string
  constructor(field: string, message: string) {
    super(message)
    this.field = field
  }
}

const storedMatcher = z.strictObject({
  name: z.string().min(1),
  value: z.string().max(2_000),
  is_regex: z.boolean().default(false),
  is_equal: z.boolean().default(true),
})
const text = (most: number) => z.string().trim().min(1, 'must not be empty').max(most)

/** What a person says of a silence; `id` edits one. */
export const silenceInput = z.strictObject({
  id: z.string().min(1).max(100).optional(),
  name: z.string().trim().max(200).default('').describe('Of a maintenance window'),
  matchers: z.array(storedMatcher).min(1, 'expected at least one matcher').max(100),
  starts_at: z.number().min(0).max(9e12).optional().describe('Epoch ms; now unless said'),
  ends_at: z.number().min(0).max(9e12).describe('Epoch ms'),
  comment: text(2_000).describe('Why'),
  created_by: text(200).describe('Who'),
  time_intervals: z.array(timeIntervalConfig).max(20).default([]),
})
export type SilenceInput = z.input<typeof silenceInput>
type CheckedInput = z.output<typeof silenceInput>

/** Throws SilenceError on what could not be meant. */
export function checkSilence({ matchers, starts_at, ends_at }: CheckedInput, now: number): void {
  const compiled = matchers.map(compiledOrError)
  if (compiled.every(({ holds }) => holds('')))
    throw new SilenceError(
      'matchers',
      'at least one matcher must not hold for an empty label: this would silence everything',
    )
  if (ends_at <= now) throw new SilenceError('ends_at', 'is in the past')
  if (starts_at !== undefined && ends_at <= starts_at) throw new SilenceError('ends_at', 'must be after starts_at')
}

function compiledOrError(matcher: StoredMatcher): Matcher {
  try {
    return compileMatcher(matcher)
  } catch (error) {
    if (error instanceof MatcherError) throw new SilenceError('matchers', error.message)
    throw error
  }
}

const operatorOf = ({ is_regex, is_equal }: StoredMatcher): MatcherOperator =>
  is_regex ? (is_equal ? '=~' : '!~') : is_equal ? '=' : '!='

/** Throws MatcherError when its value is no expression. */
function compileMatcher(stored: StoredMatcher): Matcher {
  return newMatcher(stored.name, operatorOf(stored), stored.value)
}

export function storedMatcherOf({ name, operator, value }: Matcher): StoredMatcher {
  return { name, value, is_regex: operator.endsWith('~'), is_equal: operator.startsWith('=') }
}

/** `severity="page", team!="infra"`. */
export function describeMatchers(matchers: readonly StoredMatcher[]): string {
  return matchers.map((matcher) => formatMatcher({ ...matcher, operator: operatorOf(matcher) })).join(', ')
}

/** Whether an edit leaves the silence what it was, as Alertmanager decides; another one takes its place otherwise. */
export function canEditInPlace(before: Silence, next: Pick<Silence, 'matchers' | 'starts_at'>, now: number): boolean {
  if (describeMatchers(before.matchers) !== describeMatchers(next.matchers) || before.ends_at <= now) return false
  return before.starts_at <= now ? next.starts_at === before.starts_at : next.starts_at >= now
}

/** A silence that can be asked about labels. */
export interface CompiledSilence {
  silence: Silence
  matches(labels: Labels): boolean
  state(now: number): SilenceState
}

export function compileSilence(silence: Silence): CompiledSilence {
  const matchers = silence.matchers.map(compileMatcher)
  const recurs = silence.time_intervals.length > 0 ? compileIntervals(silence.time_intervals) : () => true
  return {
    silence,
    matches: (labels) => allHold(matchers, labels),
    state(now) {
      if (silence.ends_at <= now) return 'expired'
      // One that held when it was made holds, though the clock was set back since.
      return silence.starts_at <= Math.max(now, silence.updated_at) && recurs(now) ? 'active' : 'pending'
    },
  }
}
