/** What of prompts and answers is stored: nothing, redacted, or all. Secrets in attributes are dropped in every mode. */
import { hash } from 'node:crypto'
import type { LlmRequest } from '../records/llm-request.ts'
import type { Attributes, AttributeValue, Span, SpanEvent } from '../records/span.ts'
import type { ContentMode } from './config.ts'
import { attributeClass, isContentEvent } from '../records/content-names.ts'
import { redactSecrets, redactText } from './redact/text.ts'

export interface Redactor {
  /** Redacts in place: a request belongs to whoever made it. */
  request(request: LlmRequest): void
  /** The span itself when nothing is to be changed, else a copy: maps may be shared. */
  span(span: Span): Span
}

/** Linear in the size of the content, whatever it holds. */
export function createRedactor(mode: ContentMode): Redactor {
  const content = contentOf(mode)
  const resources = new WeakMap<Attributes, Attributes>()
  const resource = (attributes: Attributes): Attributes => {
    let clean = resources.get(attributes)
    if (!clean) resources.set(attributes, (clean = cleaned(attributes, content)))
    return clean
  }
  return {
    request(request) {
      request.input = textOrNothing(content, request.input)
      request.output = textOrNothing(content, request.output)
      request.attributes = cleaned(request.attributes, content)
      request.api_key = nameOfKey(request.api_key)
    },
    span(span) {
      const attributes = cleaned(span.attributes, content)
      const resource_attributes = resource(span.resource_attributes)
      const events = cleanedEvents(span.events, content)
      const status_message = mode === 'full' ? span.status_message : redactSecrets(span.status_message)
      const same =
        attributes === span.attributes &&
        resource_attributes === span.resource_attributes &&
        events === span.events &&
        status_message === span.status_message
      return same ? span : { ...span, attributes, resource_attributes, events, status_message }
    },
  }
}

/** What becomes of content; undefined drops it. */
type Content = (value: string) => string | undefined

function contentOf(mode: ContentMode): Content {
  if (mode === 'off') return () => undefined
  return mode === 'full' ? (value) => value : remembering(redactText)
}

/** A span's attribute and its request's column hold the very same string: it is redacted once. */
function remembering(redact: (value: string) => string): Content {
  const values: string[] = []
  const results: string[] = []
  return (value) => {
    // Short ones cost less than the comparison could.
    if (value.length < 64) return redact(value)
    const at = values.indexOf(value)
    if (at !== -1) return results[at]
    values.unshift(value)
    results.unshift(redact(value))
    values.length = Math.min(values.length, 8)
    results.length = values.length
    return results[0]
  }
}

/** A name or a hash was asked for; of the key itself a hash is kept, which still tells keys apart. */
function nameOfKey(key: string): string {
  return key === '' || redactSecrets(key) === key ? key : `sha256:${hash('sha256', key).slice(0, 12)}`
}

function textOrNothing(content: Content, value: string): string {
  return value === '' ? '' : (content(value) ?? '')
}

/** The map itself when nothing in it is to be changed. */
function cleaned<T extends AttributeValue>(attributes: Map<string, T>, content: Content): Map<string, T> {
  let copy: Map<string, T> | null = null
  for (const [key, value] of attributes) {
    const kind = attributeClass(key)
    if (kind === 'plain') continue
    const clean = kind === 'secret' ? undefined : kind === 'content' ? deep(value, content) : deep(value, redactSecrets)
    if (clean === value) continue
    copy ??= new Map(attributes)
    if (clean === undefined) copy.delete(key)
    else copy.set(key, clean as T)
  }
  return copy ?? attributes
}

function cleanedEvents(events: SpanEvent[], content: Content): SpanEvent[] {
  if (events.length === 0) return events
  let changed = false
  const kept: SpanEvent[] = []
  for (const event of events) {
    const clean = isContentEvent(event.name) ? contentEvent(event, content) : cleanedEvent(event, content)
    if (clean !== event) changed = true
    if (clean) kept.push(clean)
  }
  return changed ? kept : events
}

function cleanedEvent(event: SpanEvent, content: Content): SpanEvent {
  const attributes = cleaned(event.attributes, content)
  return attributes === event.attributes ? event : { ...event, attributes }
}

/** Every attribute of a message event is content: when that is not stored, neither is the event. */
function contentEvent(event: SpanEvent, content: Content): SpanEvent | null {
  if (content('') === undefined) return null
  const attributes: Attributes = new Map()
  for (const [key, value] of event.attributes) {
    const clean = attributeClass(key) === 'secret' ? undefined : deep(value, content)
    if (clean !== undefined) attributes.set(key, clean)
  }
  return { ...event, attributes }
}

/** Strings inside lists and objects too. Null when every part of it is dropped. */
function deep(value: AttributeValue, content: Content): AttributeValue | undefined {
  if (typeof value === 'string') return content(value)
  if (content('') === undefined) return undefined
  if (Array.isArray(value)) return value.map((item) => deep(item, content) ?? null)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deep(item, content) ?? null]))
}
