/** What becomes of spans and attributes in one content mode. */
import { attributeClass, isContentEvent } from '../../records/content-names.ts'
import type { Attributes, AttributeValue, Span, SpanEvent } from '../../records/span.ts'
import { attributeText } from '../../storage/column-kinds.ts'

export interface Rules {
  /** What is stored of a content text; null: nothing is. */
  content: ((text: string) => string) | null
  /** The same text when it is short enough; for lists and objects, whose texts may all be short. */
  shorten?: (text: string) => string
  /** What is stored of prose and addresses, which may quote a credential. */
  quoted: (text: string) => string
}

export interface Policy {
  text(value: string): string
  /** These give back what they got when nothing in it is to be changed, else a copy. */
  attributes<T extends AttributeValue>(attributes: Map<string, T>): Map<string, T>
  message<T extends AttributeValue>(attributes: Map<string, T>): Map<string, T>
  span(span: Span): Span
}

/** The credentials among attributes are dropped, whatever the rules are. */
export function createPolicy({ content, shorten = (text) => text, quoted }: Rules): Policy {
  /** Undefined: it is dropped. */
  const cleanContent = (value: AttributeValue): AttributeValue | undefined => {
    if (!content) return undefined
    if (typeof value === 'string') return content(value)
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    const clean = deep(value, content)
    const text = attributeText(clean)
    const short = shorten(text)
    return short === text ? clean : short
  }

  function cleaned<T extends AttributeValue>(attributes: Map<string, T>, others: 'content' | 'plain'): Map<string, T> {
    let copy: Map<string, T> | null = null
    for (const [key, value] of attributes) {
      const known = attributeClass(key)
      const kind = known === 'plain' || (known === 'message' && others === 'content') ? others : known
      if (kind === 'plain') continue
      const clean = kind === 'secret' ? undefined : kind === 'content' ? cleanContent(value) : deep(value, quoted)
      if (clean === value) continue
      copy ??= new Map(attributes)
      if (clean === undefined) copy.delete(key)
      else copy.set(key, clean as T)
    }
    return copy ?? attributes
  }

  function event(event: SpanEvent): SpanEvent | null {
    const isContent = isContentEvent(event.name)
    // Every attribute of a message is content: when that is not stored, neither is the event.
    if (isContent && !content) return null
    const attributes = cleaned(event.attributes, isContent ? 'content' : 'plain')
    return attributes === event.attributes ? event : { ...event, attributes }
  }

  function events(given: SpanEvent[]): SpanEvent[] {
    const kept = given.map(event)
    return kept.every((clean, index) => clean === given[index]) ? given : kept.filter((clean) => clean !== null)
  }

  const resources = new WeakMap<Attributes, Attributes>()
  function resource(attributes: Attributes): Attributes {
    let clean = resources.get(attributes)
    if (!clean) resources.set(attributes, (clean = cleaned(attributes, 'plain')))
    return clean
  }

  return {
    text: (value) => (value === '' || !content ? '' : content(value)),
    attributes: (attributes) => cleaned(attributes, 'plain'),
    message: (attributes) => cleaned(attributes, 'content'),
    span(span) {
      const clean = {
        attributes: cleaned(span.attributes, 'plain'),
        resource_attributes: resource(span.resource_attributes),
        events: span.events.length === 0 ? span.events : events(span.events),
        status_message: span.status_message === '' ? '' : quoted(span.status_message),
      }
      const same =
        clean.attributes === span.attributes &&
        clean.resource_attributes === span.resource_attributes &&
        clean.events === span.events &&
        clean.status_message === span.status_message
      return same ? span : { ...span, ...clean }
    },
  }
}

/** Strings inside lists and objects too, and the names of objects' fields. */
function deep(value: AttributeValue, change: (text: string) => string): AttributeValue {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => deep(item, change))
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      change(key),
      attributeClass(key) === 'secret' ? hidden(item, change) : deep(item, change),
    ]),
  )
}

/** A credential in an object goes, but for the place where it stood. */
function hidden(value: AttributeValue, change: (text: string) => string): AttributeValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? '[key]'
    : deep(value, change)
}
