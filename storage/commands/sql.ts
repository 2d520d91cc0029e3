/** `node main.ts sql`: one read-only query, and its rows. */
import { Option, type Command } from 'commander'
import type { SqlFlags } from '../sql-command.ts'
import { several, storageKeys, type Shell } from './shell.ts'

export const reads = storageKeys

const formats = ['table', 'json', 'csv'] satisfies SqlFlags['format'][]

export function define(command: Command, { withStorage }: Shell<object>): void {
  command
    .argument('<query>')
    .description('run one read-only query and print its rows; a FORMAT in the query is obeyed')
    .addOption(
      new Option('--format <format>', 'as an aligned table, JSON lines or CSV').choices(formats).default('table'),
    )
    .option('--param <name=value>', 'value of {name:Type} in the query; may be given again', several)
    .action(async (query: string, flags: SqlFlags) => {
      const { sqlCommand } = await import('../sql-command.ts')
      await withStorage(async (_, { reader }) => void process.stdout.write(await sqlCommand(query, flags, reader)))
    })
}
