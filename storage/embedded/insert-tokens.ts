/**
 * The engine notes the token of an insert before the part that it wrote has its name. Killed in between, it knows the
 * token but not the rows, and takes the same insert, sent again, for done. So at its start, before anything is inserted,
 * tokens whose part is not there are taken back: the insert that comes again then inserts.
 */
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const logs = 'deduplication_logs'
/** As many as can have been in flight, and more. */
const newest = 100
const added = '1'
const dropped = '2'

interface Note {
  operation: string
  part: string
  token: string
}

export interface UnfinishedInserts {
  /** UUID of their table. */
  table: string
  count: number
  /** The table must not be open meanwhile: it has read its tokens. */
  forget(): void
}

/** Of every table below `store`, which this process holds; only before the first insert. */
export function unfinishedInserts(store: string): UnfinishedInserts[] {
  // store/32e/32ebb068-…: the first three digits of the table's UUID, then all of it.
  return entries(join(store, 'store')).flatMap((group) =>
    entries(join(store, 'store', group)).flatMap(
      (table) => unfinishedOf(join(store, 'store', group, table), table) ?? [],
    ),
  )
}

function unfinishedOf(directory: string, table: string): UnfinishedInserts | null {
  const numberOf = (name: string) => Number(/^deduplication_log_(\d+)\.txt$/.exec(name)?.[1] ?? NaN)
  const files = entries(join(directory, logs))
    .filter((name) => numberOf(name) >= 0)
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map((name) => join(directory, logs, name))
  const last = files.at(-1)
  if (last === undefined) return null
  // The newest file has just been begun when the one before it was full.
  const notes = files.slice(-2).flatMap((path) => notesOf(wholeLines(path)))
  const unfinished = withoutParts(notes.slice(-newest), entries(directory))
  const whole = wholeLines(last)
  const torn = whole.length < readFileSync(last).length
  if (unfinished.length === 0 && !torn) return null
  return {
    table,
    count: unfinished.length,
    forget() {
      // A line that a full disk left half written would make the next one unreadable, and all after it.
      if (torn) truncateSync(last, whole.length)
      append(last, unfinished.map(({ part, token }) => `${dropped}\t${part}\t${token}\n`).join(''))
    },
  }
}

function wholeLines(path: string): string {
  const text = readFileSync(path, 'latin1')
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

function notesOf(lines: string): Note[] {
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [operation = '', part = '', token = ''] = line.split('\t')
      return { operation, part, token }
    })
}

/** Tokens that are noted and whose part is neither there nor in a part that it was merged into. */
function withoutParts(notes: readonly Note[], names: readonly string[]): Note[] {
  const noted = new Map<string, Note>()
  for (const note of notes) {
    if (note.operation === added) noted.set(note.token, note)
    else noted.delete(note.token)
  }
  const parts = names.map(partRange).filter((range) => range !== null)
  return [...noted.values()].filter(({ part }) => {
    const wanted = partRange(part)
    if (!wanted) return false
    return !parts.some(
      ({ partition, first, last }) => partition === wanted.partition && first <= wanted.first && wanted.last <= last,
    )
  })
}

/** `20251006_4_9_2`: blocks 4 to 9 of a partition, merged twice. Unfinished parts have a prefix, which no partition has. */
function partRange(name: string): { partition: string; first: number; last: number } | null {
  const [, partition = '', first, last] = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/.exec(name) ?? []
  return partition === '' ? null : { partition, first: Number(first), last: Number(last) }
}

function append(path: string, text: string): void {
  const file = openSync(path, 'a')
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
