/** Runs a reload on SIGHUP and when a watched file is edited. */
import { watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'

/** The several events of one save count once. */
const settleMs = 200

export interface ReloadOptions {
  /** Asked again after each reload. Folders, not files: editors replace files. */
  folders: () => string[]
  /** Whether a path in one of the folders is worth a reload. */
  concerns: (path: string) => boolean
  /** One at a time; never rejects. */
  reload: () => Promise<void>
  log: Logger
}

export function reloadOnChange({ folders, concerns, reload, log }: ReloadOptions): { stop(): void } {
  let timer: NodeJS.Timeout | undefined
  let reloading = Promise.resolve()
  const takeTurn = async (before: Promise<void>) => {
    await before
    await reload()
    watched.watch(folders())
  }
  const queueReload = () => {
    reloading = takeTurn(reloading)
  }
  const watched = new Folders(log, (path) => {
    if (!concerns(path)) return
    clearTimeout(timer)
    timer = setTimeout(queueReload, settleMs)
  })
  watched.watch(folders())
  process.on('SIGHUP', queueReload)
  return {
    stop() {
      clearTimeout(timer)
      watched.watch([])
      process.off('SIGHUP', queueReload)
    },
  }
}

/** Tells which paths in some folders change; a folder that isn't there says nothing. */
class Folders {
  readonly #log: Logger
  readonly #onChange: (path: string) => void
  readonly #watchers = new Map<string, FSWatcher>()

  constructor(log: Logger, onChange: (path: string) => void) {
    this.#log = log
    this.#onChange = onChange
  }

  /** These folders from now on, and no others. */
  watch(folders: string[]): void {
    for (const [folder, watcher] of this.#watchers)
      if (!folders.includes(folder)) {
        watcher.close()
        this.#watchers.delete(folder)
      }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#open(folder)
  }

  #open(folder: string): void {
    try {
      const watcher = watch(folder, (_, name) => name !== null && this.#onChange(join(folder, name)))
      watcher.on('error', (error) => this.#unwatched(folder, error)).unref()
      this.#watchers.set(folder, watcher)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) this.#unwatched(folder, error)
    }
  }

  #unwatched(folder: string, error: unknown): void {
    this.#watchers.delete(folder)
    this.#log.warn(`${folder} is not watched for changes: ${error instanceof Error ? error.message : String(error)}`)
  }
}
