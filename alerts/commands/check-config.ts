/** `node main.ts check-config`: the configuration, and the alert rules that it names. */
import type { Command } from 'commander'
import type { Shell } from '../../storage/commands/shell.ts'
import type { AlertsConfig } from '../config.ts'

export function define(command: Command, { load, print }: Shell<{ alerts: AlertsConfig }>): void {
  command.description('check the configuration and the alert rules that it names').action(async () => {
    const { config, baseDir, file, warnings } = load()
    const { checkRules, ruleWarnings } = await import('../check.ts')
    const rules = await checkRules(config.alerts, baseDir)
    for (const warning of [...warnings, ...(await ruleWarnings(config.alerts, baseDir))]) print(`warning: ${warning}`)
    print(`${file ?? 'defaults'}: ok, ${rules} alert rules`)
  })
}
