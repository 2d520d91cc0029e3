/** Silences: who may not be told of what, until when and why. */
import { Hono } from 'hono'
import { z } from 'zod'
import { MatcherError, parseMatchers } from '../../../alerts/routing/matcher.ts'
import { expiredShownMs, SilenceError, silenceInput, storedMatcherOf } from '../../../alerts/routing/silence.ts'
import type { SilenceStatus } from '../../../alerts/routing/silences.ts'
import { noEnd, silenceOfWindow, weeklyOf, windowInput, windowsOf } from '../../../alerts/routing/window.ts'
import type { TimeRange } from '../../../records/time-range.ts'
import type { Db } from '../../../storage/client.ts'
import { silencesEndingAfter } from '../../../storage/queries/silences.ts'
import { remembered, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody, explained } from '../question.ts'
import { routingOf, whenStored } from './alert-groups.ts'

const hint =
  'Send JSON: { "matchers": [{ "name": "model", "value": "gpt-4o" }], "ends_at": epoch ms, "created_by": "…", "comment": "why" }'

const windowHint =
  'Send JSON: { "repeats": "weekly", "days": ["saturday"], "from": "22:00", "to": "06:00", "time_zone": "Europe/Berlin", "name": "…", …}'

/** How far ahead windows are shown. */
const aheadMs = 28 * 86_400_000
const mostWindows = 200

const ending = z.strictObject({ who: z.string().trim().min(1, 'must not be empty').max(200) })

export function silencesRoute(context: RouteContext) {
  const { deps, now } = context
  const stored = (since: number) => (db: Db) => silencesEndingAfter(db, since)
  return (
    new Hono()
      .use('/api/silences/*', whenStored(deps))
      .get('/api/silences', checked(explained), async (c) => {
        const answer = { silences: routingOf(deps).silences() }
        return c.json(await remembered(context, c, c.req.valid('query'), answer, stored(now() - expiredShownMs)))
      })
      // Of a link such as /alerts/silence?matchers=model="gpt-4o": the form's matchers, and what they would silence now.
      .get('/api/silences/preview', checked(z.strictObject({ matchers: z.string().max(10_000) })), (c) => {
        const matchers = matchersOf(c.req.valid('query').matchers)
        return c.json({ matchers: matchers.map(storedMatcherOf), alerts: routingOf(deps).matching(matchers) })
      })
      .post('/api/silences', checkedBody(silenceInput, hint), (c) =>
        c.json(refusable(() => routingOf(deps).setSilence(c.req.valid('json')))),
      )
      .get('/api/silences/windows', checked(explained), async (c) => {
        const answer = windows(routingOf(deps).silences(), now())
        return c.json(await remembered(context, c, c.req.valid('query'), answer, stored(now())))
      })
      .post('/api/silences/windows', checkedBody(windowInput, windowHint), (c) =>
        c.json(refusable(() => routingOf(deps).setSilence(silenceOfWindow(c.req.valid('json'))))),
      )
      .post('/api/silences/:id/expire', checkedBody(ending, 'Send JSON: { "who": "…" }'), (c) =>
        c.json(refusable(() => routingOf(deps).expireSilence(c.req.param('id'), c.req.valid('json').who))),
      )
  )
}

/** Maintenance windows that are not over, and when they come within the next four weeks; those that end first, first. */
function windows(silences: readonly SilenceStatus[], from: number) {
  const found = silences
    .filter(({ name, time_intervals, state }) => state !== 'expired' && (name !== '' || time_intervals.length > 0))
    .toReversed()
  const shown = found.slice(0, mostWindows).map((silence) => windowOf(silence, { from, to: from + aheadMs }))
  return { windows: shown, ahead_ms: aheadMs, left_off: found.length - shown.length }
}

function windowOf(silence: SilenceStatus, range: TimeRange) {
  const ends_at = silence.ends_at === noEnd ? null : silence.ends_at
  return { ...silence, ends_at, weekly: weeklyOf(silence.time_intervals), next: windowsOf(silence, range) }
}

function matchersOf(text: string) {
  try {
    return parseMatchers(text)
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error
    throw new ApiError(400, error.message, 'Matchers are comma-separated: severity="page", model=~"gpt-.*"', 'matchers')
  }
}

/** A silence that cannot be is a 400 that names the field; one that is not there, a 404. */
function refusable<T>(change: () => T): T {
  try {
    return change()
  } catch (error) {
    if (!(error instanceof SilenceError)) throw error
    throw new ApiError(error.field === 'id' ? 404 : 400, `${error.field}: ${error.message}`, hint, error.field)
  }
}
