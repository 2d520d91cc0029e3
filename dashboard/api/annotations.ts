/** Marks on time lines that people and programs make. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { annotationKinds, scopeLabels, type Annotation } from '../../records/annotation.ts'
import { isoTime } from '../../records/point-in-time.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../../storage/client.ts'
import {
  annotationById,
  annotationCount,
  annotationsOver,
  storeAnnotation,
  type StoredAnnotation,
} from '../../storage/queries/annotations.ts'
import { concerns } from '../../storage/queries/changes.ts'
import type { Filter } from '../../storage/queries/where.ts'
import { ApiError } from './errors.ts'
import { oneByOne } from './one-by-one.ts'

/** Seconds in place of milliseconds would lie long before any model was served. */
const earliest = Date.UTC(2000, 0, 1)
const latest = Date.UTC(2200, 0, 1)

const moment = z.union([z.number(), z.string()]).transform((said, context) => {
  const at = typeof said === 'number' ? said : isoTime(said)
  if (at >= earliest && at < latest) return Math.round(at)
  context.addIssue({ code: 'custom', message: 'expected epoch milliseconds, or ISO 8601 such as 2026-11-01T06:00:00Z' })
  return z.NEVER
})

const oneLine = (most: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(most)
    .regex(/^[^\r\n]*$/, 'must be one line')

const url = z
  .string()
  .trim()
  .max(2000)
  .refine((text) => text === '' || isWebAddress(text), 'expected an address that begins with http:// or https://')

const known: ReadonlySet<string> = new Set(scopeLabels)
const labels = z.record(z.string(), z.string().trim().min(1).max(200)).superRefine((all, context) => {
  const unknown = Object.keys(all).find((name) => !known.has(name))
  if (unknown === undefined) return
  const message = `"${unknown.slice(0, 60)}" is nothing that marks go by; known: ${scopeLabels.join(', ')}`
  context.addIssue({ code: 'custom', message })
})

/** What somebody says of a mark: at least its title. The same id again corrects it. */
export const annotationInput = z.strictObject({
  id: z
    .string()
    .regex(/^(?!\.{1,2}$)[\w.:-]{1,100}$/, 'expected letters, digits and . _ : -')
    .optional(),
  kind: z.enum(annotationKinds).default('note'),
  title: oneLine(200),
  text: z.string().trim().max(4000).default(''),
  timestamp: moment.optional(),
  end_timestamp: moment.nullable().default(null),
  labels: labels.default({}),
  url: url.default(''),
  created_by: oneLine(200).default('api'),
})
export type AnnotationInput = z.infer<typeof annotationInput>

/** Of a range, those that are about what the filter asks for, the latest first. */
export async function annotationsAbout(db: Db, filter: Filter, range: TimeRange): Promise<Annotation[]> {
  return (await annotationsOver(db, range)).filter(({ labels }) => concerns(labels, filter))
}

export interface Annotations {
  /** Throws ApiError 400 when it ends before it begins, 409 when there are as many as there may be. */
  save(input: AnnotationInput): Promise<Annotation>
  /** Throws ApiError 404 when there is none of that id. */
  remove(id: string): Promise<void>
  /** Puts back one that was removed, as it was. Throws ApiError 404 when there never was one of that id, 409 as `save` does. */
  restore(id: string): Promise<Annotation>
}

const mostAnnotations = 50_000

interface AnnotationsOptions {
  db: Db
  writer: Pick<Db, 'insert'>
  now: () => number
  most?: number
}

export function createAnnotations({ db, writer, now, most = mostAnnotations }: AnnotationsOptions): Annotations {
  const inTurn = oneByOne()

  // Above the one before, also when the clock was set back.
  const put = (annotation: Annotation, before: StoredAnnotation | null, deleted = false) =>
    storeAnnotation(writer, annotation, { version: Math.max(now() * 1000, (before?.version ?? 0) + 1), deleted })

  const makeSureOfRoom = async () => {
    if ((await annotationCount(db)) >= most)
      throw new ApiError(409, `${most} annotations are kept already`, 'Delete some that nobody needs')
  }

  return {
    save: ({ id = randomUUID(), timestamp: at, ...said }) =>
      inTurn(async () => {
        const before = await annotationById(db, id)
        const timestamp = at ?? (before && !before.deleted ? before.timestamp : now())
        if (said.end_timestamp !== null && said.end_timestamp <= timestamp)
          throw new ApiError(
            400,
            'end_timestamp: must be after timestamp',
            'Leave it out for a moment',
            'end_timestamp',
          )
        if (!before || before.deleted) await makeSureOfRoom()
        const annotation: Annotation = { ...said, id, timestamp }
        await put(annotation, before)
        return annotation
      }),
    remove: (id) =>
      inTurn(async () => {
        const before = await annotationById(db, id)
        if (!before || before.deleted)
          throw new ApiError(404, `There is no annotation ${id}`, 'It may have been deleted', 'id')
        await put(plain(before), before, true)
      }),
    restore: (id) =>
      inTurn(async () => {
        const before = await annotationById(db, id)
        if (!before) throw new ApiError(404, `There never was an annotation ${id}`, 'Make it anew', 'id')
        if (before.deleted) {
          await makeSureOfRoom()
          await put(plain(before), before)
        }
        return plain(before)
      }),
  }
}

function plain({ version: _version, deleted: _deleted, ...annotation }: StoredAnnotation): Annotation {
  return annotation
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text)
}
