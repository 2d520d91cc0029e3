/** `node main.ts prices list`: what the models in use cost. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { PricesContext } from '../prices-command.ts'

export function define(command: Command, { withStorage, print }: Shell<PricesContext>): void {
  command
    .description('print the prices of the models that were called in the last 30 days, in dollars per 1M tokens')
    .action(async () => {
      const { pricesList } = await import('../prices-command.ts')
      await withStorage(async (config, { db }) => {
        for (const line of await pricesList(config, db)) print(line)
      })
    })
}
