/** What of prompts and answers is stored, per endpoint: nothing, redacted, or all. Secrets in attributes are dropped in every mode. */
import { hash } from 'node:crypto'
import { attributeClass } from '../records/content-names.ts'
import type { LlmRequest } from '../records/llm-request.ts'
import type { AttributeValue, Span } from '../records/span.ts'
import { contentModes, contentSettings, type ContentConfig, type ContentMode, type EndpointConfig } from './config.ts'
import { cut } from './redact/cut.ts'
import { compilePattern, withoutPatterns } from './redact/patterns.ts'
import { createPolicy, type Policy } from './redact/policy.ts'
import { redactSecrets } from './redact/secrets.ts'
import { textRedactor } from './redact/text.ts'

/**
 * Each method goes by the endpoint that was called. '' is a call or a span of which none is known: since it may repeat
 * what some endpoint was asked, it gets the strictest mode of all, unless `content.other_spans` names another.
 */
export interface Redactor {
  /** Redacts in place, by the request's own endpoint: a request belongs to whoever made it. */
  request(request: LlmRequest): void
  /** The span itself when nothing is to be changed, else a copy: maps may be shared. */
  span(span: Span, endpoint: string): Span
  /** A content text; '' when none is stored. */
  text(value: string, endpoint: string): string
  /** The map itself when nothing in it is to be changed. Of a message every attribute is content. */
  attributes<T extends AttributeValue>(
    attributes: Map<string, T>,
    endpoint: string,
    of?: 'message' | 'other',
  ): Map<string, T>
}

/** Linear in the size of the content, whatever it holds. `onCut` hears the size of each content above `content.max_bytes`. */
export function createRedactor(
  content: ContentConfig,
  endpoints: readonly Pick<EndpointConfig, 'name' | 'content'>[] = [],
  onCut: (bytes: number) => void = () => undefined,
): Redactor {
  const { mode, max_bytes, patterns: sources, other_spans } = contentSettings(content)
  const modes = new Map(endpoints.map(({ name, content = mode }) => [name, content]))
  modes.set('', other_spans ?? strictest([mode, ...modes.values()]))

  const shorten = (text: string) => {
    const short = cut(text, max_bytes)
    if (short !== text) onCut(Buffer.byteLength(text))
    return short
  }
  const patterns = sources.map(compilePattern)
  const redact = textRedactor(patterns)
  const quoted = (text: string) => withoutPatterns(redactSecrets(text), patterns)
  const policies: Record<ContentMode, Policy> = {
    off: createPolicy({ content: null, quoted }),
    // Short ones cost less than the comparison could.
    redacted: createPolicy({ content: remembering((text) => shorten(redact(text)), 64), shorten, quoted }),
    full: createPolicy({ content: remembering(shorten, max_bytes / 3), shorten, quoted: redactSecrets }),
  }
  const policyOf = (endpoint: string) => policies[modes.get(endpoint) ?? mode]
  return {
    request(request) {
      const policy = policyOf(request.endpoint)
      request.input = policy.text(request.input)
      request.output = policy.text(request.output)
      request.attributes = withoutContent(policy.attributes(request.attributes))
      request.api_key = nameOfKey(request.api_key)
    },
    span: (span, endpoint) => policyOf(endpoint).span(span),
    text: (value, endpoint) => policyOf(endpoint).text(value),
    attributes: (attributes, endpoint, of = 'other') =>
      of === 'message' ? policyOf(endpoint).message(attributes) : policyOf(endpoint).attributes(attributes),
  }
}

function strictest(modes: readonly ContentMode[]): ContentMode {
  return contentModes.find((mode) => modes.includes(mode)) ?? 'off'
}

/** A span's attribute and its request's column hold the very same string: it is worked on once. */
function remembering(change: (value: string) => string, leastLength: number): (value: string) => string {
  const values: string[] = []
  const results: string[] = []
  return (value) => {
    if (value.length < leastLength) return change(value)
    const at = values.indexOf(value)
    if (at !== -1) return results[at] as string
    const result = change(value)
    values.unshift(value)
    results.unshift(result)
    values.length = Math.min(values.length, 8)
    results.length = values.length
    return result
  }
}

/** What they say stands in input and output, which are kept for a shorter time. */
function withoutContent(attributes: Map<string, string>): Map<string, string> {
  const names = [...attributes.keys()].filter((name) => attributeClass(name) === 'content')
  if (names.length === 0) return attributes
  const kept = new Map(attributes)
  for (const name of names) kept.delete(name)
  return kept
}

/** A name or a hash was asked for; of the key itself a hash is kept, which still tells keys apart. */
function nameOfKey(key: string): string {
  return key === '' || redactSecrets(key) === key ? key : `sha256:${hash('sha256', key).slice(0, 12)}`
}
