import { expect, test } from 'vitest'
import { parseSeries, parseValues } from './series.ts'

test.each([
  ['1 2 -3.5', [1, 2, -3.5]],
  ['0 2x3', [0, 2, 2, 2, 2]],
  ['1+1x5', [1, 2, 3, 4, 5, 6]],
  ['10-2.5x2', [10, 7.5, 5]],
  ['-1-1x2', [-1, -2, -3]],
  ['1 _ 2 _x3 3', [1, null, 2, null, null, null, 3]],
  ['1e3 stale', [1000, null]],
  ['', []],
])('values %j', (text, values) => {
  expect(parseValues(text)).toEqual(values)
})

test.each(['a', '1+1', '1x', '{{count:1}}', '1x-2', '_y'])('values %j are refused', (text) => {
  expect(() => parseValues(text)).toThrow(/expected values such as .*; found/)
})

test('a series too long to be meant', () => {
  expect(() => parseValues('1x1000000')).toThrow(/at most/)
})

test.each([
  ['up', 'up', {}],
  ['vllm:waiting{instance="a", model="b c"}', 'vllm:waiting', { instance: 'a', model: 'b c' }],
  [String.raw`x{a="say \"hi\"\n", b='}',}`, 'x', { a: 'say "hi"\n', b: '}' }],
  ['{__name__="up", a="1"}', 'up', { a: '1' }],
])('series %j', (text, name, labels) => {
  expect(parseSeries(text)).toEqual({ name, labels })
})

test.each(['', '{a="b"}', 'up{a=b}', 'up{a="b" c="d"}', 'up{', 'rate(up[5m])'])('series %j is refused', (text) => {
  expect(() => parseSeries(text)).toThrow(/expected/)
})
