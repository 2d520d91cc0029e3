/** Something refused, dropped, cut or doubtful on its way in; table `ingest_issues`. One row per issue and flush, not per item. */
import type { EpochMicros } from './span.ts'

/** problem: data is missing or wrong until somebody acts · hint: it could say more. */
export const issueSeverities = ['problem', 'hint'] as const
export type IssueSeverity = (typeof issueSeverities)[number]

export interface IngestIssue {
  timestamp: EpochMicros
  /** otlp_http, scrape, import, spans, … */
  source: string
  /** Stable word for metrics and grouping: zero_trace_id, end_before_start, unpriced_model, … */
  reason: string
  /** What it is about: a client as `scope@version`, `provider / model`, a service; empty when the reason says it all. */
  subject: string
  severity: IssueSeverity
  /** Items (spans, series, lines) since the last row of the same source, reason and subject. */
  items: number
  /** One example, shortened, without content or secrets. */
  example: string
  /** The example's place, where it is a span; empty otherwise. */
  example_trace_id: string
  example_span_id: string
}

/** An issue that is about nothing in particular. */
export const plainIssue = {
  subject: '',
  severity: 'problem',
  example_trace_id: '',
  example_span_id: '',
} as const satisfies Partial<IngestIssue>

/** How subjects name a client: its instrumentation scope, with its version where it has one. */
export const clientName = (scope: string, version: string) =>
  scope === '' ? 'unnamed client' : version === '' ? scope : `${scope}@${version}`

/** How subjects name what has a price. */
export const pricedName = (provider: string, model: string) => `${provider || unknownProvider}${separator}${model}`

/** The reverse of `pricedName`; an unknown provider is empty. */
export function readPricedName(subject: string): { provider: string; model: string } {
  const at = subject.indexOf(separator)
  const provider = at < 0 ? '' : subject.slice(0, at)
  const model = at < 0 ? subject : subject.slice(at + separator.length)
  return { provider: provider === unknownProvider ? '' : provider, model }
}

const separator = ' / '
const unknownProvider = 'unknown provider'

/** Stands for subjects beyond what one flush tells apart. */
export const otherSubjects = 'other'
