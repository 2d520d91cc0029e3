import { expect, test } from 'vitest'
import { parseSearch } from './search.ts'
import { dedented, sqlLink } from './sql-link.ts'

const search = parseSearch(
  '?range=6h&model=a&open=0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331&tz=UTC&q=duration>2s',
)

test('the query, its values and the range come along; what the page was about does not', () => {
  const query = { sql: 'select {a:UInt8}, {b:Array(String)}', params: { a: 1, b: ["it's", 'x,y'], none: null } }
  const link = sqlLink(query, search) ?? ''
  const [path, text = ''] = link.split('?')
  expect(path).toBe('/sql')
  const { sql, params, ...rest } = parseSearch(text)
  expect({ sql, params }).toEqual({ sql: query.sql, params: { a: '1', b: '["it\'s","x,y"]' } })
  expect(rest).toEqual({ range: '6h', tz: 'UTC', filters: {} })
})

test('what no address holds has no link', () => {
  expect(sqlLink({ sql: 'select {a:String}', params: { a: 'x'.repeat(5000) } }, search)).toBeNull()
})

test('indentation of the source goes, that of the query stays', () => {
  expect(dedented('\n    select 1\n      as a\n    from b\n')).toBe('select 1\n  as a\nfrom b')
})
