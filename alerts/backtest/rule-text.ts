/** One rule out of text that somebody is writing: a whole rule file, or a rule alone. */
import { parseRuleFile } from '../rule-file.ts'
import type { Rule, RuleGroup } from '../rule.ts'
import { ConfigError, parseYaml } from '../yaml-file.ts'

export interface WrittenRule {
  rule: Rule
  group: RuleGroup
}

const head = 'groups:\n  - name: rule\n    rules:\n'
const headLines = 3

/** `name` chooses among several. Throws ConfigError, one line per thing to mend, with lines of the text as it was sent. */
export function parseWrittenRule(text: string, name?: string): WrittenRule {
  const alone = !/^groups\s*:/m.test(text)
  // Says where, in the text as it was sent.
  if (alone) parseYaml(text, 'rule')
  const { groups, problems } = parseRuleFile(alone ? wrapped(text) : text, 'rule')
  if (problems.length > 0) throw new ConfigError(problems.map((line) => (alone ? unwrapped(line) : line)).join('\n'))
  const found = groups.flatMap((group) => group.rules.map((rule) => ({ rule, group })))
  const wanted = name === undefined ? found : found.filter(({ rule }) => rule.id === name || rule.name === name)
  const [first] = wanted
  const names = found.map(({ rule }) => rule.id).join(', ')
  if (!first)
    throw new ConfigError(name === undefined ? 'there is no rule' : `there is no rule ${name}; known: ${names}`)
  if (wanted.length > 1) throw new ConfigError(`there are several rules; name one of: ${names}`)
  return first
}

function wrapped(text: string): string {
  const lines = text.split('\n').map((line) => `        ${line}`)
  return `${head}      -\n${lines.join('\n')}`
}

function unwrapped(problem: string): string {
  return problem
    .replace(/^rule:(\d+)/, (_, line: string) => `rule:${Math.max(1, Number(line) - headLines - 1)}`)
    .replace('groups.0.rules.0.', '')
    .replace(': groups.0.rules.0:', ':')
}
