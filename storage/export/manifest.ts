/** What a job has written, beside its files: readers find there what each holds, and the job where it goes on. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ExportError } from './error.ts'

const schema = z.object({
  /** Of the query and the columns: files of one schema share it. */
  id: z.string(),
  query: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string(), comment: z.string() })),
})

const exported = z.object({
  period: z.string(),
  /** The period, from … to before … */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** 1, and one more each time that rows changed afterwards. */
  version: z.number(),
  /** Null when the period has no rows. */
  file: z.string().nullable(),
  rows: z.number(),
  bytes: z.number(),
  sha256: z.string(),
  schema: z.string(),
  min_timestamp: z.string().nullable(),
  max_timestamp: z.string().nullable(),
  /** Changes when a row of the period is stored again or taken back. */
  fingerprint: z.string(),
  written_at: z.iso.datetime(),
})

const manifest = z.object({
  job: z.string(),
  partition: z.enum(['hour', 'day']),
  /** The first period that the schedule is to write. */
  begins: z.iso.datetime(),
  /** Changes of rows stored before this are in the files. */
  checked_until: z.iso.datetime(),
  schemas: z.array(schema),
  /** In order of their periods. */
  files: z.array(exported),
})

export type Manifest = z.infer<typeof manifest>
export type Exported = z.infer<typeof exported>
export type Schema = z.infer<typeof schema>

/** Throws ExportError when the text is something else, or of a job that cuts time otherwise. */
export function parseManifest(text: string, place: string, partition: Manifest['partition']): Manifest {
  const read = manifest.safeParse(jsonOf(text))
  if (!read.success) throw new ExportError(`${place} is no manifest of an export: move it away or name the job anew`)
  if (read.data.partition !== partition)
    throw new ExportError(
      `${place} is of files that cover one ${read.data.partition} each, and partition is ${partition}: name the job anew`,
    )
  return read.data
}

export const manifestText = (written: Manifest) => `${JSON.stringify(written, null, 1)}\n`

export function schemaOf(query: string, columns: Schema['columns']): Schema {
  const id = createHash('sha256')
    .update(JSON.stringify([query, columns]))
    .digest('hex')
    .slice(0, 12)
  return { id, query, columns }
}

/** With one more file, in place of an earlier one of its period. */
export function withFile(before: Manifest, file: Exported, of: Schema): Manifest {
  const files = before.files.filter(({ period }) => period !== file.period)
  const at = files.findLastIndex(({ period }) => period < file.period) + 1
  files.splice(at, 0, file)
  return withUsedSchemas({ ...before, schemas: [...before.schemas.filter(({ id }) => id !== of.id), of], files })
}

export function withoutFiles(before: Manifest, gone: ReadonlySet<string>): Manifest {
  return withUsedSchemas({ ...before, files: before.files.filter(({ period }) => !gone.has(period)) })
}

function withUsedSchemas(written: Manifest): Manifest {
  const used = new Set(written.files.map((file) => file.schema))
  return { ...written, schemas: written.schemas.filter(({ id }) => used.has(id)) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
