/** `node main.ts alerts backtest`: when rules would have fired over stored history. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { BacktestFlags } from '../backtest/command.ts'
import type { AlertsConfig } from '../config.ts'

export function define(command: Command, { load, withStorage, print }: Shell<{ alerts: AlertsConfig }>): void {
  command
    .argument('[files...]')
    .description('print when alert rules would have fired over stored history, those of the configuration or of files')
    .requiredOption('--from <time>', '2026-11-01, 2026-11-01T06:00:00Z, or how long ago, as 30d')
    .option('--to <time>', 'until then (default: now)')
    .option('--rule <name>', 'only this rule')
    .option('--step <duration>', "between two evaluations (default: the interval of the rule's group)")
    .option('--pages-per-week <count>', 'suggest a threshold that would have paged at most this often')
    .option('--json', 'print everything as JSON')
    .action(async (files: string[], flags: BacktestFlags) => {
      const { backtestCommand } = await import('../backtest/command.ts')
      const { barProgress } = await import('../../storage/progress.ts')
      const { baseDir } = load()
      const progress = barProgress(process.stderr, 'times fired')
      await withStorage(({ alerts }, { reader }) =>
        backtestCommand(files, flags, alerts, baseDir, { reader, progress, print, nowMs: Date.now() }),
      )
    })
}
