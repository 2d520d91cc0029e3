import { z } from 'zod'
import { durationMs } from '../../records/duration.ts'
import { probeTypes } from '../../records/probe.ts'
import { duration, headers } from '../config-values.ts'

const leastIntervalMs = 1_000

const status = z.number().int().min(100).max(599)

export const probeConfig = z
  .strictObject({
    name: z.string().min(1).optional().describe('Shown as the name of the probe; its type unless given'),
    type: z
      .enum(probeTypes)
      .default('completion')
      .describe('completion: one real, tiny model call, priced; http: any request, such as a health check'),
    interval: duration.default('1m').describe('Time between two probes'),
    timeout: duration.default('30s').describe('A probe that takes longer has failed'),
    model: z.string().min(1).optional().describe('Model that a completion asks for'),
    prompt: z.string().min(1).default('Answer with the word ok.').describe('What a completion asks'),
    max_tokens: z.number().int().positive().default(8).describe('Tokens that a completion may answer with'),
    method: z
      .string()
      .regex(/^[A-Z]+$/, 'expected a method such as GET')
      .optional(),
    path: z
      .string()
      .regex(/^\//, 'expected a path below the endpoint’s upstream, such as /health')
      .optional()
      .describe('Below the upstream; that of its kind for completions, / for http, unless given'),
    headers: headers.default({}).describe('Sent besides the usual ones; ${ENV} for secrets'),
    body: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Fields of the JSON body: over those of the endpoint’s kind, which null takes away'),
    expect_status: z
      .union([status, z.array(status).min(1)])
      .optional()
      .describe('Status of a good answer; any from 200 to 299 unless given'),
    expect_text: z.string().min(1).optional().describe('What a good answer contains'),
  })
  .superRefine((probe, context) => {
    const wrong = (key: keyof typeof probe, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message })
    if (durationMs(probe.interval) < leastIntervalMs) wrong('interval', 'must be at least 1s: every probe is paid for')
    if (durationMs(probe.timeout) > durationMs(probe.interval)) wrong('timeout', 'must not be longer than the interval')
  })

export type ProbeConfig = z.infer<typeof probeConfig>
