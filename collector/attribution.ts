/**
 * Whom a call is charged to: user, team, feature and what else its spans say. Common names are read with every dialect;
 * here are the names that an operator configured, what a process says of all its calls, and what a span says of those below.
 */
import type { LlmRequest } from '../records/llm-request.ts'
import type { Attributes, Span } from '../records/span.ts'
import type { AttributionConfig } from './config.ts'
import { identifier } from './otlp/dialects/attributes.ts'
import { type CallContext, type ContextField, contextFields, contextOf } from './otlp/dialects/context.ts'

export { contextFields, type CallContext, type ContextField } from './otlp/dialects/context.ts'

export interface Attribution {
  /** What a span that is no call says of the calls below it; null when nothing (the usual case, cheap). */
  contextOf(span: Span): CallContext | null
  /** Configured names override what the dialect found; then what is still empty comes from the resource. */
  complete(span: Span, request: LlmRequest): void
}

/** `environment` and `service` are of a process, not of a call: they are not inherited. */
type Field = keyof AttributionConfig

/** Names as configured: a span's attribute, `baggage.<key>` as clients copy it onto spans, or `resource.<name>`. */
interface Source {
  field: Field
  names: readonly Name[]
}
type Name = { resource: boolean; name: string }

export function createAttribution(config: AttributionConfig): Attribution {
  const sources: Source[] = (Object.keys(config) as Field[])
    .filter((field) => config[field].length > 0)
    .map((field) => ({ field, names: config[field].flatMap(namesOf) }))
  const inherited = sources.filter(({ field }) => isContextField(field))

  return {
    contextOf(span) {
      const context = contextOf(span.attributes)
      if (inherited.length === 0) return context
      const configured: CallContext = { ...context }
      for (const { field, names } of inherited) {
        // A resource is its call's too, and read there.
        const value = valueOf(span, names, false)
        if (value !== '') configured[field as ContextField] = value
      }
      return Object.keys(configured).length === 0 ? null : configured
    },

    complete(span, request) {
      for (const { field, names } of sources) {
        const value = valueOf(span, names, true)
        if (value !== '') request[field] = value
      }
      if (request.environment === '') request.environment = identifier(span.attributes, environments)
      const { fields, version } = processOf(span.resource_attributes)
      for (const [field, value] of fields) if (request[field] === '') request[field] = value
      if (version !== '') request.attributes.set('service.version', version)
    },
  }
}

function namesOf(configured: string): Name[] {
  if (configured.startsWith('resource.')) return [{ resource: true, name: configured.slice('resource.'.length) }]
  if (!configured.startsWith('baggage.')) return [{ resource: false, name: configured }]
  // OpenTelemetry's baggage processors copy the key as it is.
  return [configured, configured.slice('baggage.'.length)].map((name) => ({ resource: false, name }))
}

function valueOf(span: Span, names: readonly Name[], withResource: boolean): string {
  for (const { resource, name } of names) {
    if (resource && !withResource) continue
    const value = identifier(resource ? span.resource_attributes : span.attributes, [name])
    if (value !== '') return value
  }
  return ''
}

function isContextField(field: Field): field is ContextField {
  return (contextFields as readonly string[]).includes(field)
}

const environments = ['deployment.environment.name', 'deployment.environment', 'langfuse.environment']

/** What a process says of all its calls. Only names that are sure to mean it: a region is also the region of a host. */
const processNames = {
  team: ['inferwatch.team', 'team', 'service.team', 'team.name'],
  feature: ['inferwatch.feature'],
  variant: ['inferwatch.variant'],
  endpoint: ['inferwatch.endpoint'],
  region: ['inferwatch.region', 'cloud.region'],
  user_id: ['inferwatch.user_id'],
} as const
type ProcessField = keyof typeof processNames

interface Process {
  fields: readonly (readonly [ProcessField, string])[]
  version: string
}

/** A batch shares one resource among its spans: it is read once. */
const known = new WeakMap<Attributes, Process>()

function processOf(resource: Attributes): Process {
  let process = known.get(resource)
  if (!process) known.set(resource, (process = readProcess(resource)))
  return process
}

function readProcess(resource: Attributes): Process {
  const fields = (Object.keys(processNames) as ProcessField[])
    .map((field) => [field, identifier(resource, processNames[field])] as const)
    .filter(([, value]) => value !== '')
  return { fields, version: identifier(resource, ['service.version']) }
}
