import { expect, test } from 'vitest'
import { ruleSearch } from './rule-search.ts'

const sql = 'select {quantile:Float64}'

test('the window becomes the range, every other parameter a text', () => {
  const params = JSON.stringify({
    from: new Date(1000),
    to: new Date(2000),
    quantile: 0.95,
    codes: [48, 63],
    models: ['a'],
    period: 'month',
    none: null,
  })
  expect(ruleSearch(sql, params)).toEqual({
    sql,
    from: 1000,
    to: 2000,
    params: { quantile: '0.95', codes: '[48,63]', models: '["a"]', period: 'month' },
  })
})

test('without a window, without parameters, and too long for an address', () => {
  expect(ruleSearch(sql, '{"quantile":1}')).toEqual({ sql, params: { quantile: '1' } })
  expect(ruleSearch(sql, null)).toEqual({ sql, params: {} })
  expect(ruleSearch(sql, JSON.stringify({ names: ['x'.repeat(4000)] }))).toBeNull()
})
