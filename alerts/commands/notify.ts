/** `node main.ts alerts notify`: does a receiver reach anyone? */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { AlertsConfig } from '../config.ts'

export function define(command: Command, { load, print, failed }: Shell<{ alerts: AlertsConfig }>): void {
  command
    .description('send a test notification and its end by every channel of a receiver, and say how each fared')
    .requiredOption('--receiver <name>', 'the receiver, as in alerts.receivers')
    .action(async ({ receiver }: { receiver: string }) => {
      const { tryReceiver } = await import('../try-receiver.ts')
      const { config } = load()
      if (!(await tryReceiver(config.alerts, { receiver, print }))) failed()
    })
}
