/** Kinds of values that several parts of the configuration have. */
import { z } from 'zod'
import { durationPattern } from '../records/duration.ts'

const aDuration = 'expected a duration such as 500ms, 10s, 5m, 2h or 1d'

export const duration = z
  .string(aDuration)
  .regex(durationPattern, aDuration)
  .describe('A duration: 500ms, 10s, 5m, 2h, 1d')

/** Of HTTP requests: what is no header would only be found out when it is sent. */
export const headers = z.record(
  z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected a header name'),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected a header value on one line'),
)

export const labels = z.record(z.string(), z.string())

/** Half-open where it ends something: that moment itself is no longer in it. */
export const moment = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/,
    'expected a date such as 2026-11-01, or a time with its zone such as 2026-11-01T06:00:00Z',
  )
  .refine((text) => !Number.isNaN(Date.parse(text)), 'there is no such day')
