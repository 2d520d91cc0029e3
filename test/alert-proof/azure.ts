/**
 * The Azure trace with faults put into it, gone over by the rules that are shipped and by those of a team: false pages per week, and how
 * long each fault goes unseen. The rules run by the code of `alerts backtest`.
 */
import { existsSync } from 'node:fs'
import { backtest, type BacktestResult } from '../../alerts/backtest/index.ts'
import { pagingOf } from '../../alerts/backtest/paging.ts'
import { alertsConfig } from '../../alerts/config.ts'
import { loadRuleFiles, loadRuleGroups } from '../../alerts/rule-file.ts'
import type { RuleGroup } from '../../alerts/rule.ts'
import { testStorage } from '../../storage/testing.ts'
import { store } from '../dashboard/store.ts'
import { failed, readTrace, requestsOfHour, slower, type Fault } from './azure-trace.ts'

const minute = 60_000
const hour = 60 * minute
const week = 7 * 24 * hour
const start = Date.UTC(2026, 5, 1)

const azureTrace = new URL('../../../shared/data/AzureLLMInferenceTrace_code.csv', import.meta.url).pathname

/** The trace is not part of the repository. */
export const hasTrace = () => existsSync(azureTrace)

type FaultSpec = Pick<Fault, 'name' | 'apply'> & { lasts: number }

export const faults: readonly FaultSpec[] = [
  { name: 'latency ×5 for 20 min', lasts: 20 * minute, apply: (request) => slower(request, 5) },
  {
    name: '10 % errors for 20 min',
    lasts: 20 * minute,
    apply: (request, _, chance) => chance < 0.1 && failed(request),
  },
  { name: 'outage of 10 min', lasts: 10 * minute, apply: failed },
  { name: 'drift to ×4 over 3 h', lasts: 3 * hour, apply: (request, progress) => slower(request, 1 + 3 * progress) },
  {
    name: 'tokens at 20 times the price for 1 h',
    lasts: hour,
    apply: (request) => (request.cost_usd = (request.cost_usd ?? 0) * 20),
  },
]

export interface AzureOptions {
  hours?: number
  seed?: number
  /** Those to put in, evenly spread. */
  wanted?: readonly FaultSpec[]
  onProgress?: (what: string, done: number, total: number) => void
}

export interface AzureProof {
  requests: number
  hours: number
  rules: {
    set: string
    evaluations: number
    seconds: number
    pages: number
    false_pages_per_week: number
    /** Which rule, and when. */
    false_pages: string[]
    /** Null: not seen at all. */
    detected_after_s: Record<string, number | null>
  }[]
}

export async function proveAzure(options: AzureOptions = {}): Promise<AzureProof> {
  const { hours = 7 * 24, seed = 1, wanted = faults, onProgress = () => {} } = options
  const trace = readTrace(azureTrace)
  const range = { from: start, to: start + hours * hour }
  const placed = place(wanted, hours)
  const storage = await testStorage()
  try {
    let requests = 0
    for (let done = 0; done < hours; done++) {
      const rows = requestsOfHour(trace, start + done * hour, placed, seed)
      await store(storage.db, 'requests', rows)
      requests += rows.length
      onProgress('hours stored', done + 1, hours)
    }
    const proof: AzureProof = { requests, hours, rules: [] }
    for (const [set, groups] of await ruleSets()) {
      const started = performance.now()
      const results: [RuleGroup['rules'][number], BacktestResult][] = []
      for (const group of groups)
        for (const rule of group.rules) {
          const signal = new AbortController().signal
          const paging = pagingOf(alertsConfig.parse({}))
          for await (const event of backtest({
            rule,
            group,
            range,
            reader: storage.reader,
            paging,
            pagesPerWeek: null,
            signal,
          }))
            if (event.type === 'result') results.push([rule, event.result])
            else onProgress(`${set}: ${rule.name}`, event.done, event.total)
        }
      const seconds = Number(((performance.now() - started) / 1000).toFixed(1))
      proof.rules.push({ set, seconds, ...judge(results, placed, hours) })
    }
    return proof
  } finally {
    await storage.stop()
  }
}

/** One after the other, each in a stretch of its own, not at its edges. */
function place(wanted: readonly FaultSpec[], hours: number): Fault[] {
  const stretch = (hours * hour) / (wanted.length + 1)
  return wanted.map(({ name, apply, lasts }, index) => {
    const from = start + Math.round((index + 1) * stretch)
    return { name, apply, from, to: from + Math.min(lasts, stretch / 2) }
  })
}

async function ruleSets(): Promise<[string, RuleGroup[]][]> {
  const folder = new URL('.', import.meta.url).pathname
  const shipped = await loadRuleGroups(alertsConfig.parse({}), folder)
  return [
    // Only what looks at requests has anything to look at here.
    ['shipped', shipped.map((group) => Object.assign({}, group, { rules: group.rules.filter(scansRequests) }))],
    ['of a team', await loadRuleFiles(['azure-rules.yaml'], folder)],
  ]
}

const scansRequests = (rule: RuleGroup['rules'][number]) =>
  rule.question({ from: start, to: start + hour }).part !== undefined

/** A page tells of a fault when it comes while the windows of its rule still hold some of it. */
function judge(
  results: readonly [RuleGroup['rules'][number], BacktestResult][],
  placed: readonly Fault[],
  hours: number,
) {
  const tells = (fault: Fault, at: number, windowMs: number) =>
    at >= fault.from && at <= fault.to + windowMs + 5 * minute
  const pages = results.flatMap(([rule, { first_pages }]) =>
    first_pages.map(({ at }) => ({ name: rule.name, at, windowMs: rule.window_ms })),
  )
  const wrong = pages.filter(({ at, windowMs }) => !placed.some((fault) => tells(fault, at, windowMs)))
  const detected = placed.map((fault) => {
    const firsts = results.flatMap(([rule, { intervals }]) =>
      intervals.map((interval) => interval.start).filter((at) => tells(fault, at, rule.window_ms)),
    )
    return [fault.name, firsts.length > 0 ? (Math.min(...firsts) - fault.from) / 1000 : null]
  })
  return {
    evaluations: results.reduce((sum, [, { evaluations }]) => sum + evaluations, 0),
    pages: results.reduce((sum, [, result]) => sum + result.pages, 0),
    false_pages_per_week: Number(((wrong.length * week) / (hours * hour)).toFixed(2)),
    false_pages: wrong.map(({ name, at }) => `${name} ${new Date(at).toISOString()}`),
    detected_after_s: Object.fromEntries(detected) as Record<string, number | null>,
  }
}
