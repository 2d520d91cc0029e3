/** What `check-config` and `alerts check` run: the parser that serves, without serving. */
import type { AlertsConfig } from './config.ts'
import { formatLabels } from './labels.ts'
import { loadRuleGroups } from './rule-file.ts'
import type { Rule, RuleGroup } from './rule.ts'
import { labelsRead, templateProblems } from './template.ts'

/** How many rules the configuration has. Throws ConfigError, one line per thing to mend. */
export async function checkRules(config: AlertsConfig, baseDir: string): Promise<number> {
  const groups = await loadRuleGroups(config, baseDir)
  return groups.reduce((total, group) => total + group.rules.length, 0)
}

/** What is allowed and hardly meant. */
export async function ruleWarnings(config: AlertsConfig, baseDir: string): Promise<string[]> {
  return warningsOf(await loadRuleGroups(config, baseDir))
}

/** Texts that would show as an error in notifications, rules that can never fire, rules whose alerts would be one. */
export function warningsOf(groups: readonly RuleGroup[]): string[] {
  const rules = groups.flatMap((group) => group.rules)
  return rules.flatMap((rule, index) =>
    [
      ...templateWarnings(rule),
      ...unknownLabels(rule),
      ...(rule.cautions ?? []),
      ...neverHolds(rule),
      ...sharedLabels(rule, rules.slice(0, index)),
      ...hiddenColumns(rule),
    ].map((warning) => warningText(rule, warning)),
  )
}

export const warningText = ({ place, group, name }: Rule, warning: string) => `${place}: ${group}/${name}: ${warning}`

function templateWarnings({ labels, annotations }: Rule): string[] {
  return Object.entries({ ...labels, ...annotations }).flatMap(([name, text]) =>
    templateProblems(text).map((problem) => `${name}: ${problem}`),
  )
}

/** Of rules whose labels are those of `by` and their own: a text that reads another shows an error in its place. */
function unknownLabels(rule: Rule): string[] {
  const by = columnsOf(rule)
  if (by === undefined) return []
  const known = ['alertname', ...by, ...Object.keys(rule.labels)]
  return Object.entries({ ...rule.labels, ...rule.annotations }).flatMap(([name, text]) =>
    labelsRead(text)
      .filter((label) => !known.includes(label))
      .map((label) => `${name}: its alerts have no label "${label}"; they have ${known.join(', ')}`),
  )
}

function neverHolds({ threshold, bounds: { least = -Infinity, most = Infinity } }: Rule): string[] {
  if (threshold?.side === 'above' && threshold.value >= most) return ['never fires: no value is above that']
  if (threshold?.side === 'below' && threshold.value <= least) return ['never fires: no value is below that']
  return []
}

/** In one group that is refused; over groups the alerts of both are one alert to everybody who is told. */
function sharedLabels(rule: Rule, before: readonly Rule[]): string[] {
  const labels = formatLabels(rule.labels)
  const twin = before.find((other) => other.name === rule.name && formatLabels(other.labels) === labels)
  return twin
    ? [`alerts of ${twin.group}/${twin.name} (${twin.place}) may have the same labels; give them one that differs`]
    : []
}

function hiddenColumns(rule: Rule): string[] {
  return (columnsOf(rule) ?? []).filter((column) => column in rule.labels).map(hiddenColumn)
}

/** The columns that tell the alerts of a rule about requests apart; undefined of others, whose answers have columns of their own. */
const columnsOf = (rule: Rule) => rule.question({ from: 0, to: rule.window_ms }).part?.scan.by

/** Two instances that differ in this column alone would be one. */
export const hiddenColumn = (column: string) =>
  `the label ${column} hides the column ${column} that tells its alerts apart; choose another name`
