/** `node main.ts alerts check`: alert rules, and on request their queries. */
import type { Command } from 'commander'
import type { Db } from '../../storage/client.ts'
import type { Shell } from '../../storage/commands/shell.ts'
import type { AlertsConfig } from '../config.ts'

export function define(command: Command, { load, withStorage, print, failed }: Shell<{ alerts: AlertsConfig }>): void {
  command
    .argument('[files...]')
    .description('check alert rules, those of the configuration or of files')
    .option('--against', 'check their queries too, against the database of the configuration')
    .action(async (files: string[], { against }: { against?: boolean }) => {
      const { checkCommand } = await import('../check-command.ts')
      const { config, baseDir } = load()
      const check = async (reader: Db | null) => {
        if (!(await checkCommand(files, config.alerts, baseDir, { reader, print, nowMs: Date.now() }))) failed()
      }
      if (against) await withStorage((_, { reader }) => check(reader))
      else await check(null)
    })
}
