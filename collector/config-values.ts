/** Kinds of values that several parts of the configuration have. */
import { z } from 'zod'
import { durationPattern } from '../records/duration.ts'

export const duration = z
  .string()
  .regex(durationPattern, 'expected a duration such as 500ms, 10s, 5m, 2h or 1d')
  .describe('A duration: 500ms, 10s, 5m, 2h, 1d')

export const labels = z.record(z.string(), z.string())
