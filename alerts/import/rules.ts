/** Rule files in Prometheus's shape whose expressions are our SQL. */
import { stringify } from 'yaml'
import { z } from 'zod'
import { durationMs } from '../../records/duration.ts'
import { formatLabels } from '../labels.ts'
import { parseRuleFile } from '../rule-file.ts'
import { usesValue } from '../template.ts'
import { texts } from '../texts.ts'
import { ConfigError, explainIssues, type Path, type YamlFile } from '../yaml-file.ts'
import { translateTemplate } from './go-template.ts'
import type { Imported, Importer } from './importer.ts'

const foreignRule = z.looseObject({
  alert: z.string().optional(),
  record: z.string().optional(),
  expr: z.union([z.string(), z.number()]).transform(String),
  for: z.string().optional(),
  keep_firing_for: z.string().optional(),
  labels: texts.nullish(),
  annotations: texts.nullish(),
})

const foreignGroup = z.looseObject({
  name: z.string().min(1),
  interval: z.string().optional(),
  query_offset: z.string().optional(),
  limit: z.number().optional(),
  labels: texts.nullish(),
  rules: z.array(foreignRule).nullish(),
})

const foreignFile = z.looseObject({ groups: z.array(foreignGroup).nullable() })

type ForeignRule = z.output<typeof foreignRule>
type ForeignGroup = z.output<typeof foreignGroup>

export const prometheusRules: Importer = {
  name: 'rules of Prometheus or vmalert',
  key: 'groups',
  convert,
}

/** Where a note is written down, for one place of the file. */
type Note = (path: Path, text: string) => void

function convert(file: YamlFile): Imported {
  const parsed = foreignFile.safeParse(file.value)
  if (!parsed.success) throw new ConfigError(explainIssues(file, [], () => [], parsed.error.issues).join('\n'))
  const notes: string[] = []
  const note: Note = (path, text) => notes.push(`${file.place(path)}: ${text}`)
  const foreign = parsed.data.groups ?? []
  const groups = foreign.map((group, index) => convertGroup(group, ['groups', index], note))
  const count = (lists: readonly { rules?: readonly unknown[] | null | undefined }[]) =>
    lists.reduce((sum, { rules }) => sum + (rules?.length ?? 0), 0)
  const kept = groups.filter(({ rules }) => rules.length > 0)
  const text = `# Made of ${file.name} by \`inferwatch alerts import\`.\n${stringify({ groups: kept }, { lineWidth: 0 })}`
  return { text, summary: `${count(kept)} of ${count(foreign)} rules`, notes }
}

type OurRule = Record<string, unknown>

const groupKeys: ReadonlySet<string> = new Set(Object.keys(foreignGroup.shape))
const ruleKeys: ReadonlySet<string> = new Set(Object.keys(foreignRule.shape))

function convertGroup(group: ForeignGroup, path: Path, note: Note): { name: string; rules: OurRule[] } & object {
  for (const key of Object.keys(group))
    if (!groupKeys.has(key)) note([...path, key], `${key} has no counterpart: left out`)
  const times = {
    ...durationOf('interval', group.interval, path, note),
    ...durationOf('query_offset', group.query_offset, path, note),
  }
  const seen = new Map<string, string>()
  const rules = (group.rules ?? []).flatMap((rule, index) => {
    const place = [...path, 'rules', index]
    const converted = convertRule({ ...rule, labels: { ...group.labels, ...rule.labels } }, place, note)
    // Theirs is the group's, and holds for each of its rules; 0 is none.
    const ours = converted && group.limit ? { ...converted, limit: group.limit } : converted
    return ours && isSound(ours, seen, place, note) ? [ours] : []
  })
  return { name: group.name, ...times, rules }
}

/** Null when nothing of it can be carried over. */
function convertRule(rule: ForeignRule, path: Path, note: Note): OurRule | null {
  if (rule.record !== undefined)
    return leave(path, `recording rule ${rule.record}: there are none; ask in the alert's SQL`, note)
  if (rule.alert === undefined) return leave(path, 'a rule without `alert`', note)
  const expr = [...path, 'expr']
  if (!isSql(rule.expr))
    return leave(expr, `${rule.alert}: PromQL cannot be carried over: write it as SQL, or as one of our kinds`, note)
  for (const key of Object.keys(rule))
    if (!ruleKeys.has(key)) note([...path, key], `${key} has no counterpart: left out`)
  const sql = withoutClock(rule.expr)
  if (sql.clock) note(expr, 'the time of the evaluation, {to:DateTime64(3)}, stands where the clock was asked')
  return {
    alert: rule.alert,
    sql: sql.text,
    ...durationOf('for', rule.for, path, note),
    ...durationOf('keep_firing_for', rule.keep_firing_for, path, note),
    ...textsOf('labels', rule.labels ?? {}, path, note),
    ...textsOf('annotations', rule.annotations ?? {}, path, note),
  }
}

