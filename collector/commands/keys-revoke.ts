/** `node main.ts keys revoke`: the end of a virtual key. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { KeysContext } from '../proxy/keys/made.ts'

export function define(command: Command, { load, reloadRunning, print }: Shell<KeysContext>): void {
  command
    .argument('<name>')
    .description('take a virtual key back for good')
    .action(async (name: string) => {
      const { keysRevoke } = await import('../proxy/keys/command.ts')
      const { config } = load()
      for (const line of keysRevoke(name, config)) print(line)
      reloadRunning(config, 'this change')
    })
}
