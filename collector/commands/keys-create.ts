/** `node main.ts keys create`: a virtual key of the proxy. */
import type { Command } from 'commander'
import { several, type Shell } from '../../storage/commands/shell.ts'
import type { CreateFlags } from '../proxy/keys/command.ts'
import type { KeysContext } from '../proxy/keys/made.ts'

export function define(command: Command, { load, reloadRunning, print }: Shell<KeysContext>): void {
  command
    .argument('<name>')
    .description('make a virtual key and print it, this once; only its hash is stored')
    .option('--team <team>', 'whose calls these are')
    .option('--user <user>', 'who calls')
    .option('--feature <feature>', 'what for')
    .option('--endpoint <name>', 'endpoint that it may call (default: all); may be given again', several)
    .option('--expires <when>', 'a date, a time with its zone, or how long from now, as 90d (default: never)')
    .option('--requests-per-minute <count>', 'calls that may begin within a minute')
    .option('--tokens-per-day <count>', 'input and output tokens within a day of UTC')
    .option('--usd-per-month <dollars>', 'dollars within a month of UTC')
    .action(async (name: string, flags: CreateFlags) => {
      const { keysCreate } = await import('../proxy/keys/command.ts')
      const { config } = load()
      for (const line of keysCreate(name, flags, config)) print(line)
      reloadRunning(config, 'this key')
    })
}
