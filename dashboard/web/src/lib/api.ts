/** The API as the server's own types describe it. */
import { hc } from 'hono/client'
import type { AppType } from '../../../api/app.ts'

export const { api } = hc<AppType>('/')

/** What the API said went wrong, or that it could not be reached. */
export class ApiFailure extends Error {
  readonly hint: string
  /** 0 when there was no answer. */
  readonly status: number
  constructor(message: string, hint: string, status: number) {
    super(message)
    this.name = 'ApiFailure'
    this.hint = hint
    this.status = status
  }
}

interface JsonResponse<T> {
  ok: boolean
  status: number
  json(): Promise<T>
}

/** The body of an answer; rejects with an ApiFailure that says what and what to do. */
export async function read<T>(asked: Promise<JsonResponse<T>>): Promise<T> {
  let response: JsonResponse<T>
  try {
    response = await asked
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiFailure('Inferwatch does not answer', 'Is the process still running?', 0)
  }
  if (response.ok) return response.json()
  const body = (await response.json().catch(() => null)) as { error?: { message?: string; hint?: string } } | null
  const message = body?.error?.message ?? `The server answered ${response.status}`
  throw new ApiFailure(message, body?.error?.hint ?? 'Retry in a moment', response.status)
}
