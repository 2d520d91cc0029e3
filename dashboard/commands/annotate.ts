/** `node main.ts annotate`: one mark on time lines. */
import { Option, type Command } from 'commander'
import { annotationKinds, scopeLabels } from '../../records/annotation.ts'
import { storageKeys, type Shell } from '../../storage/commands/shell.ts'
import type { AnnotateFlags } from '../api/annotate-command.ts'

export const reads = storageKeys

export function define(command: Command, { withStorage, print }: Shell<object>): void {
  command
    .argument('<title>')
    .description('mark a deploy, a change or an incident on the charts; says the id of the mark')
    .addOption(new Option('--kind <kind>', 'what it is').choices(annotationKinds).default('note'))
    .option('--text <text>', 'more than the title says')
    .option('--at <time>', 'when it was or began: 2026-11-01T06:00:00Z, or how long ago, as 10m (default: now)')
    .option('--until <time>', 'when it ended (default: it is a moment)')
    .option('--url <address>', 'where more is to be read, http or https')
    .option('--id <id>', 'the same one again corrects the mark (default: a new one)')
    .option('--by <name>', 'whom it comes from (default: the name of the user)')
  for (const name of scopeLabels) command.option(`--${name} <${name}>`, `only about this ${name}`)
  command.action(async (title: string, flags: AnnotateFlags) => {
    const { annotateCommand } = await import('../api/annotate-command.ts')
    await withStorage(async (_, { db }) => print(await annotateCommand(title, flags, db)))
  })
}
