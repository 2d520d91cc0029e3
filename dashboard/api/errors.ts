/** What the API answers when it cannot answer: `{ error: { message, field?, hint, at? } }`. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Logger } from 'pino'
import { StorageError } from '../../storage/client.ts'

export interface ErrorBody {
  error: { message: string; field?: string; hint: string; at?: TextSpan }
}

/** Offsets into a text that was sent. */
export interface TextSpan {
  from: number
  to: number
}

/** An expected failure, with its status and what to do about it. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode
  readonly hint: string
  readonly field: string | undefined
  /** Where in the text of that field. */
  at: TextSpan | undefined
  constructor(status: ContentfulStatusCode, message: string, hint: string, field?: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.hint = hint
    this.field = field
  }
}

/** Every thrown thing as JSON. What is not an ApiError came from the database or from a bug, and is logged. */
export function answerError(log: Logger) {
  return (error: Error, c: Context): Response => {
    const known = error instanceof ApiError ? error : fromStorage(error)
    if (!(error instanceof ApiError)) log.warn({ err: error, path: c.req.path }, 'api request failed')
    // What was not read of a body still comes: a connection that is used again would break under the next request.
    if (known.status === 413) c.header('connection', 'close')
    return c.json<ErrorBody>(errorBody(known), known.status)
  }
}

export function errorBody(error: ApiError): ErrorBody {
  const { message, hint, field, at } = error
  return { error: { message, hint, ...(field !== undefined && { field }), ...(at !== undefined && { at }) } }
}

function fromStorage(error: Error): ApiError {
  const text = error.message.split('\n')[0]?.slice(0, 300) ?? ''
  if (/TIMEOUT_EXCEEDED|Timeout exceeded|timed out/i.test(text)) {
    return new ApiError(504, `The query took too long: ${text}`, 'Choose a shorter time range or add a filter')
  }
  if (error instanceof StorageError && error.retryable) {
    return new ApiError(503, 'The database does not answer', `It restarts by itself; /readyz says how it is. ${text}`)
  }
  return new ApiError(500, `The query failed: ${text}`, 'Retry; the log of inferwatch has the whole error')
}
