/** What a provider's headers say of its limits, as series of `metric_samples`: the newest value of each, every few seconds. */
import type { IncomingHttpHeaders } from 'node:http'
import type { MetricSample } from '../../../records/server-sample.ts'

/** Keys and models of an endpoint; further series are not kept. */
const maxSeries = 2_000

interface Limit {
  name: string
  value: number
}

/** Names → `ratelimit_<remaining|limit>_<of what>`, `ratelimit_reset_<of what>_seconds`, `retry_after_seconds`. Pure. */
export function limitsOf(headers: IncomingHttpHeaders, nowMs: number): Limit[] {
  const limits: Limit[] = []
  for (const name in headers) {
    if (!name.includes('ratelimit') && !name.startsWith('retry-after')) continue
    const value = headers[name]
    if (typeof value !== 'string') continue
    const limit = limitOf(name, value, nowMs)
    if (limit && Number.isFinite(limit.value) && limit.value >= 0) limits.push(limit)
  }
  return limits
}

function limitOf(name: string, value: string, nowMs: number): Limit | null {
  if (name === 'retry-after-ms') return { name: 'retry_after_seconds', value: Number(value) / 1000 }
  if (name === 'retry-after') return { name: 'retry_after_seconds', value: secondsUntil(value, nowMs) }
  // OpenAI and those who follow it; then Anthropic, which names what is limited first.
  const [, kind, of = 'requests'] = /^x-ratelimit-(remaining|limit|reset)(?:-([a-z-]{1,40}))?$/.exec(name) ?? []
  const [, theirs, theirKind] = /^anthropic-ratelimit-([a-z-]{1,40}?)-(remaining|limit|reset)$/.exec(name) ?? []
  const what = (kind === undefined ? theirs : of)?.replaceAll('-', '_')
  const which = kind ?? theirKind
  if (what === undefined || which === undefined || value.trim() === '') return null
  if (which === 'reset') return { name: `ratelimit_reset_${what}_seconds`, value: secondsUntil(value, nowMs) }
  return { name: `ratelimit_${which}_${what}`, value: Number(value) }
}

/** `20`, `1.5s`, `6m0s`, `120ms`, a date, or a point in time as Unix seconds or ms. NaN when it is none. */
function secondsUntil(value: string, nowMs: number): number {
  const text = value.trim()
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    const number = Number(text)
    // No limit waits for ten years.
    if (number > 1e12) return Math.max(0, (number - nowMs) / 1000)
    return number > 3e8 ? Math.max(0, number - nowMs / 1000) : number
  }
  const units: Record<string, number> = { d: 86_400, h: 3_600, m: 60, s: 1, ms: 0.001, us: 1e-6, µs: 1e-6, ns: 1e-9 }
  if (/^(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|[dhms]))+$/.test(text))
    return [...text.matchAll(/([\d.]+)(ms|us|µs|ns|[dhms])/g)].reduce(
      (sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? NaN),
      0,
    )
  const date = Date.parse(text)
  return Number.isNaN(date) ? NaN : Math.max(0, (date - nowMs) / 1000)
}

export class RateLimits {
  private series = new Map<string, MetricSample>()

  add(endpoint: string, api_key: string, model: string, headers: IncomingHttpHeaders, atMs: number): void {
    for (const { name, value } of limitsOf(headers, atMs)) {
      const key = `${endpoint}\n${api_key}\n${model}\n${name}`
      const known = this.series.get(key)
      if (known) {
        known.value = value
        known.timestamp = Math.round(atMs * 1000)
      } else if (this.series.size < maxSeries) {
        const labels = new Map(Object.entries({ endpoint, api_key, model }).filter(([, label]) => label !== ''))
        this.series.set(key, { timestamp: Math.round(atMs * 1000), target: `proxy:${endpoint}`, name, labels, value })
      }
    }
  }

  /** What came since the last call. */
  take(): MetricSample[] {
    const samples = [...this.series.values()]
    this.series = new Map()
    return samples
  }
}
