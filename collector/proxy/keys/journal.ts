/**
 * An append-only log of lines in a directory. A line is with the kernel before `append` returns, so that a killed process loses none;
 * it is on the disk within a moment, so that a power cut loses little. Files follow each other in generations: each begins with all
 * that those before amount to, and they go once it is on the disk. A beginning that was cut short is none.
 */
import { closeSync, fdatasync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'

export interface JournalOptions<Entry> {
  dir: string
  /** Entries that amount to all so far. */
  summary: () => Entry[]
  /** Told that an entry may not outlive the process, or that none does for now. */
  onproblem: (reason: string) => void
  syncMs?: number
  /** A generation ends after as many bytes. */
  maxBytes?: number
}

/** After its last one the beginning of a generation is complete. */
const begun = 'begun'
const fileName = /^(\d+)\.log$/
const syncData = promisify(fdatasync)

export class Journal<Entry> {
  private readonly options: Required<JournalOptions<Entry>>
  private readonly timer: NodeJS.Timeout
  private generation: number
  /** Null while nothing can be written. */
  private fd: number | null = null
  private bytes = 0
  /** Written since the last sync began. */
  private dirty = false
  private syncing: Promise<void> | null = null
  /** The generation beside which there is no other any more. */
  private alone = 0
  private stopped = false

  /** Begins a generation after the one that was read. Never throws: what cannot be written is told, and tried again. */
  constructor(options: JournalOptions<Entry>, after: number) {
    this.options = { syncMs: 200, maxBytes: 4 * 2 ** 20, ...options }
    this.generation = after
    this.tell(this.begin())
    this.timer = setInterval(() => void this.tick(), this.options.syncMs).unref()
  }

  append(entry: Entry): void {
    const { maxBytes, onproblem } = this.options
    if (this.fd === null) return onproblem('cannot be written')
    try {
      this.write(this.fd, lineOf(entry))
    } catch (error) {
      // What part of the line is there is no line: the next generation has it whole.
      this.close()
      return onproblem(reasonOf(error))
    }
    if (this.bytes > maxBytes) this.tell(this.begin())
  }

  /** Resolves when everything appended is on the disk, or was told of. Idempotent. */
  async stop(): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    clearInterval(this.timer)
    await this.tick()
    this.close()
  }

  private async tick(): Promise<void> {
    if (this.fd === null) this.begin()
    await this.syncing
    const { fd, generation } = this
    if (fd === null || !this.dirty) return
    this.dirty = false
    this.syncing = this.sync(fd, generation).catch((error: unknown) => {
      this.options.onproblem(reasonOf(error))
      // What such a file holds cannot be known: the next generation has it all.
      if (this.fd === fd) this.close()
    })
    await this.syncing
    this.syncing = null
  }

  private async sync(fd: number, generation: number): Promise<void> {
    await syncData(fd)
    if (this.alone === generation) return
    // Its name has to be on the disk before the others go.
    const directory = await open(this.options.dir)
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
    this.removeBefore(generation)
    this.alone = generation
  }

  private tell(problem: string | null): void {
    if (problem !== null) this.options.onproblem(problem)
  }

  /** Returns why it could not; the file in use then stays. */
  private begin(): string | null {
    const { dir, summary } = this.options
    const generation = this.generation + 1
    const path = join(dir, `${generation}.log`)
    let fd: number | null = null
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      fd = openSync(path, 'w', 0o600)
      this.bytes = 0
      this.write(fd, summary().map(lineOf).join('') + lineOf(begun))
    } catch (error) {
      if (fd !== null) discard(fd, path)
      return reasonOf(error)
    }
    this.close()
    this.generation = generation
    this.fd = fd
    return null
  }

  private write(fd: number, text: string): void {
    const bytes = Buffer.from(text)
    if (writeSync(fd, bytes) < bytes.length) throw new Error('cut short')
    this.bytes += bytes.length
    this.dirty = true
  }

  /** A sync under way may still need the file. */
  private close(): void {
    const { fd } = this
    if (fd === null) return
    this.fd = null
    if (this.syncing) void this.syncing.then(() => closeQuietly(fd))
    else closeQuietly(fd)
  }

  private removeBefore(generation: number): void {
    try {
      for (const known of generationsIn(this.options.dir))
        if (known < generation) rmSync(join(this.options.dir, `${known}.log`), { force: true })
    } catch {
      // What stays counts for nothing beside a newer one.
    }
  }
}

export interface ReadJournal<Entry> {
  entries: Entry[]
  /** Of the file read; 0 when there is none. */
  generation: number
  /** Lines that are no lines of ours: cut short, or changed on the disk. */
  damaged: number
}

/** What the newest complete generation says. Throws the system's error for a file that cannot be read. */
export function readJournal<Entry>(dir: string): ReadJournal<Entry> {
  const generations = generationsIn(dir).toSorted((a, b) => b - a)
  const [newest = 0] = generations
  for (const generation of generations) {
    const text = textOf(join(dir, `${generation}.log`))
    // It went while this looked: there is a newer one.
    if (text === null) return readJournal(dir)
    const lines = text.split('\n')
    const parsed = lines.filter((line) => line !== '').map(parsedLine)
    const read = parsed.filter((line) => line !== undefined)
    if (!read.includes(begun)) continue
    const entries = read.filter((line) => line !== begun) as Entry[]
    return { entries, generation: newest, damaged: parsed.length - read.length }
  }
  return { entries: [], generation: newest, damaged: 0 }
}

/** A beginning that failed; where it stays, it is none either. */
function discard(fd: number, path: string): void {
  closeQuietly(fd)
  try {
    rmSync(path)
  } catch {
    // The disk that failed it fails this too.
  }
}

/** What the disk has to say of it was told of writes and syncs. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // The descriptor is gone either way.
  }
}

function generationsIn(dir: string): number[] {
  const names = unlessMissing(() => readdirSync(dir)) ?? []
  return names.flatMap((name) => fileName.exec(name)?.slice(1).map(Number) ?? [])
}

const textOf = (path: string) => unlessMissing(() => readFileSync(path, 'utf8'))

function unlessMissing<Read>(read: () => Read): Read | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function lineOf(entry: unknown): string {
  const text = JSON.stringify(entry)
  return `${sumOf(text)} ${text}\n`
}

function parsedLine(line: string): unknown {
  const text = line.slice(9)
  return line.slice(0, 8) === sumOf(text) ? (JSON.parse(text) as unknown) : undefined
}

const sumOf = (text: string) => crc32(text).toString(16).padStart(8, '0')

const reasonOf = (error: unknown) =>
  error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error)
