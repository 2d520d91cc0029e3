/** A rule's value over time: its own question, without the threshold, at points of a grid. One query answers them all. */
import type { Db } from '../storage/client.ts'
import type { Question } from '../storage/queries/alert-scan.ts'
import { ask } from './ask.ts'
import { alertFingerprint } from './instance.ts'
import type { Rule } from './rule.ts'

export interface Point {
  /** Epoch milliseconds: the end of the window that the value is of. */
  at: number
  value: number
}

/** By fingerprint of the alert that it would be. A point without enough requests is missing. */
export type History = ReadonlyMap<string, Point[]>

/** The values at these times, ascending. */
export async function ruleHistory(
  reader: Db,
  rule: Rule,
  times: readonly number[],
  signal: AbortSignal,
): Promise<History> {
  const found = new Map<string, Point[]>()
  if (times.length === 0) return found
  const question = together(times.map((to) => rule.measure({ from: to - rule.window_ms, to })))
  // Without a threshold every value is a sample; the column that tells the points apart reads as a label.
  const samples = await ask(reader, { ...rule, threshold: null }, question, signal, mostValues)
  for (const { labels, value } of samples) {
    const { [pointColumn]: index, ...own } = labels
    const at = times[Number(index)]
    if (at === undefined) continue
    const print = alertFingerprint(rule, { labels: own, value })
    const points = found.get(print) ?? []
    points.push({ at, value })
    found.set(print, points)
  }
  for (const points of found.values()) points.sort((a, b) => a.at - b.at)
  return found
}

const pointColumn = 'point_of_history'
const mostValues = 50_000

function together(questions: readonly Question[]): Question {
  const renamed = questions.map(({ sql, params }, index) => {
    const names = new Set(Object.keys(params))
    return {
      sql: `select *, ${index} as ${pointColumn} from (\n${sql
        .replace(/;\s*$/, '')
        .replaceAll(/\{(\w+):/g, (all, name: string) => (names.has(name) ? `{${name}_${index}:` : all))}\n)`,
      params: Object.fromEntries(Object.entries(params).map(([name, value]) => [`${name}_${index}`, value])),
    }
  })
  return {
    sql: renamed.map(({ sql }) => sql).join('\nunion all\n'),
    params: Object.assign({}, ...renamed.map(({ params }) => params)) as Record<string, unknown>,
  }
}
