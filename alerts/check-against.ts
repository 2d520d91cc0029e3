/** Checks rules against a database: whether their queries explain, with the columns that alerts are made of. */
import { StorageError, type Db } from '../storage/client.ts'
import { countAlertRequests } from '../storage/queries/alert-requests.ts'
import { sqlMistake } from '../storage/sql-error.ts'
import { hiddenColumn, warningText } from './check.ts'
import type { Rule } from './rule.ts'

export interface Findings {
  /** What keeps a rule from working. */
  problems: string[]
  warnings: string[]
}

interface Column {
  name: string
  type: string
}

/** How far back requests are looked for that a rule's `where` takes. */
const lookBackMs = 7 * 86_400_000

/** Nothing is evaluated. Throws StorageError when the database is away. `now` in epoch ms. */
export async function checkAgainst(reader: Db, rule: Rule, now: number, signal: AbortSignal): Promise<Findings> {
  const { sql, params, part } = rule.question({ from: now - rule.window_ms, to: now })
  try {
    const columns = await reader.query<Column>(`describe (${sql}\n)`, params, { signal })
    const findings = part ? { problems: [], warnings: [] } : columnFindings(rule, columns)
    if (part && Object.keys(part.scan.where).length > 0) {
      const whole = { ...part.scan, by: [] }
      const count = await countAlertRequests(reader, whole, {}, { from: now - lookBackMs, to: now }, signal)
      if (count === 0) findings.warnings.push('no request of the last 7 days is in its `where`')
    }
    return said(rule, findings)
  } catch (error) {
    if (!(error instanceof StorageError) || error.retryable || !/^\d+$/.test(error.code)) throw error
    return said(rule, { problems: [sqlMistake(sql, error.message).message], warnings: [] })
  }
}

function columnFindings(rule: Rule, columns: readonly Column[]): Findings {
  const problems: string[] = []
  const warnings: string[] = []
  const value = columns.find(({ name }) => name === 'value')
  if (!value) problems.push('the query has no column `value`')
  else if (!numbers.test(plain(value.type))) problems.push(`column \`value\` is ${value.type}; expected a number`)
  for (const { name, type } of columns) {
    if (name === 'value' || name === 'details') continue
    if (/^(Array|Map|Tuple|Nested|JSON|Variant|Dynamic)\b/.test(type))
      problems.push(`column \`${name}\` is ${type}; labels are texts or numbers`)
    if (/^(DateTime|Date|Time|Float)/.test(plain(type)))
      warnings.push(`column \`${name}\` is ${type}: every value of it makes an alert of its own`)
    if (name in rule.labels) warnings.push(hiddenColumn(name))
  }
  return { problems, warnings }
}

const numbers = /^(U?Int\d+|Float\d+|BFloat16|Decimal|Bool|Nothing)/
const plain = (type: string) => type.replace(/^(?:(?:LowCardinality|Nullable)\()+/, '')

function said(rule: Rule, { problems, warnings }: Findings): Findings {
  const text = (finding: string) => warningText(rule, finding)
  return { problems: problems.map(text), warnings: warnings.map(text) }
}
