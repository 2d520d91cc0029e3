/** Reads rule files. The parser that serves is the one that `check-config` runs. */
import { glob, readFile } from 'node:fs/promises'
import { dirname, isAbsolute, matchesGlob, relative, resolve } from 'node:path'
import { z } from 'zod'
import { errorCode } from '../records/error-code.ts'
import { durationMs } from '../records/duration.ts'
import { alertPresence } from '../storage/queries/alert-scan.ts'
import { filterColumns, type Filter } from '../storage/queries/where.ts'
import { duration, type AlertsConfig } from './config.ts'
import { kinds } from './kinds/index.ts'
import type { CommonRule, RuleKind } from './kinds/kind.ts'
import { formatLabels, type Labels } from './labels.ts'
import type { Rule, RuleGroup, Threshold } from './rule.ts'
import { usesValue } from './template.ts'
import { ConfigError, explainIssues, parseYaml, type Path, type YamlFile } from './yaml-file.ts'

const groupSchema = z.strictObject({
  name: z.string().min(1),
  interval: duration.default('30s').describe('Between two evaluations'),
  query_offset: duration.default('0s').describe('How far evaluations look into the past: how late data may come'),
  rules: z.array(z.unknown()).default([]),
})
const fileSchema = z.strictObject({ groups: z.array(groupSchema).default([]) })

const shippedRules = new URL('rules/default.yaml', import.meta.url).pathname

/** Every group of the configured files and, unless switched off, the shipped ones. Throws ConfigError. */
export async function loadRuleGroups(config: AlertsConfig, baseDir: string): Promise<RuleGroup[]> {
  const files = [...(config.shipped_rules ? [shippedRules] : []), ...(await ruleFiles(config.rules, baseDir))]
  return loadRuleFiles(files, baseDir)
}

