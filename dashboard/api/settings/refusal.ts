import { Refused } from '../../../records/refused.ts'
import { ApiError } from '../errors.ts'

const statuses = { invalid: 400, conflict: 409, missing: 404 } as const

/** What cannot be done is an answer that names the field. */
export function refusable<T>(work: () => T, hint: string): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    throw new ApiError(statuses[error.why], `${error.field}: ${error.message}`, hint, error.field)
  }
}
