import { describe, expect, test } from 'vitest'
import type { AttributeValue } from '../../../records/span.ts'
import { boolean, firstOf, identifier, integer, json, number, object, text } from './attributes.ts'

const of = (value: AttributeValue) => new Map([['key', value]])

test.each<[AttributeValue, number | null]>([
  [23, 23],
  [23n, 23],
  ['23', 23],
  ['23.0', 23],
  [23.0, 23],
  [0, 0],
  ['0', 0],
  [-5, -5],
  [2 ** 60, 2 ** 60],
  [23.5, NaN],
  ['', null],
  [' ', null],
  ['23 tokens', NaN],
  ['0x10', 16],
  ['NaN', NaN],
  [Number.NaN, NaN],
  [Number.POSITIVE_INFINITY, NaN],
  ['1'.repeat(400), NaN],
  [true, NaN],
  [null, null],
  [[23], NaN],
  [{ n: 23 }, NaN],
  [new Uint8Array([23]), NaN],
])('integer of %o is %o', (value, expected) => {
  expect(integer(of(value), ['key'])).toBe(expected)
})

test.each<[AttributeValue, number | null]>([
  [0.25, 0.25],
  ['0.25', 0.25],
  ['2.5e-3', 0.0025],
  ['-1', -1],
  ['fast', null],
  [[], null],
])('number of %o is %o', (value, expected) => {
  expect(number(of(value), ['key'])).toBe(expected)
})

test.each<[AttributeValue, boolean | null]>([
  [true, true],
  [false, false],
  ['True', true],
  ['False', false],
  ['true', true],
  ['1', true],
  [0, false],
  ['yes', null],
  [null, null],
  [[], null],
])('boolean of %o is %o', (value, expected) => {
  expect(boolean(of(value), ['key'])).toBe(expected)
})

test.each<[AttributeValue | undefined, string]>([
  [['stop', 'length'], 'stop'],
  [['', 'length'], 'length'],
  ['["stop"]', 'stop'],
  ['stop,length', 'stop'],
  ['stop', 'stop'],
  [[], ''],
  ['[]', ''],
  ['[not json', '[not json'],
  [null, ''],
  [undefined, ''],
])('the first of %o is %o', (value, expected) => {
  expect(firstOf(value)).toBe(expected)
})

describe('text', () => {
  test.each<[AttributeValue, string]>([
    ['hello', 'hello'],
    [3, '3'],
    [true, 'true'],
    [9007199254740993n, '9007199254740993'],
    [['a', 1n], '["a","1"]'],
    [{ a: new Uint8Array([1, 2]) }, '{"a":"AQI="}'],
    [new Uint8Array([1, 2]), 'AQI='],
    [[], ''],
    [null, ''],
  ])('of %o is %o', (value, expected) => {
    expect(text(of(value), ['key'])).toBe(expected)
  })

  test('takes the first name that has a usable value', () => {
    const attributes = new Map<string, AttributeValue>([
      ['a', ''],
      ['b', null],
      ['c', 'x'],
      ['d', 'y'],
    ])
    expect(text(attributes, ['none', 'a', 'b', 'c', 'd'])).toBe('x')
    expect(
      integer(
        new Map<string, AttributeValue>([
          ['a', 'many'],
          ['b', 7],
        ]),
        ['a', 'b'],
      ),
    ).toBe(7)
  })

  test('identifiers are short', () => {
    expect(identifier(of('x'.repeat(10_000)), ['key'])).toHaveLength(256)
  })
})

test('objects come structured or as JSON; other things are none', () => {
  expect(object(of('{"a":1}'), 'key')).toEqual({ a: 1 })
  expect(object(of({ a: 1 }), 'key')).toEqual({ a: 1 })
  for (const value of ['[1]', '{', '"a"', 'null', [1], 3, null, `{"a":"${'x'.repeat(70_000)}"}`]) {
    expect(object(of(value), 'key')).toBeNull()
  }
  expect(object(new Map(), 'key')).toBeNull()
})

test('JSON keeps what JSON has no type for', () => {
  expect(json([1n, new Uint8Array([255]), null])).toBe('["1","/w==",null]')
})
