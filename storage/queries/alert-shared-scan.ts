/**
 * One SELECT for many rules: those over the same window, columns and filter, also when they filter one column by different values.
 * Each measure is a column of it, thresholds are applied to its rows, and each rule gets the very rows that its own SELECT gives.
 */
import type { AlertScan, Measure, Question, ScanPart } from './alert-scan.ts'
import { where, type ColumnFilter, type FilterColumn } from './where.ts'

export type ScanRow = Record<string, unknown>

export interface SharedScan {
  question: Question
  /** Of the parts that were asked about, by index: at least two. */
  members: readonly number[]
  /** For each member in their order, the rows that its own question would give. Null: too many to tell, ask one by one. */
  distribute(rows: readonly ScanRow[]): ScanRow[][] | null
}

/** Above this, what is shared costs more than it saves. */
const mostRows = 100_000
/** The values of their filters travel in the query's address, which has a limit. */
const mostMembers = 1_000

/** The scans that answer two or more of these. What is in none is better asked by itself. */
export function sharedScans(parts: readonly (ScanPart | undefined)[]): SharedScan[] {
  const members = parts.flatMap((part, index): Member[] => (part ? [{ index, part, shape: shapeOf(part.scan) }] : []))
  const alike = Map.groupBy(members, ({ part, shape }) => `${part.scan.range.from} ${part.scan.range.to} ${shape.key}`)
  return [...alike.values()]
    .flatMap((same) => chunks(same, mostMembers))
    .filter((same) => same.length > 1)
    .map(share)
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}

interface Shape {
  by: AlertScan['by']
  /** Equal for scans of one window that can be one. */
  key: string
  /** Columns that tell apart which rows are whose: filtered by one value, or by several that become labels. */
  pivots: FilterColumn[]
  filter: Map<FilterColumn, string[]>
}

interface Member {
  index: number
  part: ScanPart
  shape: Shape
}

/** By filter: that of a rule is one object at every evaluation. */
const shapes = new WeakMap<ColumnFilter, Shape>()

function shapeOf({ by, where: filter }: AlertScan): Shape {
  const known = shapes.get(filter)
  if (known?.by === by) return known
  const shape = newShape(by, filter)
  shapes.set(filter, shape)
  return shape
}

function newShape(by: AlertScan['by'], filter: ColumnFilter): Shape {
  const values = new Map(
    Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([column, value]) => [column as FilterColumn, [...new Set([value].flat())].toSorted()]),
  )
  const columns = [...values.keys()].toSorted()
  const pivots = columns.filter((column) => values.get(column)?.length === 1 || by.includes(column))
  const fixed = columns.filter((column) => !pivots.includes(column)).map((column) => [column, values.get(column)])
  const grouped = [...new Set([...by, ...pivots])].toSorted()
  return { by, key: JSON.stringify([grouped, pivots, fixed]), pivots, filter: values }
}

function share(members: Member[]): SharedScan {
  const [first] = members as [Member, ...Member[]]
  const varying = first.shape.pivots.filter((column) => differ(members, column))
  const filter: ColumnFilter = {}
  for (const [column, values] of first.shape.filter)
    filter[column] = varying.includes(column) ? union(members, column) : values
  const condition = where(filter, first.part.scan.range)
  const grouped = [...new Set([...members.flatMap(({ part }) => part.scan.by), ...varying])]
  const measures = new Measures(members.map(({ part }) => part))
  const sql = `select ${[...grouped, ...measures.columns].join(', ')}
from requests
where ${condition.sql}${among(grouped, measures.beyond, where({}, first.part.scan.range).sql)}
${grouped.length > 0 ? `group by ${grouped.join(', ')}\n` : ''}having ${measures.having}
limit {row_limit:UInt32}`
  const params = { ...condition.params, ...measures.params, row_limit: mostRows + 1 }
  return {
    question: { sql, params },
    members: members.map(({ index }) => index),
    distribute(rows) {
      if (rows.length > mostRows) return null
      const rowsOf = indexed(rows, varying)
      return members.map(({ part, shape }) => {
        const asked = varying.map((column) => shape.filter.get(column) ?? [])
        return measures.answer(part, rowsOf(asked))
      })
    },
  }
}

/**
 * Only groups with a value beyond a bound, where no others can give a row: to group by several columns takes most of the time, and
 * while all is well there are few. Two groups of one hash are both looked at.
 */
