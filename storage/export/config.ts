/** What is exported, where to and how often. */
import { z } from 'zod'
import { durationMs, durationPattern } from '../../records/duration.ts'

const identifier = z.string().regex(/^[A-Za-z_]\w{0,127}$/, 'expected a name of letters, digits and underscores')
const duration = z.string().regex(durationPattern, 'expected a duration such as 15m, 2h or 400d')

/** `none` first: what every format knows. */
const compressions = {
  parquet: ['none', 'zstd', 'gzip', 'snappy', 'lz4'],
  csv: ['none', 'zstd', 'gzip'],
  jsonl: ['none', 'zstd', 'gzip'],
} as const

const bucket = z.strictObject({
  url: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^?#]*)?$/, 'expected s3://bucket or s3://bucket/prefix')
    .describe('Bucket, and what the names of its objects begin with'),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address of a store that is not AWS: https://minio.example.com:9000'),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'expected a region such as us-east-1')
    .default('us-east-1'),
  access_key_id: z.string().min(1),
  secret_access_key: z.string().min(1),
  session_token: z.string().min(1).optional().describe('Of temporary credentials, which end with it'),
})

const scalar = z.union([z.string(), z.number(), z.boolean()])

const exportJob = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'expected letters, digits, - and _')
      .describe('Folder of its files, below `to`'),
    table: identifier.optional().describe('Table or view to export; or `query`'),
    query: z
      .string()
      .min(1)
      .refine((sql) => /\{from:/.test(sql) && /\{to:/.test(sql), 'expected {from:DateTime64(3)} and {to:DateTime64(3)}')
      .optional()
      .describe('One SELECT; bound: {from:DateTime64(3)} and {to:DateTime64(3)}, the period. Or `table`'),
    time: identifier.default('timestamp').describe('Column that says which period a row belongs to'),
    columns: z.array(identifier).min(1).optional().describe('Default: all but those that hold content'),
    where: z
      .record(identifier, z.union([scalar, z.array(scalar).min(1)]))
      .optional()
      .describe('Rows whose columns have these values'),
    content: z.boolean().default(false).describe('Also prompts, answers and other text of users, as they are stored'),
    format: z.enum(['parquet', 'csv', 'jsonl']).default('parquet'),
    compression: z
      .enum(['none', 'zstd', 'gzip', 'snappy', 'lz4'])
      .optional()
      .describe('Default: zstd for Parquet, gzip for csv and jsonl'),
    to: z
      .union([
        z
          .string()
          .min(1)
          .regex(/^(?!\w+:\/\/)/, 'expected a folder, or an object with url'),
        bucket,
      ])
      .describe('A folder, or an S3-compatible bucket'),
    partition: z.enum(['hour', 'day']).default('day').describe('Time that one file covers, in UTC'),
    every: z.enum(['1h', '1d']).default('1h').describe('How often it looks for closed periods and changed rows'),
    delay: duration.default('15m').describe('Time after the end of a period in which late rows may still come'),
    keep: duration.optional().describe('Files of periods older than this are removed; default: never'),
  })
  .superRefine((job, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if ((job.table === undefined) === (job.query === undefined)) wrong('table', 'expected either table or query')
    if (job.query !== undefined && job.where !== undefined) wrong('where', 'belongs to table: put it into the query')
    const known: readonly string[] = compressions[job.format]
    if (job.compression !== undefined && !known.includes(job.compression))
      wrong('compression', `${job.format} can be ${known.join(', ')}`)
    if (job.keep !== undefined && durationMs(job.keep) < 86_400_000) wrong('keep', 'expected a day or more')
  })

export const exportConfig = z.strictObject({
  jobs: z
    .array(exportJob)
    .default([])
    .superRefine((jobs, context) => {
      for (const [index, { name }] of jobs.entries())
        if (jobs.findIndex((job) => job.name === name) !== index)
          context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is used twice` })
    })
    .describe('Each writes closed hours or days of a table to files'),
})

export type ExportConfig = z.infer<typeof exportConfig>
export type ExportJob = z.infer<typeof exportJob>
export type BucketConfig = z.infer<typeof bucket>
export type Compression = NonNullable<ExportJob['compression']>

/** With folders that start at `baseDir`. */
export function locateExports({ jobs }: ExportConfig, resolve: (folder: string) => string): ExportConfig {
  return { jobs: jobs.map((job) => (typeof job.to === 'string' ? { ...job, to: resolve(job.to) } : job)) }
}

export function compressionOf({ format, compression }: Pick<ExportJob, 'format' | 'compression'>): Compression {
  return compression ?? (format === 'parquet' ? 'zstd' : 'gzip')
}
