/** Parameters are found as the engine finds them, and what is bound comes back as it was given. */
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { boundValue, declaredParams, type ParamValue } from './sql-params.ts'
import { testStorage } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage?.stop())

test.each([
  ['select {a:String}, {b : Array(String)}', ['a String', 'b Array(String)']],
  ['select {a:UInt8} + {a:UInt8}', ['a UInt8', 'a UInt8']],
  [`select '{a:String}', 'it''s {a:String}', '\\'{a:String}', {b:Int8}`, ['b Int8']],
  ['select `{a:String}`, "{a:String}" -- {a:String}\n# {a:String}\n/* {a:String} */, {b:Int8}', ['b Int8']],
  [`select {a:DateTime64(3, 'UTC')}, {b:Enum8('}' = 1)}`, [`a DateTime64(3, 'UTC')`, `b Enum8('}' = 1)`]],
  [`select {'a': 1}, {a:\n Nullable( String ) }`, ['a Nullable( String )']],
  ['select {a:String, {b:Int8}', ['b Int8']],
])('%j', (sql, expected) => {
  expect(declaredParams(sql).map(({ name, type }) => `${name} ${type}`)).toEqual(expected)
})

test('a parameter has its place in the text', () => {
  const sql = "select 'é🙂', {a:UInt8}"
  const [{ at } = { at: { from: 0, to: 0 } }] = declaredParams(sql)
  expect(sql.slice(at.from, at.to)).toBe('{a:UInt8}')
})

async function echoed(type: string, value: ParamValue): Promise<unknown> {
  const answer = await storage.reader.run(`select {given:${type}}`, {
    format: 'JSONCompact',
    params: { given: boundValue(type, value) },
    settings: { output_format_json_quote_64bit_integers: 1, output_format_json_quote_decimals: 1 },
  })
  return (JSON.parse(await text(answer.body)) as { data: [[unknown]] }).data[0][0]
}

test.each<[string, ParamValue, unknown]>([
  ['String', "it's \\ \t\n é", "it's \\ \t\n é"],
  ['String', '', ''],
  ['LowCardinality(String)', 'gpt-4o', 'gpt-4o'],
  ['Nullable(String)', null, null],
  ['Nullable(String)', '', ''],
  ['Nullable(UInt8)', '', null],
  ['UInt64', '18446744073709551615', '18446744073709551615'],
  ['Int8', -128, -128],
  ['Float64', ' -1.5e3 ', -1500],
  ['Decimal(9, 2)', '5.25', '5.25'],
  ['Bool', 'true', true],
  ['Date', '2026-11-21', '2026-11-21'],
  ['DateTime', '2026-11-21T10:00', '2026-11-21 10:00:00'],
  ["DateTime('Asia/Tokyo')", '2026-11-21T10:00:00Z', '2026-11-21 19:00:00'],
  ['DateTime64(6)', '2026-11-21 10:00:00.123456', '2026-11-21 10:00:00.123456'],
  ['DateTime64(3)', Date.UTC(2026, 10, 21, 10) + 7, '2026-11-21 10:00:00.007'],
  ['DateTime64(3)', '2026-11-21T10:00:00+02:00', '2026-11-21 08:00:00.000'],
  ['Array(String)', '["a", "it\'s"]', ['a', "it's"]],
  ['Array(String)', `['a', 'it''s', 'it\\'s', '"\\n', "it's"]`, ['a', "it's", "it's", '"\n', "it's"]],
  ['Map(String, UInt8)', "{'a': 1}", { a: 1 }],
  ['Array(UInt64)', ['18446744073709551615', 2], ['18446744073709551615', '2']],
  ['Array(Nullable(Float64))', '[1.5, null]', [1.5, null]],
  ['Array(DateTime)', '["2026-11-21T10:00:00Z"]', ['2026-11-21 10:00:00']],
  ['Array(Array(UInt8))', '[[1], []]', [[1], []]],
  ['Array(Bool)', '[true, false]', [true, false]],
  ['Map(String, UInt8)', '{"a": 1}', { a: 1 }],
  ['Tuple(String, UInt8)', '["a", 1]', ['a', 1]],
  ['Tuple(model String, calls UInt8)', '["a", 1]', { model: 'a', calls: 1 }],
  ['UUID', '0af76519-16cd-43dd-8448-eb211c80319c', '0af76519-16cd-43dd-8448-eb211c80319c'],
])('%s takes %j', async (type, value, expected) => {
  expect(await echoed(type, value)).toEqual(expected)
})

test.each<[string, ParamValue, string]>([
  ['UInt8', '300', 'from 0 to 255'],
  ['UInt8', '-1', 'from 0 to 255'],
  ['UInt8', '', 'a whole number'],
  ['Int64', 1.5, 'a whole number'],
  ['UInt64', 2 ** 60, 'a whole number'],
  ['Float64', 'much', 'a number'],
  ['Float64', '', 'a number'],
  ['Decimal(9, 2)', '1,5', 'a number'],
  ['Bool', 'yes', 'true or false'],
  ['Date', '21.11.2026', 'a day such as'],
  ['Date', '2026-13-01', 'a day such as'],
  ['DateTime64(3)', 'yesterday', 'a time such as'],
  ['DateTime64(3)', '2026-11-21T25:00', 'a time such as'],
  ['DateTime', '2150-01-01', 'from 1970 to 2105'],
  ['DateTime64(3)', '2300-01-01', 'from 1970 to 2285'],
  ['Array(String)', 'a, b', 'a list as JSON'],
  ['Array(String)', "['a", 'a list as JSON'],
  ['Array(String)', '{"a": 1}', 'a list as JSON'],
  ['Array(UInt8)', '[1, 300]', 'from 0 to 255'],
  ['Map(String, UInt8)', '[1]', 'an object as JSON'],
  ['Tuple(String, UInt8)', '["a"]', 'a list of 2'],
  ['String', ['a'], 'a text'],
  ['String', null, 'only a Nullable type'],
])('%s refuses %j', (type, value, expected) => {
  expect(() => boundValue(type, value)).toThrow(expected)
})
