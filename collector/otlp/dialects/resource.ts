/** What a whole process says about its requests: resource attributes, read once per resource. */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Attributes, Span } from '../../../records/span.ts'
import { identifier } from './attributes.ts'

const fields = {
  team: ['inferwatch.team', 'team', 'service.team'],
  feature: ['inferwatch.feature'],
  variant: ['inferwatch.variant'],
  region: ['inferwatch.region', 'cloud.region'],
} as const
type Field = keyof typeof fields

const known = new WeakMap<Attributes, readonly (readonly [Field, string])[]>()

/** Fills what the span itself left empty. */
export function readResource(span: Span, request: LlmRequest): void {
  let values = known.get(span.resource_attributes)
  if (!values) {
    values = read(span.resource_attributes)
    known.set(span.resource_attributes, values)
  }
  for (const [field, value] of values) if (request[field] === '') request[field] = value
}

function read(resource: Attributes): readonly (readonly [Field, string])[] {
  return (Object.keys(fields) as Field[])
    .map((field) => [field, identifier(resource, fields[field])] as const)
    .filter(([, value]) => value !== '')
}
