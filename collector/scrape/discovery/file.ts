/** Targets from files. */
import { watch, type FSWatcher } from 'node:fs'
import { glob, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parse } from 'yaml'
import { durationMs } from '../../../records/duration.ts'
import type { FileProvider } from './config.ts'
import {
  DiscoveryError,
  messageOf,
  type Found,
  type Provider,
  type ProviderEvents,
  type ProviderServices,
} from './provider.ts'
import { startRefreshing } from './refresh.ts'
import type { LabelSet } from './relabel.ts'
import { readTargetGroups } from './target-groups.ts'

const maxBytes = 16 * 2 ** 20
/** The several events of one save count once. */
const settleMs = 100

/** A file that cannot be read or used keeps the targets that it had; one that is gone has none. */
export function startFileProvider(config: FileProvider, events: ProviderEvents, { clock }: ProviderServices): Provider {
  const known = new Map<string, { text: string; labels: LabelSet[] }>()
  const folders = new Map<string, FSWatcher>()
  let settling: NodeJS.Timeout | undefined

  const read = async (path: string): Promise<string> => {
    try {
      const text = await textOf(path)
      // The same objects as long as nothing changed.
      if (known.get(path)?.text !== text) known.set(path, { text, labels: labelsOf(path, text) })
      return ''
    } catch (error) {
      const kept = known.get(path)?.labels.length ?? 0
      return `${path}: ${messageOf(error)}${kept > 0 ? `; ${kept === 1 ? 'its target of before stays' : `its ${kept} targets of before stay`}` : ''}`
    }
  }
  const ask = async (): Promise<Found> => {
    const paths = await matching(config.files)
    const missing = config.files.filter((pattern) => !hasPattern(pattern) && !paths.includes(pattern))
    const errors = await Promise.all(paths.map(read))
    for (const path of known.keys()) if (!paths.includes(path)) known.delete(path)
    watchFolders()
    const all = [...missing.map((path) => `${path}: there is no such file`), ...errors].filter((error) => error !== '')
    return { labels: paths.flatMap((path) => known.get(path)?.labels ?? []), error: all.join('; ') }
  }
  const refreshing = startRefreshing({ ask, intervalMs: durationMs(config.refresh_interval), events, clock })

  const onChange = () => {
    clearTimeout(settling)
    settling = setTimeout(() => refreshing.refresh(), settleMs).unref()
  }
  /** Folders, not files: editors and Kubernetes replace files. What cannot be watched is read on the interval. */
  const watchFolders = () => {
    for (const folder of new Set([...config.files, ...known.keys()].map((path) => dirname(path)))) {
      if (folders.has(folder) || hasPattern(folder)) continue
      try {
        const watcher = watch(folder, onChange).unref()
        watcher.on('error', () => folders.delete(folder))
        folders.set(folder, watcher)
      } catch {
        continue
      }
    }
  }
  return {
    async stop() {
      clearTimeout(settling)
      for (const watcher of folders.values()) watcher.close()
      folders.clear()
      await refreshing.stop()
      for (const watcher of folders.values()) watcher.close()
    },
  }
}

const hasPattern = (path: string) => /[*?[\]{}]/.test(path)

async function matching(patterns: readonly string[]): Promise<string[]> {
  const paths = new Set<string>()
  for (const pattern of patterns) for await (const path of glob(pattern)) paths.add(path)
  return [...paths].toSorted()
}

async function textOf(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > maxBytes) throw new DiscoveryError(`larger than ${maxBytes} bytes`)
  return readFile(path, 'utf8')
}

function labelsOf(path: string, text: string): LabelSet[] {
  const value: unknown = path.endsWith('.json') ? JSON.parse(text) : parse(text)
  return readTargetGroups(value, { __meta_filepath: path })
}
