import { describe, expect, test } from 'vitest'
import { compileRegex, RegexError } from './regex.ts'

describe('groups of a match of the whole text', () => {
  test.each<[string, string, (string | undefined)[] | null]>([
    ['(.*)', 'a b', ['a b']],
    ['(.*)', '', ['']],
    ['', '', []],
    ['', 'a', null],
    ['a', 'ab', null],
    ['a.b', 'a\nb', []],
    ['(?-s:a.b)', 'a\nb', null],
    ['([^:]+)(?::\\d+)?;(\\d+)', '10.0.0.1:80;9400', ['10.0.0.1', '9400']],
    ['([^:]+)(?::\\d+)?;(\\d+)', '10.0.0.1;9400', ['10.0.0.1', '9400']],
    ['(a+)(a*)', 'aaa', ['aaa', '']],
    ['(a+?)(a*)', 'aaa', ['a', 'aa']],
    ['(?U)(a+)(a*?)', 'aaa', ['a', 'aa']],
    ['(a|ab)(c|bcd)?(d*)', 'abcd', ['a', 'bcd', '']],
    ['(a)|(b)', 'b', [undefined, 'b']],
    ['(a*)*', 'aa', ['aa']],
    ['(?i)VLLM|sglang', 'SgLang', []],
    ['((?i)a)b', 'AB', null],
    ['((?i)a)b', 'Ab', ['A']],
    ['(?i:[a-c])', 'B', []],
    ['(?i:[^a-c])', 'B', null],
    ['(?P<host>[^.]+)\\.svc', 'web.svc', ['web']],
    ['a{2,3}', 'aaaa', null],
    ['a{2,3}', 'aaa', []],
    ['a{2}', 'aa', []],
    ['a{2,}', 'a', null],
    ['a{,2}', 'a{,2}', []],
    ['\\Qa.b*\\Ec', 'a.b*c', []],
    ['[[:alpha:]_-]+', 'a_-Z', []],
    ['[[:^digit:]]', '1', null],
    ['[]a]+', ']a', []],
    ['[^]a]', ']', null],
    ['[a-]+', 'a-', []],
    ['[\\d.]+', '1.5', []],
    ['[^\\s\\S]', 'a', null],
    ['\\s', '\v', null],
    ['\\w+', 'é', null],
    ['\\pL+', 'é', []],
    ['\\p{Greek}', 'λ', []],
    ['\\P{^Greek}', 'λ', []],
    ['[\\pN-]+', '1-²', []],
    ['\\x41\\x{1F600}\\101', 'A😀A', []],
    ['(.)(.)', '😀a', ['😀', 'a']],
    ['\\Aa\\z', 'a', []],
    ['^a$|b', 'b', []],
    ['a\\b-b', 'a-b', []],
    ['a\\Bb', 'ab', []],
    ['(?m)a$\n^b', 'a\nb', []],
    ['a$\n^b', 'a\nb', null],
    ['dcgm-exporter|nvidia-dcgm-exporter', 'nvidia-dcgm-exporter', []],
    ['a\\-\\_\\/', 'a-_/', []],
    ['}a]', '}a]', []],
  ])('%j on %j', (source, text, groups) => {
    expect(compileRegex(source).match(text)?.slice(1) ?? null).toEqual(groups)
  })
})

describe('what RE2 does not take is said', () => {
  test.each([
    ['(a', 'a ( without its )'],
    ['a)', 'a ) without its ('],
    ['[a', 'a [ without its ]'],
    ['(?=a)', 'look-around'],
    ['(?<!a)b', 'look-around'],
    ['(a)\\1', 'a back-reference'],
    ['a**', 'a repeat of a repeat'],
    ['*a', 'nothing before *'],
    ['a{1001}', 'no count of up to 1000'],
    ['a{3,2}', 'no count'],
    ['(a{1000}){1000}', 'too large'],
    ['[b-a]', 'a range'],
    ['\\Z', '\\Z is nothing'],
    ['\\p{Nowhere}', 'no Unicode class'],
    ['[[:nothing:]]', 'no class'],
    ['a\\', 'a backslash at the end'],
    ['(?P<a>.)(?P<a>.)', 'two groups'],
  ])('%j', (source, message) => {
    expect(() => compileRegex(source)).toThrow(RegexError)
    expect(() => compileRegex(source)).toThrow(message)
  })
})

test('nothing takes longer than its length', () => {
  const text = `${'a'.repeat(5_000)}!`
  for (const source of ['(a+)+', '(a|aa)*', '(.*)(.*)(.*)(.*)b', '(a?){50}a{50}'])
    expect(compileRegex(source).match(text)).toBe(null)
})
