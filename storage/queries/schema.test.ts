import { afterAll, beforeAll, expect, test } from 'vitest'
import { schemaMarkdown } from '../schema-markdown.ts'
import { testStorage } from '../testing.ts'
import { schema, unitOf, type SchemaTable } from './schema.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let tables: SchemaTable[]
beforeAll(async () => {
  storage = await testStorage()
  tables = await schema(storage.reader)
})
afterAll(() => storage?.stop())

test('every table and view is there with what each column means, views first; bookkeeping is not', () => {
  const names = tables.map(({ name }) => name)
  expect(names.slice(0, 7)).toEqual(names.filter((name) => name.startsWith('v_')))
  expect(names).toEqual(expect.arrayContaining(['requests', 'spans', 'gpu_samples', 'requests_1h']))
  expect(names.filter((name) => /schema_migrations|health|_state$/.test(name))).toEqual([])
  expect(tables.filter(({ comment }) => comment === '').map(({ name }) => name)).toEqual([])
  expect(tables.flatMap(({ columns }) => columns).filter(({ comment }) => comment === '')).toEqual([])
  expect(tables.find(({ name }) => name === 'requests_1h')?.kind).toBe('rollup')
  expect(tables.find(({ name }) => name === 'v_spend_daily')?.columns).toContainEqual({
    name: 'cost_usd',
    type: 'Nullable(Decimal(38, 12))',
    unit: 'US dollars',
    comment: 'Sum of known costs in US dollars; null when none is known',
    example: '0.0042',
  })
})

test('each measured column of a view names its unit', () => {
  const views = tables.filter(({ kind }) => kind === 'view')
  const floats = views.flatMap(({ columns }) => columns.filter(({ type }) => /Float|Decimal/.test(type)))
  // Of how many requests are being processed there is no unit.
  expect(floats.filter(({ name, unit }) => unit === null && !/^(running|waiting)_/.test(name))).toEqual([])
})

test.each([
  ['duration_p95_ms', 'ms'],
  ['duration_ms_sum', 'ms'],
  ['duration_ms_count', null],
  ['memory_used_bytes_max', 'bytes'],
  ['output_tokens_per_second', 'tokens per second'],
  ['input_tokens_unknown', null],
])('the unit of %s is %s', (name, unit) => {
  expect(unitOf(name, 'Float64')).toBe(unit)
})

test('each column has an example that its type holds', async () => {
  const said = tables.flatMap(({ name, columns }) => columns.map((column) => ({ table: name, ...column })))
  expect(said.filter(({ example }) => ['', "''", "'text'"].includes(example))).toEqual([])
  for (const { name, columns } of tables) {
    const states = columns.filter(({ type }) => type.startsWith('AggregateFunction'))
    const cast = columns
      .filter((column) => !states.includes(column))
      .map(({ example, type }) => `CAST(${example}, '${type.replaceAll("'", "\\'")}')`)
    const from = states.length > 0 ? ` from ${name}` : ''
    const query = `select ${[...cast, ...states.map(({ example }) => example)].join(', ')}${from}`
    const ran = await storage.reader.query(query).then(
      () => 'ran',
      (error: unknown) => String(error),
    )
    expect({ name, ran }).toEqual({ name, ran: 'ran' })
  }
})

test('the example query of each runs', async () => {
  const params = { from: new Date('2026-11-21T10:00:00Z'), to: new Date('2026-11-21T11:00:00Z') }
  for (const { name, query } of tables) {
    const ran = await storage.reader.query(query, params).then(
      () => 'ran',
      (error: unknown) => String(error),
    )
    expect({ name, ran }).toEqual({ name, ran: 'ran' })
  }
})

test('as Markdown: a heading, a query and a row a column', () => {
  const text = schemaMarkdown(tables)
  expect(text).toContain('### v_requests\n\nOne row per call of a model')
  expect(text).toContain('| `cost_usd` | `Nullable(Decimal(38, 12))` | US dollars |')
  expect(text).toContain('| `requests` | `UInt64` |  |')
  expect(text.split('\n').filter((line) => line.endsWith(' |  |'))).toEqual([])
  expect(text.split('\n').filter((line) => line.startsWith('| `')).length).toBe(
    tables.flatMap(({ columns }) => columns).length,
  )
})
