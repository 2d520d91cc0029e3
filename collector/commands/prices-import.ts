/** `node main.ts prices import`: a price list for this data directory. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'

export function define(command: Command, { load, reloadRunning, print }: Shell<{ data_dir: string }>): void {
  command
    .argument('<file>')
    .description("use LiteLLM's price list, model_prices_and_context_window.json, for what the bundled list lacks")
    .action(async (file: string) => {
      const { pricesImport } = await import('../prices-command.ts')
      const { config } = load()
      print(pricesImport(file, config.data_dir))
      reloadRunning(config, 'this list')
    })
}
