/** When rules fired, whatever their instances: alerts of one rule and severity that overlap are one period. Reads `alert_events`. */
import type { Change } from '../../records/change.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { firings, type Firing } from './alert-history.ts'

export async function alertPeriods(db: Db, range: TimeRange): Promise<Change[]> {
  const rules = Map.groupBy(await firings(db, range), ({ group, rule, labels }) =>
    JSON.stringify([group, rule, labels['severity'] ?? '']),
  )
  return [...rules.values()].flatMap((fired) => overlapping(fired).map(changeOf))
}

/** Runs of firings, each of which begins before those ahead of it have all ended. */
export function overlapping<F extends Pick<Firing, 'from_ms' | 'to_ms'>>(fired: readonly F[]): F[][] {
  const runs: F[][] = []
  let end = -Infinity
  for (const one of fired.toSorted((a, b) => a.from_ms - b.from_ms)) {
    if (one.from_ms > end) runs.push([])
    runs.at(-1)?.push(one)
    end = Math.max(end, one.to_ms ?? Infinity)
  }
  return runs
}

function changeOf(fired: readonly Firing[]): Change {
  const [first] = fired
  const ends = fired.map(({ to_ms }) => to_ms ?? Infinity)
  const end = Math.max(...ends)
  const labels = common(fired.map((one) => one.labels))
  const { severity = '', alertname = first?.rule ?? '', ...scope } = labels
  const summaries = new Set(fired.map(({ annotations }) => annotations['summary'] ?? ''))
  const alerts = new Set(fired.map(({ fingerprint }) => fingerprint)).size
  return {
    id: `alert ${JSON.stringify([first?.group, first?.rule, severity, first?.from_ms])}`,
    kind: 'alert',
    at: first?.from_ms ?? 0,
    until: end === Infinity ? 'now' : end,
    title: alertname,
    text: summaries.size === 1 ? [...summaries].join('') : `${alerts} alerts`,
    scope,
    severity,
    link: '/alerts',
    by: '',
    annotation: null,
  }
}

/** What all of them say. */
function common(all: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...rest] = all
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((labels) => labels[name] === value)),
  )
}
