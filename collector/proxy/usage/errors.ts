/** What vendors' error answers say, whatever their shape: its kind, as short as they have it, and its message. */
import type { IncomingHttpHeaders } from 'node:http'
import { at, textAt } from './json.ts'

export interface VendorError {
  type: string
  message: string
}

/** Kinds are words: what is longer or has spaces is a sentence. */
const word = /^[\w.:/#-]{1,100}$/

export function errorOf(answer: unknown, headers: IncomingHttpHeaders): VendorError {
  // Google's streams answer with a list.
  const body = Array.isArray(answer) ? (answer[0] as unknown) : answer
  const error = at(body, 'error') ?? at(body, 'detail')
  const amazon = textAt(headers, 'x-amzn-errortype') || textAt(body, '__type')
  const type = [
    // The more particular first: OpenAI's code, Google's status, the type that Anthropic, OpenAI and vLLM have.
    textAt(error, 'code'),
    textAt(error, 'status'),
    textAt(error, 'type'),
    textAt(body, 'error_type'),
    textAt(body, 'code'),
    amazon.split(':')[0]?.split('#').at(-1) ?? '',
    textAt(body, 'type'),
    textAt(body, 'object'),
  ].find((name) => word.test(name) && name !== 'error' && !/^\d+$/.test(name))
  const message = [
    textAt(error, 'message'),
    typeof error === 'string' ? error : '',
    textAt(body, 'message'),
    textAt(body, 'Message'),
  ].find((text) => text !== '')
  return { type: type ?? '', message: (message ?? '').slice(0, 1_000) }
}
