/** `node main.ts export list`: the state of every job of exports. */
import type { Command } from 'commander'
import type { ExportConfig } from '../export/config.ts'
import type { Shell } from './shell.ts'

export function define(
  command: Command,
  { withStorage, print }: Shell<{ data_dir: string; export: ExportConfig }>,
): void {
  command.description('print what every job has written, and what is wrong').action(async () => {
    const { exportListCommand } = await import('../export/command.ts')
    const { textTable } = await import('../text-table.ts')
    await withStorage(async (config, storage) => {
      const rows = await exportListCommand(config.export, { ...storage, dataDir: config.data_dir })
      for (const line of textTable(rows)) print(line)
    })
  })
}
