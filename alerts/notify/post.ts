/** One request to a vendor: a time-out, no redirects, a capped answer, and no secret in any error. */
import { refuseReserved } from './address.ts'
import { DeliveryError } from './notifier.ts'

export interface Answer {
  status: number
  text: string
}

/** A text goes out as it is, as JSON; a form as multipart; anything else is made JSON. */
export type Post = (url: string, body: unknown, options?: PostDetails) => Promise<Answer>

export interface PostDetails {
  method?: 'POST' | 'PATCH' | 'GET'
  headers?: Record<string, string>
}

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
  return async (url, body, { method = 'POST', headers = {} } = {}) => {
    const host = hostOf(url)
    const timeout = AbortSignal.timeout(timeoutMs)
    let response: Response
    let text: string
    const ended = signal ? AbortSignal.any([signal, timeout]) : timeout
    try {
      await unlessAborted(ended, refuseReserved(url))
      response = await fetch(url, {
        method,
        headers: { ...(isJson(body) ? jsonHeaders : {}), 'user-agent': 'inferwatch', ...headers },
        ...(method === 'GET' ? {} : { body: wireBody(body) }),
        // A redirect would carry the message, and for some vendors the secret, to an address nobody configured.
        redirect: 'manual',
        signal: ended,
      })
      text = await readCapped(response)
    } catch (error) {
      if (error instanceof DeliveryError) throw error
      const why = timeout.aborted ? `no answer in ${timeoutMs / 1000} s` : signal?.aborted ? 'stopped' : reasonOf(error)
      throw new DeliveryError(redact(`${host}: ${why}`), { retryable: true })
    }
    if (response.ok) return { status: response.status, text }
    throw new DeliveryError(`${host} answered ${response.status} ${redact(text).slice(0, 300)}`.trimEnd(), {
      retryable: isRetryable(response.status),
      httpStatus: response.status,
      retryAfterMs: retryAfterMs(response.headers.get('retry-after'), now()),
    })
  }
}

/** What `work` gives, or a rejection as soon as the signal says so: for work that takes no signal. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(new Error('aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' }

const isJson = (body: unknown) => !(body instanceof FormData) && !(body instanceof Uint8Array)

function wireBody(body: unknown): string | FormData | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string' || body instanceof FormData) return body
  return body instanceof Uint8Array ? Uint8Array.from(body) : JSON.stringify(body)
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

/**
 * Every text of a channel's configuration that could be a secret, at any depth: its values, and the parts of its URLs.
 * `shown` names the keys that are none.
 */
export function secretsOf(config: Record<string, unknown>, shown: readonly string[] = []): string[] {
  const values = Object.entries(config).flatMap(([key, value]) =>
    key === 'type' || shown.includes(key) ? [] : textsOf(value),
  )
  // The parts too: `Bearer …` is answered without its first word.
  return [
    ...new Set(
      values.concat(
        values.flatMap((value) => value.split(/\s+/)),
        values.flatMap(urlParts),
      ),
    ),
  ]
    .filter((text) => text.length >= 6)
    .sort((a, b) => b.length - a.length)
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
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

export function redactor(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'address'
}

/** fetch says only "fetch failed"; the cause has the code. */
export function reasonOf(error: unknown): string {
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
