import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqlCommand, SqlError, type SqlFlags } from './sql-command.ts'
import { testStorage } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage?.stop())

const output = async (sql: string, flags: SqlFlags = {}) => String(await sqlCommand(sql, flags, storage.reader))

const query = `select * from values('model String, requests UInt64, cost_usd Nullable(Decimal(9, 4))',
  ('gpt-4o', 18446744073709551615, 0.1), ('é🙂', 7, null))`

test('a table: aligned, numbers to the right and exact, null as such', async () => {
  expect(await output(query)).toBe(`model               requests  cost_usd
──────  ────────────────────  ────────
gpt-4o  18446744073709551615       0.1
é🙂${' '.repeat(25)}7      null
(2 rows)
`)
})

test('JSON lines and CSV', async () => {
  expect(await output(query, { format: 'json' })).toBe(
    '{"model":"gpt-4o","requests":18446744073709551615,"cost_usd":0.1}\n{"model":"é🙂","requests":7,"cost_usd":null}\n',
  )
  expect(await output(query, { format: 'csv' })).toBe(
    '"model","requests","cost_usd"\n"gpt-4o",18446744073709551615,0.1\n"é🙂",7,\\N\n',
  )
})

test('a FORMAT in the query is obeyed, binary ones byte for byte', async () => {
  expect(await output('select 1 as a format TSVWithNames')).toBe('a\n1\n')
  const parquet = await sqlCommand('select 1 as a format Parquet', {}, storage.reader)
  expect(parquet.subarray(0, 4).toString()).toBe('PAR1')
  expect(parquet.subarray(-4).toString()).toBe('PAR1')
})

test('no rows, long values, and values that would write to the terminal', async () => {
  expect(await output('select 1 as a where 0')).toBe('a\n─\n(0 rows)\n')
  expect(await output("select repeat('x', 500) as a")).toContain(`\n${'x'.repeat(79)}…\n(1 row)\n`)
  expect(await output("select concat(char(27), '[2J', char(10)) as a, [1, 2] as b, map('k', 'v') as c")).toBe(
    'a            b      c\n───────────  ─────  ─────────\n\\u001b[2J\\n  [1,2]  {"k":"v"}\n(1 row)\n',
  )
})

test('a mistake is marked in its line', async () => {
  await expect(output('select 1,\n  model frm requests')).rejects.toThrow(
    new SqlError(
      'Syntax error: at requests. Expected Comma, FROM, PREWHERE, WHERE, GROUP BY, WITH, … (line 2, column 13)\n' +
        '    model frm requests\n              ^^^^^^^^',
    ),
  )
  await expect(output('insert into requests values (1)')).rejects.toThrow('Not allowed here: INSERT statements')
})

test('values of parameters', async () => {
  expect(await output('select {n:UInt8} + 1 as a, {s:String} as s', { param: ['n=6', "s=it's = x"] })).toContain(
    "7  it's = x",
  )
  await expect(output('select 1', { param: ['n'] })).rejects.toThrow('--param: "n" is not name=value')
  const list = 'select {a:Array(String)} as a, {at:DateTime64(3)} as at'
  expect(await output(list, { format: 'json', param: ["a=['x','y']", 'at=2026-11-27T10:00:00Z'] })).toBe(
    '{"a":["x","y"],"at":"2026-11-27 10:00:00.000"}\n',
  )
})

test.each([
  [
    ['a=300'],
    'Parameter a is no UInt8: expected a whole number from 0 to 255 (line 2, column 3)\n    {a:UInt8}\n    ^^^^^^^^^',
  ],
  [[], 'Parameter a has no value: add --param a=… (line 2, column 3)\n    {a:UInt8}\n    ^^^^^^^^^'],
  [['a=3', 'b=4'], '--param: the query has no parameter {b:Type}'],
])('--param %j is refused', async (param, why) => {
  await expect(output('select\n  {a:UInt8}', { param })).rejects.toThrow(new SqlError(why))
})