/** Every group of these files; messages name them as seen from `baseDir`. Throws ConfigError. */
export async function loadRuleFiles(files: readonly string[], baseDir = process.cwd()): Promise<RuleGroup[]> {
  const results = await Promise.all(files.map((file) => readRuleFile(resolve(baseDir, file), baseDir)))
  const groups = results.flatMap((result) => result.groups)
  const problems = results.flatMap((result) => result.problems)
  for (const [index, { name, file }] of groups.entries()) {
    const first = groups.findIndex((group) => group.name === name)
    if (first < index)
      problems.push(`${file}: group "${name}" stands in ${groups[first]?.file} too; expected another name`)
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return groups
}

const wildcard = /[*?[{]/

/** The folders that hold the files of `alerts.rules`; of a pattern over several folders, the one that they stand in. */
export function ruleFolders({ rules }: AlertsConfig, baseDir: string): string[] {
  const fixed = rules.map((pattern) => `${pattern.split(wildcard, 1)[0] ?? ''}x`)
  return [...new Set(fixed.map((path) => resolve(baseDir, dirname(path))))]
}

/** Whether `alerts.rules` names this file. */
export function isRuleFile(file: string, { rules }: AlertsConfig, baseDir: string): boolean {
  return rules.some((pattern) => matchesGlob(file, resolve(baseDir, pattern)))
}

async function ruleFiles(patterns: string[], baseDir: string): Promise<string[]> {
  const found = new Set<string>()
  for (const pattern of patterns) {
    const before = found.size
    for await (const file of glob(pattern, { cwd: baseDir })) found.add(resolve(baseDir, file))
    // A pattern may match nothing yet; a file that is named must be there.
    if (found.size === before && !wildcard.test(pattern) && !found.has(resolve(baseDir, pattern)))
      throw new ConfigError(`alerts.rules: "${pattern}" is not there; expected a file relative to ${baseDir}`)
  }
  return [...found].sort()
}

interface Parsed {
  groups: RuleGroup[]
  problems: string[]
}

async function readRuleFile(file: string, baseDir: string): Promise<Parsed> {
  const inside = relative(baseDir, file)
  const name = file === shippedRules ? 'shipped rules' : inside.startsWith('..') || isAbsolute(inside) ? file : inside
  try {
    return parseRuleFile(await readFile(file, 'utf8'), name)
  } catch (error) {
    if (error instanceof ConfigError) return { groups: [], problems: [error.message] }
    return { groups: [], problems: [`${name}: cannot be read (${errorCode(error)})`] }
  }
}

/** Throws ConfigError on text that is not YAML; anything else wrong is a problem. `name` stands in messages. */
export function parseRuleFile(text: string, name: string): Parsed {
  const file = parseYaml(text, name)
  const parsed = fileSchema.safeParse(file.value)
  if (!parsed.success) {
    const known = (path: Path) => Object.keys((path.length < 2 ? fileSchema : groupSchema).shape)
    return { groups: [], problems: explainIssues(file, [], known, parsed.error.issues) }
  }
  const problems: string[] = []
  const groups = parsed.data.groups.map((group, index): RuleGroup => {
    const rules = group.rules.flatMap((rule, position) => {
      const result = parseRule(file, ['groups', index, 'rules', position], rule, group.name)
      if (Array.isArray(result)) problems.push(...result)
      return Array.isArray(result) ? [] : [result]
    })
    if (durationMs(group.interval) < 1000)
      problems.push(`${file.where(['groups', index, 'interval'])}: expected 1s or more; found "${group.interval}"`)
    return {
      name: group.name,
      file: name,
      interval_ms: durationMs(group.interval),
      query_offset_ms: durationMs(group.query_offset),
      rules: withIds(rules, (rule, twin) =>
        problems.push(
          `${name}: group "${group.name}" has alert "${rule.name}" twice with the labels ${formatLabels(twin.labels)}; expected labels that differ`,
        ),
      ),
    }
  })
  return { groups, problems }
}

/** The rule, or what is wrong with it. */
function parseRule(file: YamlFile, path: Path, raw: unknown, group: string): Rule | string[] {
  const kind = kindOf(file, path, raw)
  if (typeof kind === 'string') return [kind]
  const parsed = kind.schema.safeParse(raw)
  if (!parsed.success) return explainIssues(file, path, (inner) => keysOf(kind.schema, inner), parsed.error.issues)
  const problems = problemsOf(file, path, parsed.data, kind)
  return problems.length > 0
    ? problems
    : compile(kind, parsed.data, group, { file: file.name, place: file.place(path), yaml: file.text(path) })
}

function kindOf(file: YamlFile, path: Path, raw: unknown): RuleKind | string {
  const rule = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {}
  const name = rule['kind'] ?? ('sql' in rule ? 'sql' : undefined)
  const found = kinds.find((kind) => kind.name === name)
  if (found) return found
  const names = kinds.map((kind) => kind.name).join(', ')
  if (name === undefined) return `${file.where(path)}: expected \`kind\` (${names}) or \`sql\`; found neither`
  return `${file.where([...path, 'kind'])}: expected one of ${names}; found ${JSON.stringify(name)}`
}

function problemsOf(file: YamlFile, path: Path, rule: CommonRule, kind: RuleKind): string[] {
  const problems: string[] = []
  if (rule.above !== undefined && rule.below !== undefined)
    problems.push(`${file.where(path)}: expected \`above\` or \`below\`; found both`)
  if (rule.above === undefined && rule.below === undefined && kind.threshold !== 'none' && kind.name !== 'sql')
    problems.push(`${file.where(path)}: expected \`above\` or \`below\`; found neither`)
  if (windowOf(kind, rule) <= 0) problems.push(`${file.where([...path, 'window'])}: expected more than 0`)
  for (const [name, text] of Object.entries(rule.labels)) {
    const where = file.where([...path, 'labels', name])
    if (name === 'alertname') problems.push(`${where}: is always the alert's name; expected another label`)
    if (usesValue(text))
      problems.push(`${where}: a label with the value in it makes a new alert each time; expected it in an annotation`)
  }
  return problems
}

function compile(kind: RuleKind, rule: CommonRule, group: string, source: Pick<Rule, 'file' | 'place' | 'yaml'>): Rule {
  const threshold = thresholdOf(rule)
  return {
    id: rule.alert,
    name: rule.alert,
    group,
    kind: kind.name,
    unit: typeof kind.unit === 'string' ? kind.unit : kind.unit.of(rule),
    ...source,
    for_ms: durationMs(rule.for),
    keep_firing_for_ms: durationMs(rule.keep_firing_for),
    window_ms: windowOf(kind, rule),
    threshold,
    bounds: kind.bounds ?? {},
    limit: rule.limit,
    no_data: { action: rule.no_data.action, for_ms: durationMs(rule.no_data.for) },
    on_error: { action: rule.on_error.action, for_ms: durationMs(rule.on_error.for) },
    cautions: kind.cautions?.(rule) ?? [],
    labels: rule.labels,
    annotations: rule.annotations,
    question: (range) => kind.question(rule, threshold, range),
    measure: (range) => kind.question(rule, null, range),
    presence(range) {
      const own = kind.presence?.(rule, range)
      if (own) return own
      const anything = kind.question(rule, null, range)
      return anything.part ? alertPresence(anything.part.scan) : anything
    },
    filter: filterOf(rule),
    own: kind.own && ((readings) => kind.own?.(rule, threshold, readings) ?? []),
    told_once: kind.latched !== undefined,
    latched: (labels, at) => kind.latched?.(rule, labels, at) ?? false,
    ...(kind.outranks && {
      outranks: (labels: Labels, others: Labels) => kind.outranks?.(rule, labels, others) ?? false,
    }),
    ...(kind.slo ? { slo: kind.slo(rule) } : {}),
    ...(kind.budget ? { budget: kind.budget(rule) } : {}),
  }
}

/** Only where all that it says can be said of requests too. */
function filterOf(rule: CommonRule): Filter | null {
  if (!('where' in rule) || typeof rule.where !== 'object' || rule.where === null) return null
  const columns: readonly string[] = filterColumns
  return Object.keys(rule.where).every((column) => columns.includes(column)) ? rule.where : null
}

function windowOf(kind: RuleKind, rule: CommonRule): number {
  return kind.windowMs?.(rule) ?? durationMs(rule.window ?? '0s')
}

function thresholdOf({ above, below }: CommonRule): Threshold | null {
  if (above !== undefined) return { side: 'above', value: above }
  return below === undefined ? null : { side: 'below', value: below }
}

/** A second rule of a name gets `#2`; two that can't be told apart by labels are refused. */
function withIds(rules: Rule[], onTwin: (rule: Rule, twin: Rule) => void): Rule[] {
  return rules.map((rule, index) => {
    const twins = rules.slice(0, index).filter((other) => other.name === rule.name)
    const twin = twins.find((other) => formatLabels(other.labels) === formatLabels(rule.labels))
    if (twin) onTwin(rule, twin)
    return twins.length > 0 ? { ...rule, id: `${rule.name}#${twins.length + 1}` } : rule
  })
}

/** The keys that may stand at a path of a rule. */
function keysOf(schema: unknown, path: Path): readonly string[] {
  if (path[0] === 'no_data' || path[0] === 'on_error') return ['action', 'for']
  const rule = schema instanceof z.ZodPipe ? schema.in : schema
  const shape: Record<string, unknown> = rule instanceof z.ZodObject ? rule.shape : {}
  return path[0] === 'where' ? keysOfRecord(shape['where']) : Object.keys(shape)
}

function keysOfRecord(schema: unknown): readonly string[] {
  const record = schema instanceof z.ZodDefault ? schema.unwrap() : schema
  const key = record instanceof z.ZodRecord ? record.keyType : null
  return key instanceof z.ZodEnum ? key.options.map(String) : []
}
