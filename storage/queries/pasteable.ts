/** A question as one text that people can paste into a console: its values stand where the parameters were. */
import type { Question } from './alert-scan.ts'

export function pasteable({ sql, params }: Pick<Question, 'sql' | 'params'>): string {
  return sql.replaceAll(/\{(\w+):([^{}]+)\}/g, (placeholder, name: string, type: string) =>
    Object.hasOwn(params, name) ? typed(params[name], type) : placeholder,
  )
}

function typed(value: unknown, type: string): string {
  if (!(value instanceof Date)) return `cast(${literal(value)}, ${quoted(type)})`
  const text = value.toISOString().slice(0, 23).replace('T', ' ')
  return type.startsWith('DateTime64')
    ? `toDateTime64('${text}', 3, 'UTC')`
    : `toDateTime('${text.slice(0, 19)}', 'UTC')`
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  return quoted(typeof value === 'string' ? value : JSON.stringify(value))
}

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
