import { expect, test } from 'vitest'
import { allHold, formatMatchers, MatcherError, newMatcher, parseMatchers, sortMatchers } from './matcher.ts'

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
  ['a=~"(?i)GPT-[A-Z]+\\\\D\\\\d"', { a: 'gpt-Xy-1' }, true],
  ['a=~"[0-9a-f]{32}"', { a: 'a0'.repeat(16) }, true],
  ['a=~"[0-9a-f]{32}"', { a: 'a0'.repeat(17) }, false],
  ['a=~"x{2,40}y{30,}z{20}"', { a: `${'x'.repeat(20)}${'y'.repeat(31)}${'z'.repeat(20)}` }, true],
  ['a=~"x{2,40}y"', { a: `${'x'.repeat(41)}y` }, false],
  ['a=~"(gpt|o)-?.*(mini|nano)?"', { a: 'gpt-4o-mini' }, true],
  ['a=~"(?i:ABC)x"', { a: 'abcx' }, true],
  ['a=~"gpu|node-(?i)X"', { a: 'node-x' }, true],
  ['a=~"[[:alpha:]]+[[:digit:]]{2}"', { a: 'gpu07' }, true],
  ['a=~"[^[:space:]]+"', { a: 'a b' }, false],
  [String.raw`a=~"\\pL+\\p{Nd}"`, { a: 'é7' }, true],
  [String.raw`a=~"\\Qa.b\\E"`, { a: 'a.b' }, true],
  [String.raw`a=~"\\Qa.b\\E"`, { a: 'axb' }, false],
  [String.raw`a=~"\\Aq\\x{41}\\z"`, { a: 'qA' }, true],
  ['a=~"[🚀]."', { a: '🚀🚀' }, true],
  ['a="1", b="2"', { a: '1' }, false],
  ['', { a: '1' }, true],
])('%s on %j: %s', (text, labels, expected) => {
  expect(allHold(parseMatchers(text), labels as Record<string, string>)).toBe(expected)
})

test.each(['(a+)+', '(a|a)*', '(?i)(A|a)*b?', '(?:a?){14}a{14}b', '.*.*.*.*.*.*.*.*.*x', '(?s)(.*a){12}'])(
  'an expression that the usual engine would take years for: %s',
  (expression) => {
    const [matcher] = parseMatchers(`a=~${JSON.stringify(expression)}`)
    expect(matcher?.holds(`${'a'.repeat(20_000)}!`)).toBe(false)
  },
)

test.each([
  [String.raw`(a)\1`, 'expected a regular expression'],
  ['(?=a).*', 'expected a regular expression'],
  ['a)(b', 'expected a regular expression'],
  ['(?:x?){1000}'.repeat(50), 'repeats less'],
])('%s, which may take more than linear time or much of it, is refused: %s', (text, message) => {
  expect(() => newMatcher('a', '=~', text)).toThrow(MatcherError)
  expect(() => newMatcher('a', '=~', text)).toThrow(message)
})

test('sorted by name, value, operator', () => {
  expect(formatMatchers(sortMatchers(parseMatchers('b=1, a=~2, a=2, a=1')))).toBe('{a="1",a="2",a=~"2",b="1"}')
})
