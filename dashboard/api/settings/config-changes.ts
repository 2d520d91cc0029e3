/** What a reload of the configuration changed, in words that hold no secret, and the mark that tells of it. */
import { createHash } from 'node:crypto'
import { isSecret, type Config } from '../../../config.ts'
import { durationPattern } from '../../../records/duration.ts'
import type { Annotation } from '../../../records/annotation.ts'
import type { Path } from '../../../alerts/yaml-file.ts'
import type { RuleStatus } from '../../../alerts/index.ts'

/** One line for each key that differs: `endpoints[chat].gpu_hour_usd: 2.5 → 3`. */
export function configChanges(before: Config, after: Config): string[] {
  return differences(before, after, [])
}

function differences(before: unknown, after: unknown, path: Path): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const [old, now] = [partsOf(before), partsOf(after)]
  if (old === null || now === null) return [`${nameOf(path)}: ${turned(path, before, after)}`]
  const keys = new Set([...old.keys(), ...now.keys()])
  return [...keys].flatMap((key) => differences(old.get(key), now.get(key), [...path, key]))
}

/** What is in an object by its keys, what is in a list by names or places; null of a plain value. */
function partsOf(value: unknown): Map<string | number, unknown> | null {
  if (value === null || typeof value !== 'object') return null
  if (!Array.isArray(value)) return new Map(Object.entries(value))
  const named = value.map((item: unknown, index) => [`[${wordOf(item) ?? index}]`, item] as const)
  return new Map(named)
}

/** By what people know an item of a list. */
function wordOf(item: unknown): string | null {
  if (item === null || typeof item !== 'object') return null
  const { name, alert } = item as { name?: unknown; alert?: unknown }
  return typeof name === 'string' ? name : typeof alert === 'string' ? alert : null
}

const nameOf = (path: Path) => path.join('.').replaceAll('.[', '[')

function turned(path: Path, before: unknown, after: unknown): string {
  if (before === undefined) return 'added'
  if (after === undefined) return 'removed'
  const [old, now] = [shown(before), shown(after)]
  return old === null || now === null || isSecret(path) ? 'changed' : `${old} → ${now}`
}

/** Of texts only words and durations: an address may hold a password, and anything longer may be one. */
function shown(value: unknown): string | null {
  if (typeof value !== 'string') return value !== null && typeof value === 'object' ? null : JSON.stringify(value)
  return /^[a-z][a-z_-]{0,15}$/.test(value) || durationPattern.test(value) ? value : null
}

type NamedRule = Pick<RuleStatus, 'group' | 'id' | 'yaml'>

/** One line for each alert rule that is new, gone or written differently. */
export function ruleChanges(before: readonly NamedRule[], after: readonly NamedRule[]): string[] {
  const byName = (rules: readonly NamedRule[]) => new Map(rules.map(({ group, id, yaml }) => [`${group}/${id}`, yaml]))
  const [old, now] = [byName(before), byName(after)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => `rule ${name}: ${!old.has(name) ? 'added' : !now.has(name) ? 'removed' : 'changed'}`)
}

const minute = 60_000
const mostShown = 2
const longestText = 4000

/** Null when nothing changed. Several processes that read the same change within a minute make one mark of it. */
export function reloadMark(lines: readonly string[], now: number): Annotation | null {
  const [first] = lines
  if (first === undefined) return null
  const text = lines.join('\n').slice(0, longestText)
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const names = lines.slice(0, mostShown).map((line) => line.slice(0, line.lastIndexOf(': ')))
  const others = lines.length - names.length
  return {
    id: `config-${Math.floor(now / minute)}-${digest}`,
    timestamp: now,
    end_timestamp: null,
    kind: 'config',
    title: `Configuration: ${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`.slice(0, 200),
    text,
    labels: {},
    url: '',
    created_by: 'configuration',
  }
}
