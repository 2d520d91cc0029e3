/** `node main.ts alerts check`: rule files alone, and on request their queries against a database. */
import { counted } from '../records/counted.ts'
import type { Db } from '../storage/client.ts'
import { checkAgainst } from './check-against.ts'
import { warningsOf } from './check.ts'
import type { AlertsConfig } from './config.ts'
import { loadRuleFiles, loadRuleGroups } from './rule-file.ts'

export interface CheckDeps {
  /** Null: nothing is asked. */
  reader: Db | null
  print: (line: string) => void
  nowMs: number
}

/**
 * Prints warnings, problems and a count; whether there was no problem. Rules of `files`, of the configuration when there are none.
 * Throws ConfigError on files that can't be used, one line per thing to mend.
 */
export async function checkCommand(
  files: readonly string[],
  config: AlertsConfig,
  baseDir: string,
  { reader, print, nowMs }: CheckDeps,
): Promise<boolean> {
  const groups = files.length > 0 ? await loadRuleFiles(files) : await loadRuleGroups(config, baseDir)
  const rules = groups.flatMap((group) => group.rules)
  for (const warning of warningsOf(groups)) print(`warning: ${warning}`)
  let problems = 0
  if (reader)
    for (const rule of rules) {
      const found = await checkAgainst(reader, rule, nowMs, new AbortController().signal)
      for (const warning of found.warnings) print(`warning: ${warning}`)
      for (const problem of found.problems) print(problem)
      problems += found.problems.length
    }
  const from = new Set(groups.map(({ file }) => file)).size
  print(
    `${counted(rules.length, 'rule')} in ${counted(from, 'file')}: ${problems === 0 ? 'ok' : counted(problems, 'problem')}`,
  )
  return problems === 0
}
