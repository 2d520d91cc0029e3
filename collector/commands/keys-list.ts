/** `node main.ts keys list`: the virtual keys, without their secrets. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { KeysContext } from '../proxy/keys/made.ts'

export function define(command: Command, { load, print }: Shell<KeysContext>): void {
  command.description('print the virtual keys, and what those with limits have used of them').action(async () => {
    const { keysList } = await import('../proxy/keys/command.ts')
    const { config } = load()
    for (const line of keysList(config)) print(line)
  })
}
