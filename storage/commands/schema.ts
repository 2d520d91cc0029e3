/** `node main.ts schema`: the tables and views, as they are in the database. */
import type { Command } from 'commander'
import { storageKeys, type Shell } from './shell.ts'

export const reads = storageKeys

export function define(command: Command, { withStorage }: Shell<object>): void {
  command.description('describe the tables and views that queries may read, as Markdown').action(() =>
    withStorage(async (_, { reader }) => {
      const { schema } = await import('../queries/schema.ts')
      const { schemaMarkdown } = await import('../schema-markdown.ts')
      process.stdout.write(schemaMarkdown(await schema(reader)))
    }),
  )
}
