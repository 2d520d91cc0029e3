/** Prometheus's relabelling: rules that rewrite the labels of what was found, or drop it. */
import { createHash } from 'node:crypto'
import { compileRegex, type Regex } from './regex.ts'
import { labelName, type RelabelConfig } from './relabel-config.ts'

export type LabelSet = Readonly<Record<string, string>>

/** The labels after all rules, or why there is no target. */
export type Relabelled = { labels: LabelSet } | { dropped: string }

export type Relabel = (labels: LabelSet) => Relabelled

/** Rules as one function. Throws RegexError for an expression that the schema would have refused. */
export function createRelabel(configs: readonly RelabelConfig[]): Relabel {
  const rules = configs.map((config, index) => ({ ...settled(config), name: `relabel_configs[${index}]` }))
  return (found) => {
    const labels = new Map(Object.entries(found).filter(([, value]) => value !== ''))
    for (const rule of rules) {
      const dropped = apply(rule, labels)
      if (dropped !== null) return { dropped: `${rule.name}, ${rule.action}: ${dropped}` }
    }
    return { labels: Object.fromEntries(labels) }
  }
}

interface Rule {
  action: RelabelConfig['action']
  sources: readonly string[]
  separator: string
  /** Null stands for the default, which matches anything. */
  regex: Regex | null
  written: string
  target: string
  replacement: string
  modulus: number
}

function settled(config: RelabelConfig): Rule {
  const written = config.regex ?? '(.*)'
  return {
    action: config.action,
    sources: config.source_labels ?? [],
    separator: config.separator ?? ';',
    regex: written === '(.*)' ? null : compileRegex(written),
    written,
    target: config.target_label ?? '',
    replacement: config.replacement ?? '$1',
    modulus: config.modulus ?? 0,
  }
}

/** Changes the labels; why the target is dropped, or null. */
function apply(rule: Rule, labels: Map<string, string>): string | null {
  const { sources, separator, target, action, written } = rule
  const value = sources.map((name) => labels.get(name) ?? '').join(separator)
  const shown = `${sources.join(separator)} is ${JSON.stringify(value.slice(0, 200))}`
  if (action === 'keep') return matches(rule, value) ? null : `${shown} and does not match ${written}`
  if (action === 'drop') return matches(rule, value) ? `${shown} and matches ${written}` : null
  const equal = (labels.get(target) ?? '') === value
  if (action === 'keepequal') return equal ? null : `${shown} and ${target} is not the same`
  if (action === 'dropequal') return equal ? `${shown} and ${target} is the same` : null
  changes[action](rule, labels, value)
  return null
}

type Change = (rule: Rule, labels: Map<string, string>, value: string) => void

/** What rules that drop nothing do. */
const changes: Record<Exclude<Rule['action'], 'keep' | 'drop' | 'keepequal' | 'dropequal'>, Change> = {
  replace(rule, labels, value) {
    const groups = groupsOf(rule, value)
    if (!groups) return
    const name = expand(rule.target, groups, rule.regex)
    if (labelName.test(name)) set(labels, name, expand(rule.replacement, groups, rule.regex))
  },
  lowercase: ({ target }, labels, value) => set(labels, target, value.toLowerCase()),
  uppercase: ({ target }, labels, value) => set(labels, target, value.toUpperCase()),
  // The last 8 bytes of the MD5, as Prometheus: shards of both then hold the same targets.
  hashmod: ({ target, modulus }, labels, value) =>
    set(labels, target, String(createHash('md5').update(value).digest().readBigUInt64BE(8) % BigInt(modulus))),
  labelmap(rule, labels) {
    for (const [name, text] of Array.from(labels)) {
      const groups = groupsOf(rule, name)
      if (groups) set(labels, expand(rule.replacement, groups, rule.regex), text)
    }
  },
  labeldrop(rule, labels) {
    for (const name of labels.keys()) if (matches(rule, name)) labels.delete(name)
  },
  labelkeep(rule, labels) {
    for (const name of labels.keys()) if (!matches(rule, name)) labels.delete(name)
  },
}

/** An empty label is none. */
function set(labels: Map<string, string>, name: string, text: string): void {
  if (text === '') labels.delete(name)
  else labels.set(name, text)
}

function groupsOf({ regex }: Rule, text: string): readonly (string | undefined)[] | null {
  return regex ? regex.match(text) : [text, text]
}

const matches = (rule: Rule, text: string) => groupsOf(rule, text) !== null

/** Go's templates: $1, ${1}, $name, ${name}, $$. The longest name counts, so `$1x` is the group `1x`, which is empty. */
function expand(template: string, groups: readonly (string | undefined)[], regex: Regex | null): string {
  return template.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    if (whole === '$$') return '$'
    const name = braced ?? bare ?? ''
    const number = /^\d+$/.test(name) ? Number(name) : regex?.names.get(name)
    return (number === undefined ? undefined : groups[number]) ?? ''
  })
}
