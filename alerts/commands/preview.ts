/** `node main.ts alerts preview`: what a receiver would be sent. */
import type { Command } from 'commander'
import type { Db } from '../../storage/client.ts'
import type { Shell } from '../../storage/commands/shell.ts'
import type { AlertsConfig } from '../config.ts'
import type { PreviewOptions } from '../preview.ts'

type PreviewFlags = Pick<PreviewOptions, 'receiver' | 'alert' | 'resolved'>

export function define(command: Command, { load, withStorage, print }: Shell<{ alerts: AlertsConfig }>): void {
  command
    .description('print what each channel of a receiver would be sent; sends nothing')
    .requiredOption('--receiver <name>', 'the receiver, as in alerts.receivers')
    .option('--alert <name>', 'an alert that is pending or fires now (default: a made-up one)')
    .option('--resolved', 'as if the alert were over', false)
    .action(async (flags: PreviewFlags) => {
      const { previewNotification } = await import('../preview.ts')
      const { config, baseDir } = load()
      const asked = { ...flags, config: config.alerts, baseDir, now: Date.now() }
      const show = async (reader: Db | null) => {
        for (const { channel, text } of await previewNotification(asked, reader)) print(`── ${channel}\n${text}\n`)
      }
      if (flags.alert === undefined) await show(null)
      else await withStorage((_, { reader }) => show(reader))
    })
}
