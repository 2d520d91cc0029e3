/**
 * What a message says beside the value: normal and worst values, who is affected, what else happened, a chart. Asked of storage
 * when a message is made; a storage that is slow or away costs a message these lines and a few seconds, never the message.
 */
import type { Logger } from 'pino'
import type { TimeRange } from '../records/time-range.ts'
import type { Db, QueryOptions } from '../storage/client.ts'
import { alertAffected, type Bad } from '../storage/queries/alert-briefing.ts'
import { filterColumns, type Filter } from '../storage/queries/where.ts'
import { likelyCauses } from './causes.ts'
import { plotSvg } from './chart/plot.ts'
import { pngOf } from './chart/png.ts'
import { isPublic, type ChartShelf } from './chart/shelf.ts'
import type { Clock } from './clock.ts'
import type { GroupedAlert } from './group.ts'
import { ruleHistory, type History, type Point } from './history.ts'
import type { Labels } from './labels.ts'
import { formatValue } from './notify/facts.ts'
import type { Briefing, Chart } from './notify/notification.ts'
import { pageOf } from './page.ts'
import type { Rule } from './rule.ts'
import { renderTemplate } from './template.ts'

export interface BrieferOptions {
  reader: Db
  clock: Clock
  log: Logger
  /** The rules that are loaded. */
  rules: () => Rule[]
  /** Address of the dashboard, without a trailing slash. */
  externalUrl: () => string
  shelf: ChartShelf
  /** A message goes without what takes longer. */
  waitMs: number
}

/** Of the alerts of one message, the first ones. */
const mostBriefed = 5
const mostRemembered = 200

export class Briefer {
  readonly #options: BrieferOptions
  /** By alert and minute: channels and attempts share it. */
  readonly #known = new Map<string, Promise<Briefing>>()
  readonly #histories = new Map<string, Promise<History>>()
  #failing = false

  constructor(options: BrieferOptions) {
    this.#options = options
  }

  /** By fingerprint; alerts that nothing is known of are missing. Never rejects. */
  async brief(alerts: readonly GroupedAlert[]): Promise<ReadonlyMap<string, Briefing>> {
    const found = await Promise.all(
      alerts.slice(0, mostBriefed).map(async (alert) => [alert.fingerprint, await this.#of(alert)] as const),
    )
    return new Map(found.flatMap(([fingerprint, briefing]) => (briefing ? [[fingerprint, briefing]] : [])))
  }

  #of(alert: GroupedAlert): Promise<Briefing | null> {
    const rule = this.#options.rules().find((rule) => makes(rule, alert.labels))
    if (!rule) return Promise.resolve(null)
    const now = Math.floor(this.#options.clock.now() / gridMs) * gridMs
    const key = [alert.fingerprint, alert.starts_at, alert.ends_at ?? now].join()
    return this.#orNull(
      rule,
      remembered(this.#known, key, () => this.#briefing(alert, rule, now, AbortSignal.timeout(this.#options.waitMs))),
    )
  }

  async #orNull(rule: Rule, asking: Promise<Briefing>): Promise<Briefing | null> {
    try {
      const briefing = await asking
      this.#failing = false
      return briefing
    } catch (error) {
      // Once, until it works again: the channel's health and the message itself are fine.
      if (!this.#failing)
        this.#options.log.warn({ err: error, rule: rule.name }, 'a notification goes without its context')
      this.#failing = true
      return null
    }
  }

  async #briefing(alert: GroupedAlert, rule: Rule, now: number, signal: AbortSignal): Promise<Briefing> {
    const { reader } = this.#options
    const { threshold, unit, window_ms } = rule
    const to = alert.ends_at ?? now
    const filter = filterOf(rule, alert.labels)
    const range: TimeRange = { from: Math.min(alert.starts_at, to) - window_ms, to }
    const options: QueryOptions = { signal, max_execution_s: this.#options.waitMs / 1000 }
    const spend = unit === 'usd_per_hour'
    const asked = { labels: withoutOwn(rule, alert.labels), filter: filter ?? {}, range, spend }
    const grid = gridOf(alert, rule, to)
    const [history, affected, causes] = await Promise.all([
      this.#history(rule, grid, signal),
      filter ? alertAffected(reader, filter, badOf(rule), range, options) : null,
      filter || asked.labels['host'] ? likelyCauses(reader, asked, options) : [],
    ])
    const points = history.get(alert.fingerprint) ?? []
    const lately = points.filter(({ at }) => at >= grid.from)
    const normal = points.find(({ at }) => at === grid.weekBefore)?.value ?? null
    return {
      unit,
      threshold,
      normal,
      peak: peakOf(alert, rule, lately),
      affected: affected && affected.requests > 0 ? affected : null,
      causes,
      chart: lately.length > 1 ? this.#chart(alert, rule, lately, grid) : null,
      page: pageOf(rule, alert.labels),
      window_ms,
      filter: filter ?? {},
    }
  }

  #history(rule: Rule, grid: Grid, signal: AbortSignal): Promise<History> {
    const { times, weekBefore } = grid
    const all = weekBefore === null ? times : [weekBefore, ...times]
    const key = JSON.stringify([rule.group, rule.id, all[0], all.at(-1), all.length])
    return remembered(this.#histories, key, () => ruleHistory(this.#options.reader, rule, all, signal))
  }

  #chart(alert: GroupedAlert, rule: Rule, points: Point[], { from, to, stepMs }: Grid): Chart {
    const { externalUrl, shelf } = this.#options
    const own = Object.values(withoutOwn(rule, alert.labels)).join(', ')
    const title = `${rule.name}${own ? ` · ${own}` : ''} (UTC)`
    const { unit, threshold } = rule
    const fired = { from: alert.starts_at, to: alert.ends_at ?? to }
    const svg = plotSvg({ title, points, unit, threshold, from, to, stepMs, fired })
    const last = points.at(-1)
    let png: Promise<Uint8Array> | null = null
    return {
      alt: `${title}: ${last ? `${formatValue(last.value, unit)} at the end` : ''}`,
      url: isPublic(externalUrl()) ? `${externalUrl()}/api/alerts/chart/${shelf.put(svg)}.png` : '',
      png: () => (png ??= pngOf(svg)),
    }
  }
}

/** What fails is asked again by the next message. */
function remembered<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const found = known.get(key)
  if (found) return found
  if (known.size >= mostRemembered) known.clear()
  const asking = ask()
  known.set(key, asking)
  asking.catch(() => known.delete(key))
  return asking
}

