/** `node main.ts export run`: what is due of the jobs of exports, or a range of the past. */
import type { Command } from 'commander'
import type { RunFlags } from '../export/command.ts'
import type { ExportConfig } from '../export/config.ts'
import type { Shell } from './shell.ts'

export function define(
  command: Command,
  { withStorage, print }: Shell<{ data_dir: string; export: ExportConfig }>,
): void {
  command
    .argument('[job]')
    .description(
      'write what is due of a job, or of all; with --from, every closed period of a range that is missing or changed',
    )
    .option('--from <time>', '2026-11-01, 2026-11-01T06:00:00Z, or how long ago, as 30d')
    .option('--to <time>', 'periods that end before then (default: now)')
    .action(async (job: string | undefined, flags: RunFlags) => {
      const { exportRunCommand } = await import('../export/command.ts')
      const { barProgress } = await import('../progress.ts')
      await withStorage((config, storage) =>
        exportRunCommand(job, flags, config.export, { ...storage, dataDir: config.data_dir }, barProgress(), print),
      )
    })
}
