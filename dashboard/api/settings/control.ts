/** What the settings page needs from the process; main.ts wires it. */
import type { PriceControl } from '../../../records/price-table.ts'
import type { ConfigReport, Declared } from '../../../records/setting.ts'
import type { KeyControl } from '../../../records/virtual-key.ts'
import type { DiskUsage } from '../../../storage/disk-usage.ts'
import type { StoredTable } from '../../../storage/queries/stored-tables.ts'

/** This process and where it keeps what it knows. */
export interface Installation {
  /** Epoch ms. */
  started_at: number
  pid: number
  node: string
  /** Which of collector, alerts and dashboard run here. */
  rooms: string[]
  engine: 'embedded' | 'server' | 'cluster'
  data_dir: string
  disk: DiskUsage
}

export interface SettingsControl {
  installation(): Promise<Installation>
  config(): ConfigReport
  declared(): Declared
  tables(): Promise<StoredTable[]>
  /** Null where no collector runs: nothing is priced here. */
  prices: PriceControl | null
  /** Null where no proxy runs. */
  keys: KeyControl | null
}

/** For a process, and for tests, that has none of it. */
export const noSettings: SettingsControl = {
  installation: () =>
    Promise.resolve({
      started_at: 0,
      pid: 0,
      node: '',
      rooms: [],
      engine: 'embedded',
      data_dir: '',
      disk: { bytes: 0, parts: [], free_bytes: null, total_bytes: null },
    }),
  config: () => ({ file: null, loaded_at: 0, problem: '', waiting: [], settings: [] }),
  declared: () => ({ endpoints: [], targets: [] }),
  tables: () => Promise.resolve([]),
  prices: null,
  keys: null,
}
