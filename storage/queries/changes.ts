/**
 * What changed: marks that somebody made, and what stored data tells by itself: new versions, restarts of servers, prices that began
 * to hold, alerts that fired. Each kind says which table answers.
 */
import type { Change } from '../../records/change.ts'
import type { Term } from '../../records/request-query.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { alertPeriods } from './alert-periods.ts'
import { annotationChanges } from './annotations.ts'
import { priceChanges } from './price-changes.ts'
import { restarts } from './restarts.ts'
import { serverVersionChanges } from './server-versions.ts'
import type { Filter } from './where.ts'
import { versionChanges } from './versions-seen.ts'

/** Of one range; older ones are left off. */
export const mostChanges = 500

/** Everything that changed or went on at some time of the range and concerns what the filter asks about, the latest first. */
export async function recentChanges(db: Db, filter: Filter, range: TimeRange): Promise<readonly Change[]> {
  const found = await Promise.all(
    [annotationChanges, versionChanges, serverVersionChanges, restarts, priceChanges, alertPeriods].map((question) =>
      question(db, range),
    ),
  )
  return found
    .flat()
    .filter(({ scope }) => concerns(scope, filter))
    .toSorted((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
    .slice(0, mostChanges)
}

/** Whether something of that scope is about what the filter asks for; what the scope does not name may be anything. */
export function concerns(scope: Change['scope'], { terms = [], ...columns }: Filter): boolean {
  const chosen = Object.entries(columns).every(([column, values]) => {
    const value = scope[column]
    return value === undefined || values === undefined || [values].flat().includes(value)
  })
  return chosen && termsHold(scope, terms)
}

/** Terms on texts that the scope names, as requests have to fulfil them: several of one field are alternatives. */
function termsHold(scope: Change['scope'], terms: readonly Term[]): boolean {
  const about = terms.filter((term) => term.kind === 'text' && scope[term.field] !== undefined)
  const alternatives = Map.groupBy(about.entries(), ([index, term]) =>
    term.kind === 'text' && !term.not ? term.field : index,
  )
  return [...alternatives.values()].every((group) => group.some(([, term]) => holds(scope, term)))
}

function holds(scope: Change['scope'], term: Term): boolean {
  if (term.kind !== 'text') return true
  return fulfils(scope[term.field] ?? '', term) !== term.not
}

function fulfils(value: string, test: Term & { kind: 'text' }): boolean {
  if (test.test === 'known') return value !== ''
  if (test.test === 'equal') return value === test.value
  const pattern = test.pattern.split('*').map((part) => RegExp.escape(part))
  return new RegExp(`^${pattern.join('.*')}$`, 'is').test(value)
}
