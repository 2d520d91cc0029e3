/** `node main.ts reprice`: the costs of stored requests, anew. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { PricesContext, RepriceFlags } from '../prices-command.ts'

export function define(command: Command, { withStorage, print }: Shell<PricesContext>): void {
  command
    .description('work out the costs of stored requests anew, with the prices of now')
    .requiredOption(
      '--since <time>',
      'requests from then on: 2026-11-01, 2026-11-01T06:00:00Z, or how long ago, as 30d',
    )
    .option('--until <time>', 'requests before then (default: now)')
    .option('--model <model>', 'only requests of this model')
    .option('--provider <provider>', 'only requests of this provider')
    .option('--dry-run', 'only say what would change')
    .action(async (flags: RepriceFlags) => {
      const { repriceCommand } = await import('../prices-command.ts')
      await withStorage(async (config, { db, rollups }) => {
        print(await repriceCommand(flags, config, db))
        if (rollups) await rollups.flush()
        else print('the running process brings its rollups up to date within a minute or two')
      })
    })
}
