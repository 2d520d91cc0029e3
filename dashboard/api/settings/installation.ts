/** What the settings page is told of this process: composed of its rooms, its configuration and its directory. */
import { declaredIn, settingsOf } from './config-report.ts'
import type { RunningConfig } from '../../../config.ts'
import type { SettingsControl } from './control.ts'
import { diskUsage } from '../../../storage/disk-usage.ts'
import type { Storage } from '../../../storage/index.ts'
import { storedTables } from '../../../storage/queries/stored-tables.ts'
import type { Collector } from '../../../collector/index.ts'

export interface InstallationOptions {
  running: () => RunningConfig
  /** Of the configuration; null: the defaults. */
  file: string | null
  rooms: readonly string[]
  dataDir: string
  storage: Pick<Storage, 'db'>
  collector: Pick<Collector, 'prices' | 'virtualKeys'> | null
}

/** Both are walked through, which takes a while: many who look cost no more than one. */
const remembered_ms = 30_000

export function settingsControl(options: InstallationOptions): SettingsControl {
  const { running, file, rooms, dataDir, storage, collector } = options
  const started_at = Date.now()
  const disk = remembering(() => diskUsage(dataDir))
  const tables = remembering(() => storedTables(storage.db, running().config.retention, Date.now()))
  return {
    async installation() {
      const { url, cluster } = running().config.clickhouse
      return {
        started_at,
        pid: process.pid,
        node: process.version,
        rooms: [...rooms],
        engine: url === 'embedded' ? 'embedded' : cluster === null ? 'server' : 'cluster',
        data_dir: dataDir,
        disk: await disk(),
      }
    },
    config() {
      const { config, written, loaded_at, problem, waiting } = running()
      return { file, loaded_at, problem, waiting: [...waiting], settings: settingsOf(config, written) }
    },
    declared: () => declaredIn(running().config),
    tables,
    prices: collector?.prices ?? null,
    keys: collector?.virtualKeys ?? null,
  }
}

/** What fails is not remembered. */
function remembering<T>(work: () => Promise<T>): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | null = null
  return () => {
    if (last && performance.now() - last.at < remembered_ms) return last.answer
    const asked = { at: performance.now(), answer: work() }
    last = asked
    asked.answer.catch(() => {
      if (last === asked) last = null
    })
    return asked.answer
  }
}
