import { z } from 'zod'

const days = (defaultDays: number, what: string) =>
  z
    .number()
    .positive()
    .max(36_500)
    .default(defaultDays)
    .describe(`Days that ${what} are kept, counted from when a row was stored`)

export const clickhouseConfig = z.strictObject({
  url: z
    .union([z.literal('embedded'), z.url({ protocol: /^https?$/ })])
    .default('embedded')
    .describe('`embedded` runs the engine as a child process; an http(s) URL uses that ClickHouse server'),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/)
    .default('inferwatch')
    .describe('Database that holds every table'),
  username: z.string().default('default').describe('User on a ClickHouse server; not used with `embedded`'),
  password: z.string().default('').describe('Password on a ClickHouse server; not used with `embedded`'),
  cluster: z.string().nullable().default(null).describe('Cluster name for replicated and distributed tables'),
  memory_bytes: z.number().int().min(256e6).default(2e9).describe('Memory the embedded engine may use'),
})

export const retentionConfig = z.strictObject({
  requests_days: days(90, 'requests'),
  spans_days: days(14, 'spans and log events'),
  content_days: days(14, 'prompts and answers, at most as long as the rows that hold them,'),
  samples_days: days(30, 'GPU, server and other metric samples'),
  rollups_days: days(730, 'hourly and daily rollups'),
  events_days: days(400, 'alert events, notifications, ingest issues and target states'),
})

export type ClickhouseConfig = z.infer<typeof clickhouseConfig>
export type RetentionConfig = z.infer<typeof retentionConfig>
