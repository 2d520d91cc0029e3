/** What `inferwatch annotate` does: one mark on time lines, from a shell or a pipeline that has no key. */
import { userInfo } from 'node:os'
import { scopeLabels, type Annotation, type ScopeLabel } from '../../records/annotation.ts'
import { momentOf } from '../../records/point-in-time.ts'
import type { Db } from '../../storage/client.ts'
import { annotationInput, createAnnotations } from './annotations.ts'

export type AnnotateFlags = {
  kind: string
  text?: string
  at?: string
  until?: string
  url?: string
  id?: string
  by?: string
} & { [Label in ScopeLabel]?: string }

/** Something that the command was given cannot be; the message names it. */
export class AnnotateError extends Error {
  override name = 'AnnotateError'
}

/** Stores it, and returns what to print. Throws AnnotateError before anything is stored, and ApiError. */
export async function annotateCommand(title: string, flags: AnnotateFlags, db: Db, now = Date.now()): Promise<string> {
  const { kind, text, url, id, by = userInfo().username } = flags
  const input = annotationInput.safeParse({
    title,
    kind,
    text,
    url,
    id,
    created_by: by,
    timestamp: moment('--at', flags.at, now),
    end_timestamp: moment('--until', flags.until, now) ?? null,
    labels: Object.fromEntries(scopeLabels.flatMap((name) => (flags[name] ? [[name, flags[name]]] : []))),
  })
  if (!input.success) {
    const [issue] = input.error.issues
    throw new AnnotateError(`${issue?.path.join('.')}: ${issue?.message}`)
  }
  const stored = await createAnnotations({ db, writer: db, now: () => now }).save(input.data)
  return `${stored.id}: ${describe(stored)}`
}

function describe({ kind, title, timestamp, labels }: Annotation): string {
  const scope = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [kind, JSON.stringify(title), 'at', new Date(timestamp).toISOString(), ...scope].join(' ')
}

function moment(option: string, text: string | undefined, now: number): number | undefined {
  return text === undefined ? undefined : momentOf(option, text, now, AnnotateError)
}