/** Whether an alert with these labels is one of the rule's. */
function makes({ name, labels: own }: Rule, labels: Labels): boolean {
  if (labels['alertname'] !== name) return false
  const data = { labels, value: null, threshold: null }
  return Object.entries(own).every(([label, text]) => renderTemplate(text, data) === (labels[label] ?? ''))
}

/** The labels that the data gave, not the rule's own: `team` may say who is called, and nothing of the requests. */
function withoutOwn(rule: Rule, labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) => name !== 'alertname' && !Object.hasOwn(rule.labels, name)),
  )
}

/** The requests that the alert is about; null when it isn't about requests. */
function filterOf(rule: Rule, labels: Labels): Filter | null {
  const own = withoutOwn(rule, labels)
  const told = filterColumns.flatMap((column) => (own[column] ? [[column, own[column]]] : []))
  if (rule.filter === null && told.length === 0) return null
  return { ...rule.filter, ...(Object.fromEntries(told) as Filter) }
}

const badColumns: Partial<Record<string, 'duration_ms' | 'ttft_ms' | 'tpot_ms'>> = {
  latency: 'duration_ms',
  ttft: 'ttft_ms',
  tpot: 'tpot_ms',
}

function badOf({ kind, threshold }: Rule): Bad {
  const column = badColumns[kind]
  if (column && threshold) return { column, ...threshold }
  return kind === 'error_ratio' ? 'errors' : 'all'
}

/** The worst of what was measured while it fired. */
function peakOf(alert: GroupedAlert, { threshold }: Rule, points: readonly Point[]): number | null {
  const during = points.filter(({ at }) => at >= alert.starts_at && (alert.ends_at === null || at <= alert.ends_at))
  const values = during.map(({ value }) => value).concat(alert.value ?? [])
  if (values.length === 0) return null
  return threshold?.side === 'below' ? Math.min(...values) : Math.max(...values)
}

interface Grid {
  from: number
  to: number
  stepMs: number
  times: number[]
  /** Null where a week-old window would cost too much. */
  weekBefore: number | null
}

const gridMs = 60_000
const hourMs = 3_600_000
const weekMs = 7 * 24 * hourMs
const mostPoints = 36
/** All windows of a chart together read at most this much time. */
const mostReadMs = 72 * hourMs

/** Three hours, or from well before the alert on, up to a day; fewer points of long windows. */
function gridOf({ starts_at }: GroupedAlert, { window_ms }: Rule, to: number): Grid {
  const span = Math.min(Math.max(1.5 * (to - starts_at), 3 * hourMs), 24 * hourMs)
  const points = Math.min(mostPoints, Math.floor(mostReadMs / window_ms))
  const stepMs = points > 0 ? Math.ceil(span / points / gridMs) * gridMs : span
  const count = points > 3 ? Math.floor(span / stepMs) : 0
  const times = Array.from({ length: count + 1 }, (_, index) => to - (count - index) * stepMs)
  const weekBefore = window_ms <= 24 * hourMs ? to - weekMs : null
  return { from: times[0] ?? to, to, stepMs, times: count > 0 ? times : [], weekBefore }
}
