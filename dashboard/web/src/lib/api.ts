/** The API as the server's own types describe it. */
import { hc } from 'hono/client'
import type { AppType } from '../../../api/app.ts'
import { fetchOrFirst } from './first.ts'

export const { api } = hc<AppType>('/', {
  fetch: (input: RequestInfo | URL, init?: RequestInit) =>
    typeof input === 'string' ? fetchOrFirst(input, init) : fetch(input, init),
})

/** What the API said went wrong, or that it could not be reached. */
export class ApiFailure extends Error {
  readonly hint: string
  /** 0 when there was no answer. */
  readonly status: number
  /** Where in the text that was sent, when it is about one. */
  readonly at: TextSpan | null
  /** What of the question was wrong: `range`, `params.team`; empty when nothing of it. */
  readonly field: string
  constructor(message: string, hint: string, status: number, at: TextSpan | null = null, field = '') {
    super(message)
    this.name = 'ApiFailure'
    this.hint = hint
    this.status = status
    this.at = at
    this.field = field
  }
}

/** Offsets into a text. */
export interface TextSpan {
  from: number
  to: number
}

interface JsonResponse<T> extends AnyResponse {
  json(): Promise<T>
}

interface AnyResponse {
  ok: boolean
  status: number
  json(): Promise<unknown>
}

/** The body of an answer; rejects with an ApiFailure that says what and what to do. */
export async function read<T>(asked: Promise<JsonResponse<T>>): Promise<T> {
  return (await answered(asked)).json()
}

/** An answer that is none of failure, whatever its body. */
export async function answered<R extends AnyResponse>(asked: Promise<R>): Promise<R> {
  let response: R
  try {
    response = await asked
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiFailure('Inferwatch does not answer', 'Is the process still running?', 0)
  }
  if (response.ok) return response
  const body = (await response.json().catch(() => null)) as { error?: Partial<ApiFailure> } | null
  const {
    message = `The server answered ${response.status}`,
    hint = 'Retry in a moment',
    at = null,
    field = '',
  } = body?.error ?? {}
  throw new ApiFailure(message, hint, response.status, at, field)
}
