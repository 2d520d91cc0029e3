/** Takes over changes of the configuration while it is in use: on SIGHUP, and when its file or a rule file is edited. */
import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { isRuleFile, ruleFolders } from './alerts/rule-file.ts'
import { loadConfig, type Config, type LoadedConfig } from './config.ts'

/** Keys that are read once: a change takes a restart. */
const fixedKeys = ['data_dir', 'listen', 'clickhouse', 'spool', 'retention', 'dashboard'] as const

/** The several events of one save count once. */
const settleMs = 200

/**
 * `apply` gets each new configuration, one at a time. A file that can't be used, or that `apply` refuses, is logged with what
 * is wrong, and the old configuration stays.
 */
export function watchConfig(
  { file, baseDir, config: first }: LoadedConfig,
  { apply, log }: { apply: (config: Config) => Promise<void>; log: Logger },
): { stop(): void } {
  let current = first
  let timer: NodeJS.Timeout | undefined
  let reloading = Promise.resolve()
  const reload = async () => {
    try {
      const next = loadConfig(file ?? undefined).config
      await apply(next)
      for (const key of fixedKeys)
        if (JSON.stringify(next[key]) !== JSON.stringify(current[key])) log.warn(`${key} changed: restart to apply it`)
      current = next
      log.info('configuration reloaded')
    } catch (error) {
      log.error(
        `configuration not reloaded, the old one stays: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    folders.watch(foldersOf(current))
  }
  const queueReload = () => {
    reloading = reloading.then(reload)
  }
  // Editors replace files, so their folders are watched.
  const foldersOf = ({ alerts }: Config) => [...(file ? [dirname(file)] : []), ...ruleFolders(alerts, baseDir)]
  const concerns = (path: string) =>
    path === file ||
    isRuleFile(path, current.alerts, baseDir) ||
    ruleFolders(current.alerts, baseDir).includes(path) ||
    // Kubernetes swaps this link when a mounted ConfigMap changes; the files' own names never do.
    basename(path) === '..data'
  const folders = new Folders(log, (path) => {
    if (!concerns(path)) return
    clearTimeout(timer)
    timer = setTimeout(queueReload, settleMs)
  })
  folders.watch(foldersOf(current))
  process.on('SIGHUP', queueReload)
  return {
    stop() {
      clearTimeout(timer)
      folders.watch([])
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
