/** A maintenance window while somebody writes it: as the form's fields have it. Pure. */
import type { MaintenanceWindow, WindowInput } from '../data/silences.ts'
import { formatDay } from './format.ts'
import { momentOf, wallTimeOf } from './time-zone.ts'

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof weekdays)[number]

export interface WindowDraft {
  /** Of the one that is changed. */
  id: string | null
  name: string
  matchers: string
  comment: string
  repeats: 'once' | 'weekly'
  /** As datetime fields have it, in the reader's zone; of a weekly one, optional. */
  starts: string
  ends: string
  days: readonly Weekday[]
  /** HH:MM. */
  from: string
  to: string
  time_zone: string
}

export type WindowField = Exclude<keyof WindowDraft, 'id' | 'repeats'> | 'created_by'

const hour = 3_600_000

/** What the form says at first. */
export function newDraft(now: number, timeZone: string): WindowDraft {
  const start = Math.ceil(now / hour) * hour
  return {
    id: null,
    name: '',
    matchers: '',
    comment: '',
    repeats: 'weekly',
    starts: localTime(start),
    ends: '',
    days: ['saturday'],
    from: '22:00',
    to: '06:00',
    time_zone: timeZone,
  }
}

/** The draft of a window that comes once, or every week. */
export function repeating(draft: WindowDraft, repeats: WindowDraft['repeats']): WindowDraft {
  const ends = repeats === 'weekly' || draft.starts === '' ? '' : localTime(momentOf(draft.starts) + 2 * hour)
  return { ...draft, repeats, ends }
}

/** Of a window that is there; null for one whose times no form says. */
export function draftOf(window: MaintenanceWindow, fresh: WindowDraft): WindowDraft | null {
  const { id, name, text, comment, starts_at, ends_at, weekly, time_intervals } = window
  if (time_intervals.length > 0 && !weekly) return null
  const said = { ...fresh, id, name, matchers: text, comment, starts: localTime(starts_at) }
  const ends = ends_at === null ? '' : localTime(ends_at)
  return weekly ? { ...said, ...weekly, repeats: 'weekly', ends } : { ...said, repeats: 'once', ends }
}

/** What is missing, by field; whether the rest can be is for the server to say. */
export function problemsOf(draft: WindowDraft, who: string): Partial<Record<WindowField, string>> {
  const problems: Partial<Record<WindowField, string>> = {}
  if (draft.name.trim() === '') problems.name = 'Give it a name'
  if (draft.matchers.trim() === '') problems.matchers = 'Say which alerts are meant'
  if (draft.comment.trim() === '') problems.comment = 'Say why'
  if (who.trim() === '') problems.created_by = 'Say who you are'
  if (draft.repeats === 'weekly') {
    if (draft.days.length === 0) problems.days = 'Choose at least one day'
    if (draft.from === '') problems.from = 'Say when it begins'
    if (draft.to === '') problems.to = 'Say when it ends'
    if (draft.time_zone.trim() === '') problems.time_zone = 'Name a time zone, such as Europe/Berlin'
    return problems
  }
  if (draft.starts === '') problems.starts = 'Say when it begins'
  if (draft.ends === '') problems.ends = 'Say when it ends'
  else if (draft.starts >= draft.ends) problems.ends = 'It ends before it begins'
  return problems
}

/** As the API takes it. */
export function inputOf(draft: WindowDraft, before: MaintenanceWindow | null, created_by: string): WindowInput {
  const { id, name, matchers, comment, days, from, to, time_zone } = draft
  const said = { ...(id === null ? {} : { id }), name, matchers, comment, created_by }
  // The field shows minutes: what nobody touched stays what it was to the millisecond.
  const begun = before && localTime(before.starts_at) === draft.starts ? before.starts_at : momentOf(draft.starts)
  if (draft.repeats === 'once') return { ...said, repeats: 'once', starts_at: begun, ends_at: momentOf(draft.ends) }
  const starts = before ? { starts_at: before.starts_at } : {}
  const ends = draft.ends === '' ? {} : { ends_at: momentOf(draft.ends) }
  return { ...said, ...starts, ...ends, repeats: 'weekly', days: [...days], from, to, time_zone }
}

/** The form's field of one that the API names. */
export const fieldOf = (field: string): string =>
  ({ starts_at: 'starts', ends_at: 'ends' })[field] ?? field.split('.')[0] ?? ''

/** 2026-11-21T10:30 in the reader's zone. */
export const localTime = (at: number): string => wallTimeOf(at).slice(0, 16)

/** Sat, Sun · 22:00–06:00 Europe/Berlin */
export function weeklyText({ weekly }: MaintenanceWindow): string {
  if (!weekly) return 'at the times of its intervals'
  const named = weekdays.filter((day) => weekly.days.includes(day)).map(shortDay)
  const days = named.length === weekdays.length ? 'every day' : named.join(', ')
  return `${days} · ${weekly.from}–${weekly.to}${weekly.to <= weekly.from ? ' the next day' : ''} ${weekly.time_zone}`
}

export const shortDay = (day: Weekday) => `${day.charAt(0).toUpperCase()}${day.slice(1, 3)}`

export interface Occurrence {
  window: MaintenanceWindow
  from: number
  to: number
}

/** What comes next, by the day of the reader's calendar on which it begins; at most `most` in all. */
export function byDay(
  windows: readonly MaintenanceWindow[],
  most: number,
): { day: string; occurrences: Occurrence[] }[] {
  const all = windows
    .flatMap((window) => window.next.map(({ from, to }) => ({ window, from, to })))
    .toSorted((a, b) => a.from - b.from)
    .slice(0, most)
  return [...Map.groupBy(all, ({ from }) => formatDay(from))].map(([day, occurrences]) => ({ day, occurrences }))
}
