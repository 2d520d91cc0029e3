import { z } from 'zod'
import { ownUsers } from './embedded/users.ts'
import { urlProblems } from './server-url.ts'

const days = (defaultDays: number, what: string) =>
  z
    .number()
    .positive()
    .max(36_500)
    .default(defaultDays)
    .describe(`Days that ${what} are kept, counted from when a row was stored`)

const most = (what: string) => z.number().int().positive().optional().describe(what)

const clickhouseUserConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.@-]{0,62}$/, 'expected letters, digits, _ . @ and -')
    .refine((name) => !(ownUsers as readonly string[]).includes(name), `${ownUsers.join(', ')} are there already`)
    .describe('Name to log in with'),
  password_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'expected the 64 hex digits of `printf %s "$PASSWORD" | sha256sum`')
    .toLowerCase()
    .describe('SHA-256 of the password, hex: the password itself is written nowhere'),
  role: z
    .enum(['reader', 'writer'])
    .default('reader')
    .describe('`reader` may SELECT the tables of this database; `writer` may do anything'),
  limits: z
    .strictObject({
      max_execution_time: z.number().positive().max(3600).optional().describe('Seconds that a query may run; 30'),
      max_memory_usage: most('Bytes of memory of a query; half of the engine’s'),
      max_rows_to_read: most('Rows that a query may read'),
      max_result_rows: most('Rows of a result; 1,000,000'),
      max_result_bytes: most('Bytes of a result; 256 MiB'),
      max_concurrent_queries: z
        .number()
        .int()
        .min(1)
        .max(8)
        .optional()
        .describe('Queries that run at once, 4; others wait for their turn'),
    })
    .prefault({})
    .describe('Of each query: it fails when it would need more'),
  quota: z
    .strictObject({
      queries_per_hour: most('Queries'),
      read_rows_per_hour: most('Rows read'),
      execution_time_per_hour: z.number().positive().optional().describe('Seconds of running queries'),
    })
    .prefault({})
    .describe('Of all queries of a clock hour'),
})

export const clickhouseConfig = z.strictObject({
  url: z
    .union([z.literal('embedded'), z.url({ protocol: /^https?$/ })])
    .superRefine((url, context) => {
      if (url === 'embedded') return
      for (const message of urlProblems(url)) context.addIssue({ code: 'custom', message })
    })
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
  users: z
    .array(clickhouseUserConfig)
    .default([])
    .superRefine((users, context) => {
      const names = users.map(({ name }) => name)
      for (const [index, name] of names.entries())
        if (names.indexOf(name) !== index)
          context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is used twice` })
    })
    .describe('Who may ask in SQL besides `reader` and `writer`; on a server these users are created there'),
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