function among(grouped: readonly string[], beyond: string | null, range: string): string {
  if (beyond === null || grouped.length < 2) return ''
  // Of each column by itself: that takes as many hashes as the column has values, not rows.
  const hash = grouped
    .map((column, index) => `bitRotateLeft(cityHash64(${column}), ${index % 64})`)
    .reduce((hashes, next) => `bitXor(${hashes}, ${next})`)
  return `\n  and ${hash} global in (select ${hash} from requests where ${range} and (${beyond}))`
}

function differ(members: readonly Member[], column: FilterColumn): boolean {
  const valuesOf = ({ shape }: Member) => shape.filter.get(column) ?? []
  const [first = [], ...rest] = members.map(valuesOf)
  return rest.some((values) => values.length !== first.length || values.some((value, index) => value !== first[index]))
}

function union(members: readonly Member[], column: FilterColumn): string[] {
  return [...new Set(members.flatMap(({ shape }) => shape.filter.get(column) ?? []))]
}

/** Finds the rows that have one of the asked values in each column. */
function indexed(rows: readonly ScanRow[], columns: readonly string[]): (asked: string[][]) => ScanRow[] {
  if (columns.length === 0) return () => [...rows]
  const byValues = Map.groupBy(rows, (row) => JSON.stringify(columns.map((column) => row[column])))
  return (asked) => combinations(asked).flatMap((values) => byValues.get(JSON.stringify(values)) ?? [])
}

function combinations(asked: readonly string[][]): string[][] {
  return asked.reduce<string[][]>(
    (known, values) => known.flatMap((one) => values.map((value) => [...one, value])),
    [[]],
  )
}

/** The distinct measures of some scans as columns `v0`, `n0`, `v1` …: the value and the requests behind it. */
class Measures {
  readonly columns: string[] = []
  readonly params: Record<string, unknown> = {}
  readonly having: string
  /** Holds for the values that make a group give a row at all; null when others may too. */
  readonly beyond: string | null
  readonly #numbers = new Map<string, number>()
  readonly #quantiles = new Map<string, { name: string; levels: number[] }>()

  constructor(parts: readonly ScanPart[]) {
    const ofMeasure = [...Map.groupBy(parts, ({ measure }) => keyOf(measure)).values()]
    const tails = ofMeasure.map((same): [Measure, Tail | null] => [(same as [ScanPart])[0].measure, tailOf(same)])
    for (const [measure, tail] of tails) if (measure.quantile && !tail) this.#addLevel(measure.quantile)
    for (const { name, levels } of this.#quantiles.values())
      for (const [index, level] of levels.entries()) this.params[`${name}_${index}`] = level
    for (const [measure, tail] of tails) this.#add(measure, tail)
    const bounds = tails.flatMap(([measure, tail]) => (tail ? [isInTail(tail, this.#numberOf(measure))] : []))
    this.beyond = bounds.length === tails.length ? bounds.join(' or ') : null
    const alike = Map.groupBy(parts, ({ measure, scan }) => `${this.#numberOf(measure)} ${scan.threshold?.side}`)
    this.having = [...alike.values()].map((group, index) => this.#loosest(group, index)).join(' or ')
  }

  /** The rows as the part's own question gives them: those that are beyond its threshold. */
  answer({ measure, scan }: ScanPart, rows: readonly ScanRow[]): ScanRow[] {
    const number = this.#numberOf(measure)
    return rows.flatMap((row) => {
      const value = row[`v${number}`]
      const requests = Number(row[`n${number}`])
      if (value === null || requests < scan.min_requests || !isBeyond(Number(value), scan)) return []
      return [{ ...Object.fromEntries(scan.by.map((column) => [column, row[column]])), value, requests }]
    })
  }

  #numberOf(measure: Measure): number {
    return this.#numbers.get(keyOf(measure)) ?? -1
  }

  #addLevel({ column, level }: { column: string; level: number }): void {
    const known = this.#quantiles.get(column) ?? { name: `level_${this.#quantiles.size}`, levels: [] }
    if (!known.levels.includes(level)) known.levels.push(level)
    this.#quantiles.set(column, known)
  }

  #add(measure: Measure, tail: Tail | null): void {
    const number = this.#numbers.size
    this.#numbers.set(keyOf(measure), number)
    const value = tail
      ? this.#quantileIn(tail, number)
      : measure.quantile
        ? this.#quantileOf(measure.quantile)
        : this.#bound(measure, measure.value, number)
    this.columns.push(`${value} as v${number}`, `${this.#bound(measure, measure.requests, number)} as n${number}`)
  }

  /** From the values beyond the bound alone, which are few while all is well; null when it isn't one of them: no rule asks for it. */
  #quantileIn({ column, level, side, bound }: Tail, number: number): string {
    this.params[`level_of_${number}`] = level
    this.params[`tail_${number}`] = bound
    const all = `count(${column})`
    const tail = `groupArrayIf(${column}, ${isInTail({ column, side }, number)})`
    // Where quantileExact looks in the sorted values, counted from 0.
    const place = `toUInt64({level_of_${number}:Float64} * ${all})`
    const [holds, index] =
      side === 'above'
        ? [`${place} + length(${tail}) >= ${all}`, `${place} + length(${tail}) - ${all} + 1`]
        : [`${place} < length(${tail})`, `${place} + 1`]
    return `if(${all} > 0 and ${holds}, arraySort(${tail})[${index}], null)`
  }

  /** All levels of a column come from one sorting of it. */
  #quantileOf({ column, level }: { column: string; level: number }): string {
    const { name, levels } = this.#quantiles.get(column) ?? { name: '', levels: [] }
    const bound = levels.map((_, index) => `{${name}_${index}:Float64}`).join(', ')
    // An array is never null: without a value there is none to take.
    return `if(count(${column}) = 0, null, quantilesExact(${bound})(${column})[${levels.indexOf(level) + 1}])`
  }

  /** Two measures may call different values by the same name. */
  #bound({ params = {} }: Measure, text: string, number: number): string {
    return Object.entries(params).reduce((sql, [name, value]) => {
      if (!sql.includes(`{${name}:`)) return sql
      this.params[`m${number}_${name}`] = value
      return sql.replaceAll(`{${name}:`, `{m${number}_${name}:`)
    }, text)
  }

