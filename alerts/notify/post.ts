/** One POST of JSON to a vendor: a time-out, no redirects, a capped answer, and no secret in any error. */
import { DeliveryError } from './notifier.ts'

export interface Answer {
  status: number
  text: string
}

export type Post = (url: string, body: unknown) => Promise<Answer>

export interface PostOptions {
  fetch: typeof fetch
  /** Ends the attempt, as at shutdown. */
  signal?: AbortSignal
  /** Epoch ms, to read a Retry-After that is a date. */
  now: () => number
  /** Texts that no error may show; `secretsOf(config)`. */
  secrets: readonly string[]
  timeoutMs?: number
}

const answerLimitBytes = 64 * 1024

export function createPost({ fetch, signal, now, secrets, timeoutMs = 10_000 }: PostOptions): Post {
  const redact = redactor(secrets)
  return async (url, body) => {
    const host = hostOf(url)
    const timeout = AbortSignal.timeout(timeoutMs)
    let response: Response
    let text: string
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'inferwatch' },
        body: JSON.stringify(body),
        // A redirect would carry the message, and for some vendors the secret, to an address nobody configured.
        redirect: 'manual',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      })
      text = await readCapped(response)
    } catch (error) {
      const why = timeout.aborted ? `no answer in ${timeoutMs / 1000} s` : signal?.aborted ? 'stopped' : reasonOf(error)
      throw new DeliveryError(redact(`${host}: ${why}`), { retryable: true })
    }
    if (response.ok) return { status: response.status, text }
    throw new DeliveryError(redact(`${host} answered ${response.status} ${text.slice(0, 300)}`.trimEnd()), {
      retryable: isRetryable(response.status),
      httpStatus: response.status,
      retryAfterMs: retryAfterMs(response.headers.get('retry-after'), now()),
    })
  }
}

const isRetryable = (status: number) => status === 408 || status === 425 || status === 429 || status >= 500

/** Milliseconds of a Retry-After header, seconds or an HTTP date; null when absent or unreadable. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null
  const text = header.trim()
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? null : Math.max(date - now, 0)
}

/** Every text of a channel's configuration that could be a secret: its values, and the parts of its URLs. */
export function secretsOf(config: Record<string, unknown>): string[] {
  const values = Object.entries(config)
    .filter(([key, value]) => key !== 'type' && typeof value === 'string')
    .map(([, value]) => value as string)
  return [...new Set(values.concat(values.flatMap(urlParts)))]
    .filter((text) => text.length >= 6)
    .sort((a, b) => b.length - a.length)
}

function urlParts(value: string): string[] {
  if (!URL.canParse(value)) return []
  const { pathname, search, searchParams, username, password } = new URL(value)
  const encoded = [pathname, search, ...pathname.split('/'), ...searchParams.values(), username, password]
  return encoded.flatMap((part) => [part, decode(part)])
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function redactor(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'address'
}

/** fetch says only "fetch failed"; the cause has the code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error.message
}

async function readCapped(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > answerLimitBytes) break
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}
