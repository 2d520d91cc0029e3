import { expect, test } from 'vitest'
import { compilePattern, patternProblem, withoutPatterns } from './patterns.ts'
import { textRedactor } from './text.ts'

test.each([
  ['TCK-\\d+', 'see TCK-1 and TCK-22', 'see [mark] and [mark]'],
  ['\\b[A-Z]{2,8}-\\d+\\b', 'AB-1,XY-2', '[mark],[mark]'],
  ['(?i:emp)\\d{6}', 'Emp123456', '[mark]'],
  ['\\p{Lu}\\p{Ll}+ Müller', 'Jörg Müller', '[mark]'],
  // The v flag wants this bracket escaped, the u flag does not.
  ['[(]\\d+[)]', '(12)', '[mark]'],
])('%s', (regex, text, redacted) => {
  const source = { name: 'mark', regex }
  expect(patternProblem(source)).toBeNull()
  expect(withoutPatterns(text, [compilePattern(source)])).toBe(redacted)
})

test.each([
  ['[', /^Invalid regular expression/],
  ['\\-', /^Invalid regular expression/],
  ['', 'matches the empty text'],
  ['x*', 'matches the empty text'],
  ['[a-z]+', 'matches "[mark]", which stands for what was redacted'],
  ['e?mail', 'matches "[email]"'],
  ['other', 'matches "[other]"'],
  ['(a+)+$', 'such as "a" repeated'],
  ['(a|aa)+$', 'such as "a" repeated'],
  ['[A-Z]+-\\d+', 'such as "A" repeated'],
  ['^\\s+|\\s+$', 'such as " " repeated'],
  ['ID.*END', 'such as "ID" repeated'],
  ['(?:\\d{4} )+X', /repeated/],
])('%s is refused', (regex, problem) => {
  expect(patternProblem({ name: 'mark', regex }, ['mark', 'other'])).toMatch(problem)
})

test('patterns look into JSON as the built-in ones do, and cannot break it', () => {
  const redact = textRedactor(
    [
      { name: 'ticket', regex: 'TCK-\\d+' },
      { name: 'rest', regex: '\\bnote:[^\\[]+' },
    ].map(compilePattern),
  )
  const value = { content: 'line\nTCK-12', arguments: JSON.stringify({ a: ['note: all of it', 'TCK-3'] }) }
  expect(JSON.parse(redact(JSON.stringify(value)))).toEqual({
    content: 'line\n[ticket]',
    arguments: '{"a":["[rest]","[ticket]"]}',
  })
})
