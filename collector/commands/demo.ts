/** `node main.ts demo --clear`: without what demo traffic left. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'

export function define(command: Command, { withStorage, print }: Shell<object>): void {
  command
    .description('manage demo data')
    .requiredOption('--clear', 'remove every row that demo traffic left')
    .action(() =>
      withStorage(async (_, { db }) => {
        const { clearDemo } = await import('../demo/clear.ts')
        await clearDemo(db)
        print('demo data removed')
      }),
    )
}
