import { expect, test } from 'vitest'
import { paramsOf, sentParams, textsOf, timeInputOf } from './sql-params.ts'

test.each([
  ['select {a:String}, { b : Array(String) }', ['a String text', 'b Array(String) list']],
  ['select {a:UInt8} + {a:Float64}', ['a UInt8 number']],
  ['where timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime}', []],
  [`select '{a:String}', 'it\\'s {a:String}', "{a:String}", {b:Int8}`, ['b Int8 number']],
  ['select `{a:String}` -- {a:String}\n# {a:String}\n/* {a:String} */, {b:Int8}', ['b Int8 number']],
  [`select {a:DateTime64(3, 'UTC')}, {b:Enum8('}' = 1)}`, [`a DateTime64(3, 'UTC') time`, `b Enum8('}' = 1) text`]],
  [
    `select {'a': 1}, {a:Nullable(Date)}, {b:LowCardinality(String)}`,
    ['a Nullable(Date) day', 'b LowCardinality(String) text'],
  ],
  [
    'select {a:Bool}, {b:Map(String, UInt8)}, {c:Decimal(9, 2)}',
    ['a Bool flag', 'b Map(String, UInt8) list', 'c Decimal(9, 2) number'],
  ],
  ['select {a:', []],
])('%j', (sql, expected) => {
  expect(paramsOf(sql).map(({ name, type, input }) => `${name} ${type} ${input}`)).toEqual(expected)
})

test('what is sent: what was typed; an emptied text is one, an empty Nullable is NULL', () => {
  const params = paramsOf('select {a:String}, {b:String}, {n:UInt8}, {m:Nullable(UInt8)}, {t:Nullable(String)}')
  expect(sentParams(params, { b: '', n: '', t: '', other: '1' })).toEqual({ b: '', m: null, t: null })
  expect(sentParams(params, { a: 'x', n: '7', m: '8' })).toEqual({ a: 'x', n: '7', m: '8', t: null })
  expect(textsOf(params, { b: '', n: '7', other: '1' })).toEqual({ b: '', n: '7' })
})

test.each([
  ['2026-11-21T10:00:00.000Z', '2026-11-21T10:00:00.000'],
  ['2026-11-21 10:00', '2026-11-21T10:00'],
  ['', ''],
  ['2026-11-21 10:00:00.123456', null],
  ['2026-11-21T10:00:00+02:00', null],
])('the time %j', (text, expected) => {
  expect(timeInputOf(text)).toBe(expected)
})