function leave(path: Path, why: string, note: Note): null {
  note(path, `${why}: not carried over`)
  return null
}

/** The parser that serves has the last word. */
function isSound(rule: OurRule, seen: Map<string, string>, path: Path, note: Note): boolean {
  const { groups, problems } = parseRuleFile(JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }), '')
  const [parsed] = groups[0]?.rules ?? []
  for (const problem of problems)
    note(
      path,
      `${String(rule['alert'])}: not carried over: ${problem.replace(/^:1: groups\.0\.rules\.0\.?/, '').replace(/^: /, '')}`,
    )
  if (!parsed) return false
  const identity = `${parsed.name} ${formatLabels(parsed.labels)}`
  if (seen.has(identity)) {
    note(
      path,
      `${parsed.name}: not carried over: a rule above has the same name and labels; give them one that differs`,
    )
    return false
  }
  seen.set(identity, identity)
  return true
}

const comment = /^(?:\s+|--[^\n]*\n|\/\*[^]*?\*\/|\()+/

function isSql(expr: string): boolean {
  return /^(select|with)\b/i.test(expr.replace(comment, ''))
}

const clocks: Readonly<Record<string, string>> = {
  now: '{to:DateTime64(3)}',
  now64: '{to:DateTime64(3)}',
  nowinblock: '{to:DateTime64(3)}',
  current_timestamp: '{to:DateTime64(3)}',
  today: 'toDate({to:DateTime64(3)})',
  current_date: 'toDate({to:DateTime64(3)})',
  yesterday: '(toDate({to:DateTime64(3)}) - 1)',
}

/** An evaluation must give the same answer later; quoted text and comments stay as they are. */
function withoutClock(expr: string): { text: string; clock: boolean } {
  let clock = false
  const token =
    /'(?:[^'\\]|\\.)*'|--[^\n]*|\/\*[^]*?\*\/|\b(now|now64|nowInBlock|today|yesterday|current_timestamp|current_date)\s*\([^()]*\)/gi
  const text = expr
    .trim()
    .replace(/;$/, '')
    .replace(token, (whole, name: string | undefined) => {
      if (name === undefined) return whole
      clock = true
      return clocks[name.toLowerCase()] ?? whole
    })
  return { text, clock }
}

/** In our words: `1h30m` is `90m`. */
function durationOf(key: string, written: string | undefined, path: Path, note: Note): Record<string, string> {
  if (written === undefined) return {}
  const ms = foreignDurationMs(written)
  if (ms !== null) return { [key]: durationText(ms) }
  note([...path, key], `${key}: ${JSON.stringify(written)} is no duration: left out`)
  return {}
}

function foreignDurationMs(text: string): number | null {
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) return text === '0' ? 0 : null
  const days: Record<string, number> = { w: 7, y: 365 }
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, count, unit = 's']) => {
    const inDays = days[unit]
    return sum + Number(count) * (inDays === undefined ? durationMs(`1${unit}`) : inDays * durationMs('1d'))
  }, 0)
}

function durationText(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((one) => ms > 0 && ms % durationMs(`1${one}`) === 0)
  return unit ? `${ms / durationMs(`1${unit}`)}${unit}` : ms === 0 ? '0s' : `${ms}ms`
}

function textsOf(key: 'labels' | 'annotations', from: Record<string, string>, path: Path, note: Note) {
  const ours: Record<string, string> = {}
  for (const [name, template] of Object.entries(from)) {
    const place = [...path, key, name]
    const { text, notes } = translateTemplate(template)
    for (const one of notes) note(place, `${name}: ${one}`)
    if (text === null) note(place, `${name}: not carried over`)
    else if (key === 'labels' && usesValue(text))
      note(place, `${name}: not carried over: a label with the value in it makes a new alert each time`)
    else ours[name] = text
  }
  return Object.keys(ours).length > 0 ? { [key]: ours } : {}
}
