/**
 * Random timelines against Debian's promtool: the same rule over the same samples has the same alerts in the same states at every
 * evaluation. What differs is the seed; a timeline is a rule with `for` and `keep_firing_for`, and a few series with gaps.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applySamples, type Instance, type Sample } from '../../alerts/instance.ts'
import { parseRuleFile } from '../../alerts/rule-file.ts'
import type { Rule } from '../../alerts/rule.ts'
import { dice } from '../support/dice.ts'

const second = 1_000
/** Between two samples of a series. */
const sampleMs = 60 * second
/** Prometheus takes a sample for a value until it is older than this. */
const lookbackMs = 300 * second
const samplesEach = 24
const evaluationIntervals = [20 * second, 60 * second, 90 * second]

/** `1` and `0` are values, `_` is no sample, `stale` says that the series has ended. */
type Slot = '1' | '0' | '_' | 'stale'

interface Timeline {
  rule: Rule
  /** By the label `s`. */
  series: Map<string, Slot[]>
}

export interface TimelinesProof {
  timelines: number
  /** Evaluations whose states were compared. */
  steps: number
  /** Alerts that were pending or firing at them. */
  alerts: number
  /** What promtool says of those that differ; empty when none does. */
  differences: string
}

/** Throws when promtool can't be run. */
export function proveTimelines(promtool: string, { count, seed }: { count: number; seed: number }): TimelinesProof {
  const roll = dice(seed)
  const proof: TimelinesProof = { timelines: count, steps: 0, alerts: 0, differences: '' }
  for (const [index, intervalMs] of evaluationIntervals.entries()) {
    const share = Math.floor((count + index) / evaluationIntervals.length)
    const timelines = Array.from({ length: share }, (_, number) => randomTimeline(roll, intervalMs, number))
    const tests = timelines.map((timeline) => {
      const steps = play(timeline, intervalMs)
      proof.steps += steps.length
      proof.alerts += steps.reduce((total, { alerts }) => total + alerts.length, 0)
      return promtoolTest(timeline, steps)
    })
    proof.differences += run(promtool, timelines, tests, intervalMs)
  }
  return proof
}

function randomTimeline(roll: (sides: number) => number, intervalMs: number, number: number): Timeline {
  const seconds = (most: number) => (roll(3) === 0 ? 0 : roll(most) * (intervalMs / second))
  const written = {
    alert: `A${number}`,
    sql: 'select 1 as value',
    for: `${seconds(6)}s`,
    keep_firing_for: `${seconds(5)}s`,
    labels: { severity: 'page' },
  }
  const { groups } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [written] }] }), 'rules.yaml')
  const series = new Map(Array.from({ length: 1 + roll(3) }, (_, index) => [`s${index}`, randomSlots(roll)]))
  return { rule: groups[0]?.rules[0] as Rule, series }
}

/** Runs of a value, so that alerts get to fire. */
function randomSlots(roll: (sides: number) => number): Slot[] {
  const slots: Slot[] = []
  while (slots.length < samplesEach) {
    const slot = (['1', '1', '1', '0', '0', '_', '_', 'stale'] as const)[roll(8)] as Slot
    const length = slot === 'stale' ? 1 : 1 + roll(slot === '_' ? 8 : 5)
    for (let index = 0; index < length; index++) slots.push(slot)
  }
  return slots.slice(0, samplesEach)
}

interface Step {
  at: number
  alerts: { s: string; state: Instance['state'] }[]
}

function play({ rule, series }: Timeline, intervalMs: number): Step[] {
  let active: ReadonlyMap<string, Instance> = new Map()
  const steps: Step[] = []
  for (let at = 0; at <= (samplesEach + 6) * sampleMs; at += intervalMs) {
    active = applySamples(rule, active, samplesAt(series, at), at).active
    const alerts = [...active.values()].map(({ labels, state }) => ({ s: labels['s'] ?? '', state }))
    steps.push({ at, alerts })
  }
  return steps
}

/** What `x > 0` gives: of each series its newest sample, unless it ended or that is too old. */
function samplesAt(series: Timeline['series'], at: number): Sample[] {
  return [...series].flatMap(([s, slots]) => {
    const newest = slots.findLastIndex((slot, index) => slot !== '_' && index * sampleMs <= at)
    const value = slots[newest]
    if (newest < 0 || at - newest * sampleMs > lookbackMs || value !== '1') return []
    return [{ labels: { s }, value: 1 }]
  })
}

function promtoolTest({ rule, series }: Timeline, steps: readonly Step[]): object {
  const expr = `ALERTS{alertname="${rule.name}"}`
  return {
    interval: `${sampleMs / second}s`,
    input_series: [...series].map(([s, slots]) => ({ series: `x{s="${s}"}`, values: slots.join(' ') })),
    promql_expr_test: steps.map(({ at, alerts }) => ({
      expr,
      eval_time: `${at / second}s`,
      exp_samples: alerts.map(({ s, state }) => ({
        labels: `ALERTS{alertname="${rule.name}", alertstate="${state}", s="${s}", severity="page"}`,
        value: 1,
      })),
    })),
  }
}

function run(promtool: string, timelines: readonly Timeline[], tests: readonly object[], intervalMs: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'inferwatch-timelines-'))
  try {
    const rules = timelines.map(({ rule }) => ({
      alert: rule.name,
      expr: 'x > 0',
      for: `${rule.for_ms / second}s`,
      keep_firing_for: `${rule.keep_firing_for_ms / second}s`,
      labels: rule.labels,
    }))
    // Every test evaluates every rule of its files: each timeline has a file of its own.
    for (const [index, rule] of rules.entries()) {
      const file = `rules-${index}.yaml`
      writeFileSync(join(directory, file), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }))
      const suite = { rule_files: [file], evaluation_interval: `${intervalMs / second}s`, tests: [tests[index]] }
      writeFileSync(join(directory, `test-${index}.yaml`), JSON.stringify(suite))
    }
    const files = timelines.map((_, index) => `test-${index}.yaml`)
    const { status, stdout, stderr, error } = spawnSync(promtool, ['test', 'rules', ...files], {
      cwd: directory,
      maxBuffer: 2 ** 28,
    })
    if (error) throw error
    return status === 0 ? '' : `${String(stdout)}${String(stderr)}`.slice(0, 20_000)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