  /** Holds for every row that any of the parts wants. */
  #loosest(parts: readonly ScanPart[], index: number): string {
    const [first] = parts as [ScanPart, ...ScanPart[]]
    const number = this.#numberOf(first.measure)
    this.params[`fewest_${index}`] = Math.min(...parts.map(({ scan }) => scan.min_requests))
    const conditions = [`n${number} >= {fewest_${index}:UInt64}`, `v${number} is not null`]
    const thresholds = parts.flatMap(({ scan }) => scan.threshold?.value ?? [])
    if (first.scan.threshold) {
      const above = first.scan.threshold.side === 'above'
      this.params[`bound_${index}`] = above ? Math.min(...thresholds) : Math.max(...thresholds)
      conditions.push(`v${number} ${above ? '>' : '<'} {bound_${index}:Float64}`)
    }
    return `(${conditions.join(' and ')})`
  }
}

/** The values that a quantile can be told from, as long as it is beyond the bound itself. */
interface Tail {
  column: string
  level: number
  side: 'above' | 'below'
  /** The loosest of the thresholds. */
  bound: number
}

const isInTail = ({ column, side }: Pick<Tail, 'column' | 'side'>, number: number) =>
  `${column} ${side === 'above' ? '>' : '<'} {tail_${number}:Float64}`

/** Of parts with one measure: null when some of them want values that are not beyond a bound. */
function tailOf(parts: readonly ScanPart[]): Tail | null {
  const quantile = parts[0]?.measure.quantile
  const thresholds = parts.flatMap(({ scan }) => scan.threshold ?? [])
  const side = thresholds[0]?.side
  if (!quantile || quantile.level >= 1 || side === undefined || thresholds.length < parts.length) return null
  if (thresholds.some((threshold) => threshold.side !== side)) return null
  const values = thresholds.map(({ value }) => value)
  return { ...quantile, side, bound: side === 'above' ? Math.min(...values) : Math.max(...values) }
}

/** Asked for several times at each evaluation. */
const measureKeys = new WeakMap<Measure, string>()

function keyOf(measure: Measure): string {
  const known = measureKeys.get(measure)
  if (known !== undefined) return known
  const { value, requests, params = {} } = measure
  const key = JSON.stringify([value, requests, params])
  measureKeys.set(measure, key)
  return key
}

function isBeyond(value: number, { threshold }: AlertScan): boolean {
  if (threshold === null) return true
  return threshold.side === 'above' ? value > threshold.value : value < threshold.value
}
