/**
 * The template language of labels and annotations: `{{ labels.model }}`, `{{ value | duration }}`, `{{ details.error }}`. There is
 * no evaluation of code. What can't be rendered becomes `<error: …>` in place: an alert with a broken text still fires.
 */
import { infiniteText } from '../records/infinite.ts'
import type { Labels } from './labels.ts'

export interface TemplateData {
  labels: Labels
  /** What the answer says beside its labels. */
  details?: Labels | undefined
  /** Milliseconds, ratio, dollars or whatever the rule measures. */
  value: number | null
  threshold: number | null
}

const placeholder = /\{\{(.*?)\}\}/gs

export function renderTemplate(template: string, data: TemplateData): string {
  return template.replace(placeholder, (_, inner: string) => {
    try {
      return renderExpression(inner, data)
    } catch (error) {
      return `<error: ${error instanceof Error ? error.message : String(error)}>`
    }
  })
}

/** What would always render as an error: unknown names and filters, an unclosed `{{`. */
export function templateProblems(template: string): string[] {
  const problems: string[] = []
  const anything = new Proxy<Labels>(
    {},
    { get: () => '', getOwnPropertyDescriptor: () => ({ value: '', configurable: true, enumerable: true }) },
  )
  const rest = template.replace(placeholder, (_, inner: string) => {
    try {
      renderExpression(inner, { labels: anything, details: anything, value: 1, threshold: 1 })
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
    }
    return ''
  })
  return rest.includes('{{') ? [...problems, '"{{" is never closed'] : problems
}

/** Whether the text changes with the value or the details: such a label would make a new alert at every evaluation. */
export function usesValue(template: string): boolean {
  return [...template.matchAll(placeholder)].some(([, inner]) => /^\s*[$.]?(value|details)\b/.test(inner ?? ''))
}

/** The labels that a text reads. */
export function labelsRead(template: string): string[] {
  const read: string[] = []
  const labels = new Proxy<Labels>(
    {},
    {
      get: () => '',
      getOwnPropertyDescriptor(_, name) {
        read.push(String(name))
        return { value: '', configurable: true, enumerable: true }
      },
    },
  )
  renderTemplate(template, { labels, details: {}, value: 1, threshold: 1 })
  return [...new Set(read)]
}

function renderExpression(inner: string, data: TemplateData): string {
  const [source = '', ...filters] = inner.split('|').map((part) => part.trim())
  const written = filters.reduce<string | number>((value, filter) => applyFilter(filter, value), read(source, data))
  return typeof written === 'number' ? (infiniteText(written) ?? String(written)) : written
}

/** `labels.x`, `labels["x"]`, `details.x`, `value`, `threshold`; Prometheus's `$labels` and `$value` read the same. */
function read(source: string, data: TemplateData): string | number {
  const name = source.replace(/^[$.]/, '')
  if (name === 'value' || name === 'threshold') {
    const found = data[name]
    if (found === null) throw new Error(`no ${name}`)
    return found
  }
  const match = /^(label|detail)s(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[(["'])(.+)\3\])$/.exec(name)
  const key = match?.[2] ?? match?.[4]
  if (key === undefined) throw new Error(`"${source}" is not labels.<name>, details.<name>, value or threshold`)
  const set = (match?.[1] === 'label' ? data.labels : data.details) ?? {}
  if (!Object.hasOwn(set, key)) throw new Error(`no ${match?.[1]} "${key}"`)
  return set[key] ?? ''
}

export const filters: Readonly<Record<string, (value: number) => string>> = {
  duration: formatDuration,
  percent: (value) => `${formatNumber(value * 100)}%`,
  usd: formatUsd,
  celsius: (value) => `${formatNumber(value)} °C`,
  watts: (value) => `${formatNumber(value)} W`,
  number: formatNumber,
}

export function applyFilter(name: string, value: string | number): string {
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined
  if (!filter) throw new Error(`unknown filter "${name}"; known: ${Object.keys(filters).join(', ')}`)
  const number = typeof value === 'number' ? value : Number(value)
  if (!Number.isFinite(number)) throw new Error(`${JSON.stringify(value)} is not a number`)
  return infiniteText(number) ?? filter(number)
}

/** Of milliseconds: `850 ms`, `7.2 s`, `3m 12s`, `2h 05m`, `13d 20h`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`
  if (ms < 999.5) return `${formatNumber(ms)} ms`
  if (ms < 59_950) return `${formatNumber(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`
  const hours = Math.round(minutes / 60)
  return `${Math.floor(hours / 24)}d ${hours % 24}h`
}

const pad = (value: number) => String(value).padStart(2, '0')

/** Three significant digits below 100, whole numbers with separators above. */
export function formatNumber(value: number): string {
  if (Math.abs(value) < 99.95) return String(Number(value.toPrecision(3)))
  return Math.round(value).toLocaleString('en-US')
}

/** Cents, or three significant digits of less. */
export function formatUsd(value: number): string {
  const amount = Math.abs(value)
  const text =
    amount > 0 && amount < 0.01
      ? String(Number(amount.toPrecision(3)))
      : amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  return `${value < 0 ? '-' : ''}$${text}`
}
