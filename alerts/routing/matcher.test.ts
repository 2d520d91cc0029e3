import { expect, test } from 'vitest'
import { allHold, formatMatchers, MatcherError, parseMatchers, sortMatchers } from './matcher.ts'

test.each([
  // text, as Alertmanager writes it
  ['severity="page"', '{severity="page"}'],
  [' severity = page ', '{severity="page"}'],
  ['{a="b", c!~"d|e",}', '{a="b",c!~"d|e"}'],
  [String.raw`a="x, \"y\" \\ z"`, String.raw`{a="x, \"y\" \\ z"}`],
  ['a=~.*', '{a=~".*"}'],
  ['a!=""', '{a!=""}'],
  ['"my label"="v"', '{"my label"="v"}'],
  ['{}', '{}'],
  ['', '{}'],
])('%j is %s', (text, expected) => {
  expect(formatMatchers(parseMatchers(text))).toBe(expected)
})

test.each([
  ['severity', 'expected a matcher such as severity="page"; found "severity"'],
  ['severity="page', 'closing quote'],
  ['a=b"c', 'backslash'],
  ['a=~"("', 'expected a regular expression; found "("'],
  ['a=~"' + 'x'.repeat(2_001) + '"', 'at most 2000'],
])('%j is refused: %s', (text, message) => {
  expect(() => parseMatchers(text)).toThrow(MatcherError)
  expect(() => parseMatchers(text)).toThrow(message)
})

test.each([
  // matchers, labels, hold
  ['a=b', { a: 'b' }, true],
  ['a=b', {}, false],
  // A label that is missing is empty.
  ['a=""', {}, true],
  ['a!=b', {}, true],
  ['a=~"b|cd"', { a: 'cd' }, true],
  // Expressions match the whole value.
  ['a=~"b"', { a: 'abc' }, false],
  ['a=~"b|c"', { a: 'bx' }, false],
  ['a!~"b.*"', { a: 'bcd' }, false],
  ['a=~".+"', {}, false],
  ['a=~"(?i)gpt-.*"', { a: 'GPT-4o' }, true],
  ['a=~"(?P<name>x)y"', { a: 'xy' }, true],
  ['a="1", b="2"', { a: '1' }, false],
  ['', { a: '1' }, true],
])('%s on %j: %s', (text, labels, expected) => {
  expect(allHold(parseMatchers(text), labels as Record<string, string>)).toBe(expected)
})

test('sorted by name, value, operator', () => {
  expect(formatMatchers(sortMatchers(parseMatchers('b=1, a=~2, a=2, a=1')))).toBe('{a="1",a="2",a=~"2",b="1"}')
})
