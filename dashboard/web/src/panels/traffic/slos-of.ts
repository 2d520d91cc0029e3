/** The objectives that speak of one model or endpoint alone, and what they want of its latency. */
import type { Slo, SloGroup } from '../../data/slos.ts'
import type { Level } from '../Status.tsx'

export interface SloOf {
  slo: Slo
  /** Null when no request of its period counts. */
  group: SloGroup | null
}

export type Thing = { by: 'model' | 'endpoint'; name: string }

/** Those with a group of that name, or whose filter leaves nothing but it. */
export function slosOf(slos: readonly Slo[], { by, name }: Thing): SloOf[] {
  return slos.flatMap((slo): SloOf[] => {
    const groups = slo.groups.filter(({ labels }) => labels[by] === name)
    if (groups.length > 0) return groups.map((group) => ({ slo, group }))
    const only = [slo.slo.where[by] ?? []].flat()
    if (only.length !== 1 || only[0] !== name) return []
    return (slo.groups.length > 0 ? slo.groups : [null]).map((group) => ({ slo, group }))
  })
}

export interface Limit {
  ms: number
  /** 95 % of requests within it. */
  objective: number
}

/** What objectives allow a request to take, each limit once. */
export function limitsOf(slos: readonly SloOf[], limit: 'max_latency' | 'max_ttft' | 'max_tpot'): Limit[] {
  const limits = slos.flatMap(({ slo: { slo } }) => {
    const ms = slo.limits[limit]
    return ms === undefined ? [] : [[ms, { ms, objective: slo.objective }] as const]
  })
  return [...new Map(limits).values()]
}

/** Whether a budget lasts, in a word. */
export function sloState({ group }: SloOf): { level: Level; word: string } {
  if (group === null) return { level: 'unknown', word: 'no requests' }
  const burning = group.windows.filter(({ holds }) => holds)
  if (burning.some(({ severity }) => severity === 'page')) return { level: 'critical', word: 'burning' }
  if (group.budget_left_ratio < 0) return { level: 'critical', word: 'overspent' }
  return burning.length > 0 ? { level: 'warning', word: 'burning' } : { level: 'ok', word: 'met' }
}

const levels: Level[] = ['critical', 'warning', 'unknown', 'ok']

/** The one that is worst off. */
export function worst(slos: readonly SloOf[]): SloOf | undefined {
  const rank = (one: SloOf) => levels.indexOf(sloState(one).level)
  return slos.toSorted((a, b) => rank(a) - rank(b))[0]
}
