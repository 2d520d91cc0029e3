/** `node main.ts import`: past requests out of a file. */
import type { Command } from 'commander'
import { several, type Shell } from '../../storage/commands/shell.ts'
import type { ImportConfig, ImportFlags } from '../import/command.ts'

export function define(command: Command, { withStorage, print, failed }: Shell<ImportConfig>): void {
  command
    .argument('<file>')
    .description('import past requests, or what a provider says was used, from a CSV, JSON or Parquet file')
    .option(
      '--format <formats>',
      'csv, tsv, json, jsonl or parquet (default: by the name of the file); litellm, langfuse, helicone or openai-usage ' +
        '(default: by its columns); or one of each, comma-separated',
    )
    .option('--map <columns>', 'our column=their column, comma-separated', several)
    .option('--set <values>', 'our column=value for every row, comma-separated', several)
    .option('--shift-to <when>', 'move the rows in time so that the last one is "now"')
    .option('--rejects <file>', 'where rejected rows go, with reasons (default: <file>.rejected.jsonl)')
    .option('--timezone <name>', 'time zone of timestamps that name none', 'UTC')
    .action(async (file: string, flags: ImportFlags) => {
      const { importCommand } = await import('../import/command.ts')
      await withStorage(async (config, { db }) => {
        const { text, failed: unusable } = await importCommand(file, flags, config, db)
        print(text)
        if (unusable) failed()
      })
    })
}
