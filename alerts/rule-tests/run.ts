/** Runs rule tests: fills the tables as time goes by, evaluates on the interval's grid, compares what fires. */
import type { Db } from '../../storage/client.ts'
import type { TableName } from '../../storage/tables.ts'
import { evaluateGroup } from '../evaluate.ts'
import type { Instance } from '../instance.ts'
import type { Rule, RuleGroup } from '../rule.ts'
import { ConfigError } from '../yaml-file.ts'
import { differences } from './compare.ts'
import { arrivingRows, columnTypes, type ArrivingRow, type ColumnTypes } from './rows.ts'
import type { Scratch } from './scratch.ts'
import type { Expectation, RuleTest, RuleTestFile } from './test-file.ts'

export interface TestResult {
  file: string
  name: string
  duration_ms: number
  evaluations: number
  /** What differs, line by line; empty when the test passed. */
  failure: string[]
}

export interface LoadedTestFile extends RuleTestFile {
  groups: RuleGroup[]
}

interface Evaluated {
  rule: Rule
  /** Its own, without the rules beside it. */
  group: RuleGroup
  active: Map<string, Instance>
  /** Messages of evaluations that failed, each once. */
  errors: Set<string>
}

/** Runs the tests in their order. Throws ConfigError on rows that no table can take. */
export async function* runTests(files: readonly LoadedTestFile[], scratch: Scratch): AsyncGenerator<TestResult> {
  const columns = await columnTypes(scratch.db)
  for (const file of files) for (const test of file.tests) yield await runTest(file, test, columns, scratch)
}

async function runTest(
  file: LoadedTestFile,
  test: RuleTest,
  columns: ReadonlyMap<string, ColumnTypes>,
  scratch: Scratch,
): Promise<TestResult> {
  const started = performance.now()
  await scratch.clear()
  const arriving = arrivingRows(test, columns)
  const rules = testedRules(file, test)
  const step = file.evaluation_interval_ms
  const end = Math.max(...test.expectations.map(({ eval_at }) => eval_at))
  const failure: string[] = []
  let evaluations = 0
  for (let offset = 0; offset <= end; offset += step) {
    const at = test.start + offset
    await store(take(arriving, at), rules, scratch, test)
    for (const evaluated of rules) await evaluate(evaluated, at, scratch.reader)
    evaluations += rules.length
    const due = test.expectations.filter(({ eval_at }) => eval_at >= offset && eval_at < offset + step)
    for (const expectation of due) failure.push(...check(expectation, rules, at))
  }
  for (const { rule, errors } of rules)
    for (const error of errors) failure.push(`${rule.file}: ${rule.group}/${rule.name} cannot be evaluated: ${error}`)
  const duration_ms = performance.now() - started
  return { file: file.name, name: test.name, duration_ms, evaluations, failure }
}

/** The rules whose alerts the test speaks of. */
function testedRules({ groups }: LoadedTestFile, { expectations }: RuleTest): Evaluated[] {
  const all = groups.flatMap((group) => group.rules.map((rule) => ({ rule, group: { ...group, rules: [rule] } })))
  const names = new Set(all.map(({ rule }) => rule.name))
  const unknown = expectations.find(({ alertname }) => !names.has(alertname))
  if (unknown)
    throw new ConfigError(
      `${unknown.where}: alertname: no rule is called "${unknown.alertname}"; expected one of: ${[...names].join(', ')}`,
    )
  const wanted = new Set(expectations.map(({ alertname }) => alertname))
  return all
    .filter(({ rule }) => wanted.has(rule.name))
    .map(({ rule, group }) => ({ rule, group, active: new Map(), errors: new Set() }))
}

/** As the engine does, with what it makes of no data and of errors. */
async function evaluate(evaluated: Evaluated, at: number, reader: Db): Promise<void> {
  const { group, active, errors } = evaluated
  const { signal } = new AbortController()
  for (const { record, evaluation } of await evaluateGroup(group, at, {
    reader,
    signal,
    missed_since: null,
    previous: () => active,
  })) {
    if (record.error !== '') errors.add(record.error)
    if (evaluation) evaluated.active = evaluation.active
  }
}

function check({ alertname, alerts, eval_at }: Expectation, rules: readonly Evaluated[], at: number): string[] {
  const found = rules.filter(({ rule }) => rule.name === alertname).flatMap(({ active }) => Array.from(active.values()))
  const lines = differences(alerts, found, at)
  return lines.length > 0 ? [`${alertname} at ${offsetText(eval_at)}:`, ...lines.map((line) => `  ${line}`)] : []
}

/** Takes the rows that have arrived by then off the front. */
function take(arriving: ArrivingRow[], at: number): ArrivingRow[] {
  const later = arriving.findIndex(({ arrives }) => arrives > at)
  return arriving.splice(0, later < 0 ? arriving.length : later)
}

async function store(rows: ArrivingRow[], rules: Evaluated[], { db, rollups }: Scratch, test: RuleTest): Promise<void> {
  if (rows.length === 0) return
  for (const [table, some] of Map.groupBy(rows, (row) => row.table)) await insert(db, table, some, test)
  if (!rules.some(({ rule }) => readsRollups(rule, test.start))) return
  const times = rows.map(({ row, arrives }) => timeOf(row) ?? arrives)
  const [from, to] = times.reduce(
    ([least, most], at) => [Math.min(least, at), Math.max(most, at)],
    [Infinity, -Infinity],
  )
  await rollups.markDirty({ from, to: to + 1 })
}

async function insert(db: Db, table: TableName, rows: ArrivingRow[], { where }: RuleTest): Promise<void> {
  const objects = rows.map(({ row }) => row)
  await db.insert(table, objects).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new ConfigError(`${where}: rows of ${table} cannot be stored: ${reason}`, { cause })
  })
}

function timeOf({ timestamp }: Record<string, unknown>): number | null {
  if (timestamp instanceof Date) return timestamp.getTime()
  return typeof timestamp === 'number' ? Math.floor(timestamp / 1000) : null
}

function readsRollups(rule: Rule, at: number): boolean {
  return /_\d[mhdw]\b/.test(rule.question({ from: at - rule.window_ms, to: at }).sql)
}

/** As it is written in tests: `4m30s`. */
function offsetText(ms: number): string {
  if (ms === 0) return '0m'
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const
  let rest = Math.abs(ms)
  const parts = units.map(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count > 0 ? `${count}${unit}` : ''
  })
  return `${ms < 0 ? '-' : ''}${parts.join('')}`
}
