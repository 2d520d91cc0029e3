/** `node main.ts alerts test`: unit tests of rules. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { TestFlags } from '../rule-tests/command.ts'

export function define(command: Command, { log, print, failed }: Shell<object>): void {
  command
    .argument('<files...>')
    .description('run unit tests of alert rules, on a temporary database')
    .option('--run <pattern>', 'only tests whose name matches this regular expression')
    .option('--junit <file>', 'write the results as JUnit XML too')
    .action(async (files: string[], flags: TestFlags) => {
      const { testCommand } = await import('../rule-tests/command.ts')
      const { barProgress } = await import('../../storage/progress.ts')
      const progress = barProgress(process.stderr, 'evaluations')
      if (!(await testCommand(files, flags, { log, progress, print }))) failed()
    })
}
