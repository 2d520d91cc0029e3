/** Reads files of rule tests: promtool's format, with rows of tables beside series. */
import { z } from 'zod'
import { durationMs, durationPattern } from '../../records/duration.ts'
import { isoTime } from '../../records/point-in-time.ts'
import type { Labels } from '../labels.ts'
import { text, texts } from '../texts.ts'
import { ConfigError, explainIssues, parseYaml, type Path, type YamlFile } from '../yaml-file.ts'
import { NotationError, parseSeries, parseValues, type Series } from './series.ts'

/** `4m30s`, `1h`, `0m`, `-7d`; a bare 0 too. */
const timeOffset = z.union([z.string(), z.number()]).transform((written, context) => {
  const ms = offsetMs(String(written))
  if (ms !== null) return ms
  context.addIssue({ code: 'custom', message: 'expected a time such as 0m, 4m30s or -7d' })
  return z.NEVER
})

const interval = z.string().regex(durationPattern, 'expected a duration such as 10s or 1m').transform(durationMs)
const positive = interval.refine((ms) => ms >= 1, 'expected more than 0')

const startTime = z.union([z.number(), z.string()]).transform((written, context) => {
  const ms = typeof written === 'number' ? written * 1000 : isoTime(written)
  if (Number.isFinite(ms)) return ms
  context.addIssue({ code: 'custom', message: 'expected epoch seconds or a time such as 2026-06-01T00:00:00Z' })
  return z.NEVER
})

const notation = <T>(parse: (text: string) => T) =>
  z.union([z.string(), z.number()]).transform((text, context) => {
    try {
      return parse(String(text))
    } catch (error) {
      if (!(error instanceof NotationError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })

const rowSchema = z.looseObject({
  at: timeOffset.default(0).describe('When the first row begins, from the start of the test'),
  every: positive.default(1000).describe('Between two rows'),
  count: z.int().min(0).max(1_000_000).default(1).describe('How many rows'),
})

const seriesSchema = z.strictObject({
  series: notation(parseSeries),
  values: notation(parseValues),
})

const expectedAlert = z.strictObject({
  exp_labels: texts.default({}),
  exp_annotations: texts.default({}),
})

const alertTest = z.strictObject({
  eval_time: timeOffset.refine((ms) => ms >= 0, 'expected a time from the start of the test on'),
  alertname: z.string().min(1),
  exp_alerts: z
    .array(expectedAlert)
    .nullable()
    .default([])
    .transform((alerts) => alerts ?? []),
})

const testSchema = z.strictObject({
  name: z.string().optional(),
  interval: positive.optional().describe('Between two values of a series; evaluation_interval unless said'),
  start_timestamp: startTime.default(Date.UTC(2026, 5, 1)).describe('Begin of the test; a Monday and first of month'),
  rows: z.record(z.string(), z.array(rowSchema)).default({}).describe('Rows by table'),
  input_series: z.array(seriesSchema).default([]).describe('Rows of metric_samples, in the notation of promtool'),
  alert_rule_test: z.array(alertTest).min(1),
  external_labels: texts.optional().describe('Of promtool, for its templates: no alert here has them'),
  external_url: text.optional().describe('Of promtool, for its templates'),
  promql_expr_test: z
    .array(z.unknown())
    .max(0, 'expected no tests of expressions: these are in PromQL, which nothing runs here')
    .nullish()
    .describe('Of promtool: none'),
})

const fileSchema = z.strictObject({
  rule_files: z.array(z.string().min(1)).min(1).describe('Globs relative to this file'),
  evaluation_interval: positive.default(60_000),
  group_eval_order: z.array(z.string()).nullish().describe('Of promtool: groups do not depend on each other here'),
  fuzzy_compare: z.boolean().optional().describe('Of promtool, for expressions'),
  tests: z.array(testSchema).min(1),
})

/** Rows of one line of a test; `at`, `every` in ms from the start. */
export interface RowSpec {
  at: number
  every: number
  count: number
  fields: Record<string, unknown>
  /** `file:line: tests.0.rows.requests.0`, for messages. */
  where: string
}

export interface SeriesSpec {
  series: Series
  values: (number | null)[]
}

export interface ExpectedAlert {
  labels: Labels
  annotations: Record<string, string>
}

/** What has to fire of one alert at one moment. */
export interface Expectation {
  /** Milliseconds from the start. */
  eval_at: number
  alertname: string
  alerts: ExpectedAlert[]
  where: string
}

export interface RuleTest {
  name: string
  where: string
  /** Epoch milliseconds. */
  start: number
  /** Between two values of a series, ms. */
  series_interval_ms: number
  rows: Record<string, RowSpec[]>
  series: SeriesSpec[]
  expectations: Expectation[]
}

export interface RuleTestFile {
  name: string
  rule_files: string[]
  evaluation_interval_ms: number
  tests: RuleTest[]
}

/** Throws ConfigError, one line per thing to mend. `name` stands in messages. */
export function parseTestFile(text: string, name: string): RuleTestFile {
  const file = parseYaml(text, name)
  const parsed = fileSchema.safeParse(file.value)
  if (!parsed.success) throw new ConfigError(explainIssues(file, [], keysAt, parsed.error.issues).join('\n'))
  const { rule_files, evaluation_interval, tests } = parsed.data
  return {
    name,
    rule_files,
    evaluation_interval_ms: evaluation_interval,
    tests: tests.map((test, index) => ruleTest(file, test, index, evaluation_interval)),
  }
}

type ParsedTest = z.output<typeof testSchema>

function ruleTest(file: YamlFile, test: ParsedTest, index: number, evaluationInterval: number): RuleTest {
  const path: Path = ['tests', index]
  const rows = Object.entries(test.rows).map(([table, specs]) => [
    table,
    specs.map(({ at, every, count, ...fields }, position) => {
      const where = file.where([...path, 'rows', table, position])
      return { at, every, count, fields, where }
    }),
  ])
  return {
    name: test.name ?? `test ${index + 1}`,
    where: file.where(path),
    start: test.start_timestamp,
    series_interval_ms: test.interval ?? evaluationInterval,
    rows: Object.fromEntries(rows) as Record<string, RowSpec[]>,
    series: test.input_series,
    expectations: test.alert_rule_test.map(({ eval_time, alertname, exp_alerts }, position) => ({
      eval_at: eval_time,
      alertname,
      // As in promtool, the name need not be said again.
      alerts: exp_alerts.map(({ exp_labels, exp_annotations }) => ({
        labels: { ...withoutEmpty(exp_labels), alertname },
        annotations: exp_annotations,
      })),
      where: file.where([...path, 'alert_rule_test', position]),
    })),
  }
}

/** An empty label is no label. */
function withoutEmpty(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== ''))
}

/** The keys that may stand at a path. */
function keysAt(path: Path): readonly string[] {
  if (path.includes('exp_alerts')) return Object.keys(expectedAlert.shape)
  if (path.includes('alert_rule_test')) return Object.keys(alertTest.shape)
  if (path.includes('input_series')) return Object.keys(seriesSchema.shape)
  return Object.keys((path.length === 0 ? fileSchema : testSchema).shape)
}

function offsetMs(text: string): number | null {
  const match = /^(-?)((?:\d+(?:ms|s|m|h|d))+|0)$/.exec(text.trim())
  if (!match) return null
  const parts = (match[2] ?? '').match(/\d+(?:ms|s|m|h|d)/g) ?? []
  const total = parts.reduce((sum, part) => sum + durationMs(part), 0)
  return match[1] === '-' ? -total : total
}
