/** What `check-config` runs: the parser that serves, without serving. */
import type { AlertsConfig } from './config.ts'
import { loadRuleGroups } from './rule-file.ts'
import { templateProblems } from './template.ts'

/** How many rules the configuration has. Throws ConfigError, one line per thing to mend. */
export async function checkRules(config: AlertsConfig, baseDir: string): Promise<number> {
  const groups = await loadRuleGroups(config, baseDir)
  return groups.reduce((total, group) => total + group.rules.length, 0)
}

/** What would show as an error in notifications, and fires all the same: for warnings. */
export async function ruleWarnings(config: AlertsConfig, baseDir: string): Promise<string[]> {
  const groups = await loadRuleGroups(config, baseDir)
  const rules = groups.flatMap((group) => group.rules)
  return rules.flatMap((rule) =>
    Object.entries({ ...rule.labels, ...rule.annotations }).flatMap(([name, text]) =>
      templateProblems(text).map((problem) => `${rule.file}: ${rule.group}/${rule.name}: ${name}: ${problem}`),
    ),
  )
}
