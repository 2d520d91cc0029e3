/** `node main.ts alerts backtest`: when rules would have fired over stored history, printed. */
import { counted } from '../../records/counted.ts'
import { durationMs, durationPattern } from '../../records/duration.ts'
import { rangeOf } from '../../records/point-in-time.ts'
import type { Db } from '../../storage/client.ts'
import type { Progress } from '../../storage/progress.ts'
import { textTable } from '../../storage/text-table.ts'
import { loadRuleGroups, loadRuleFiles } from '../rule-file.ts'
import type { AlertsConfig } from '../config.ts'
import { formatLabels } from '../labels.ts'
import type { Rule, RuleGroup } from '../rule.ts'
import { ConfigError } from '../yaml-file.ts'
import { backtest, whyNotBacktested, type BacktestResult, type FiringInterval } from './index.ts'
import { pagingOf } from './paging.ts'
import { thresholdText, valueText } from './threshold-text.ts'

export interface BacktestFlags {
  rule?: string
  from: string
  to?: string
  step?: string
  pagesPerWeek?: string
  json?: boolean
}

export interface BacktestDeps {
  reader: Db
  progress: Progress
  print: (line: string) => void
  nowMs: number
}

/** Rules of `files`, of the configuration when there are none. Throws ConfigError before anything is asked. */
export async function backtestCommand(
  files: readonly string[],
  flags: BacktestFlags,
  config: AlertsConfig,
  baseDir: string,
  deps: BacktestDeps,
): Promise<void> {
  const groups = files.length > 0 ? await loadRuleFiles(files) : await loadRuleGroups(config, baseDir)
  const chosen = choose(groups, flags.rule)
  const settings = {
    range: rangeOf(flags, deps.nowMs, ConfigError),
    stepMs: stepOf(flags.step),
    pagesPerWeek: wishOf(flags.pagesPerWeek),
    reader: deps.reader,
    paging: pagingOf(config),
    signal: new AbortController().signal,
  }
  const results: (BacktestResult | NoResult)[] = []
  for (const { rule, group } of chosen) {
    const reason = whyNotBacktested(rule)
    if (reason !== null) {
      results.push({ rule: rule.name, group: rule.group, kind: rule.kind, cannot_be_backtested: reason })
      if (!flags.json)
        for (const line of [`${rule.group}/${rule.name}`, `  cannot be backtested: ${reason}`, '']) deps.print(line)
      continue
    }
    let result: BacktestResult | undefined
    let started = false
    try {
      for await (const event of backtest({ ...settings, rule, group })) {
        if (event.type === 'result') result = event.result
        else {
          if (!started) deps.progress.start(event.total)
          started = true
          deps.progress.update(event.done, event.firings)
        }
      }
    } finally {
      deps.progress.stop()
    }
    if (result) results.push(result)
    if (!flags.json) for (const line of report(result)) deps.print(line)
  }
  if (flags.json) deps.print(JSON.stringify(results, null, 2))
}

/** In place of a result, in JSON. */
interface NoResult {
  rule: string
  group: string
  kind: string
  cannot_be_backtested: string
}

function choose(groups: readonly RuleGroup[], name: string | undefined): { rule: Rule; group: RuleGroup }[] {
  const all = groups.flatMap((group) => group.rules.map((rule) => ({ rule, group })))
  const chosen = name === undefined ? all : all.filter(({ rule }) => rule.name === name || rule.id === name)
  if (chosen.length > 0) return chosen
  const names = all.map(({ rule }) => rule.id).join(', ')
  throw new ConfigError(name === undefined ? 'there is no rule' : `--rule: there is no rule ${name}; known: ${names}`)
}

function stepOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = durationPattern.test(text) ? durationMs(text) : 0
  if (ms >= 1000) return ms
  throw new ConfigError(`--step: expected a duration of 1s or more, such as 30s or 5m; found "${text}"`)
}

function wishOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const pages = Number(text)
  if (text.trim() !== '' && pages >= 0 && Number.isFinite(pages)) return pages
  throw new ConfigError(`--pages-per-week: expected a number such as 2 or 0.5; found "${text}"`)
}

/** Intervals that are printed; --json has more. */
const mostPrinted = 30

function report(result: BacktestResult | undefined): string[] {
  if (!result) return []
  const { intervals, suggestion } = result
  const shown = intervals.slice(0, mostPrinted)
  const longest = shown.toSorted((a, b) => b.duration_ms - a.duration_ms)[0]
  const rows = shown.map((interval) => row(interval, result))
  return [
    `${result.group}/${result.rule}${conditionOf(result)}`,
    `  ${summary(result)}`,
    ...(result.failed_evaluations > 0
      ? [`  ${counted(result.failed_evaluations, 'evaluation')} failed; the last one: ${result.last_error}`]
      : []),
    ...(rows.length > 0 ? textTable([columns, ...rows]).map((line) => `  ${line}`) : []),
    ...(result.firings > shown.length ? [`  and ${result.firings - shown.length} more`] : []),
    ...(longest?.requests ? [`  requests of the longest: ${oneLine(longest.requests.sql)}`] : []),
    ...(suggestion
      ? [
          `  for as many pages as wished: ${suggestion.threshold.side}: ${suggestion.text} (${number(suggestion.pages_per_week)} a week)`,
        ]
      : []),
    '',
  ]
}

const columns = ['start', 'end', 'duration', 'peak', 'requests', 'alert']

function row({ start, end, duration_ms, peak, requests, labels }: FiringInterval, { unit }: BacktestResult): string[] {
  const time = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')
  const ended = end === null ? 'still firing' : time(end)
  return [
    time(start),
    ended,
    valueText(duration_ms, 'ms'),
    peak === null ? '-' : valueText(peak, unit),
    String(requests?.count ?? '-'),
    formatLabels(labels),
  ]
}

function conditionOf({ threshold, unit }: BacktestResult): string {
  return threshold ? ` ${threshold.side} ${thresholdText(threshold.value, unit) ?? threshold.value}` : ''
}

function summary({
  firings,
  firing_ms,
  pages,
  pages_per_week,
  unmuted_pages,
  receivers,
  evaluations,
  from,
  to,
}: BacktestResult): string {
  const span = `${counted(evaluations, 'evaluation')} over ${valueText(to - from, 'ms')}`
  if (firings === 0) return `did not fire in ${span}`
  const named = receivers.filter(({ receiver }) => receiver !== '')
  const told =
    named.length > 0 ? ` (${named.map((one) => `${one.receiver} ${number(one.pages_per_week)}`).join(', ')})` : ''
  const muted =
    unmuted_pages === pages
      ? ''
      : `; ${counted(unmuted_pages, 'page')} without the silences and the inhibition of that time`
  return `fired ${counted(firings, 'time')}, for ${valueText(firing_ms, 'ms')}, in ${span}: ${counted(pages, 'page')}, ${number(pages_per_week)} a week${told}${muted}`
}

const number = (value: number) => String(Number(value.toPrecision(3)))
const oneLine = (sql: string) => sql.replaceAll(/\s+/g, ' ')
