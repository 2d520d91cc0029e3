import { expect, test } from 'vitest'
import { renderTemplate, templateProblems, usesValue } from './template.ts'

const data = {
  labels: { model: 'gpt-4o', 'odd name': 'o' },
  details: { error: 'refused' },
  value: 7_234,
  threshold: 5_000,
}

test.each([
  ['P95 of {{ labels.model }} is {{ value | duration }}', 'P95 of gpt-4o is 7.23 s'],
  ['{{labels.model}}{{  value|duration  }}', 'gpt-4o7.23 s'],
  ['{{ $labels.model }} {{ $value | number }} > {{ threshold }}', 'gpt-4o 7,234 > 5000'],
  ['{{ labels["odd name"] }}', 'o'],
  ['{{ details.error }} {{ details["error"] }}', 'refused refused'],
  ['{{ details.model }} {{ labels.error }}', '<error: no detail "model"> <error: no label "error">'],
  ['no placeholder, $1 { } %', 'no placeholder, $1 { } %'],
  ['{{ labels.team }}', '<error: no label "team">'],
  ['{{ labels.constructor }}', '<error: no label "constructor">'],
  [
    'a {{ value | nope }} b',
    'a <error: unknown filter "nope"; known: duration, percent, usd, celsius, watts, number> b',
  ],
  [
    '{{ value | constructor }}',
    '<error: unknown filter "constructor"; known: duration, percent, usd, celsius, watts, number>',
  ],
  ['{{ labels.model | duration }}', '<error: "gpt-4o" is not a number>'],
  ['{{ process.exit() }}', '<error: "process.exit()" is not labels.<name>, details.<name>, value or threshold>'],
  ['{{ value', '{{ value'],
])('%s', (template, text) => {
  expect(renderTemplate(template, data)).toBe(text)
})

test.each([
  ['duration', 0, '0 ms'],
  ['duration', 12.345, '12.3 ms'],
  ['duration', 850, '850 ms'],
  ['duration', 999.9, '1 s'],
  ['duration', 59_949, '59.9 s'],
  ['duration', 59_951, '1m 00s'],
  ['duration', 192_000, '3m 12s'],
  ['duration', 3_599_900, '1h 00m'],
  ['duration', 7_500_000, '2h 05m'],
  ['duration', 172_740_000, '47h 59m'],
  ['duration', 1_195_200_000, '13d 20h'],
  ['celsius', 87.46, '87.5 °C'],
  ['watts', 1_205, '1,205 W'],
  ['duration', -1_500, '-1.5 s'],
  ['percent', 0.0534, '5.34%'],
  ['percent', 1, '100%'],
  ['percent', 0, '0%'],
  ['usd', 61.2, '$61.20'],
  ['usd', 1_234.5, '$1,234.50'],
  ['usd', 0.001234, '$0.00123'],
  ['usd', 0, '$0.00'],
  ['number', 1_234_567.8, '1,234,568'],
  ['number', 2.34567, '2.35'],
])('%s of %d', (filter, value, text) => {
  expect(renderTemplate(`{{ value | ${filter} }}`, { labels: {}, value, threshold: null })).toBe(text)
})

test('what is unknown says so', () => {
  expect(renderTemplate('{{ value }} {{ threshold }}', { labels: {}, value: null, threshold: null })).toBe(
    '<error: no value> <error: no threshold>',
  )
})

test('problems are found without data', () => {
  expect(templateProblems('{{ labels.anything }} {{ details.anything }} {{ value | usd }}')).toEqual([])
  expect(templateProblems('{{ lables.x }} {{ value | us }} {{ open')).toEqual([
    '"lables.x" is not labels.<name>, details.<name>, value or threshold',
    'unknown filter "us"; known: duration, percent, usd, celsius, watts, number',
    '"{{" is never closed',
  ])
})

test('a label may not hold the value', () => {
  expect(usesValue('v-{{ $value }}')).toBe(true)
  expect(usesValue('{{ details.error }}')).toBe(true)
  expect(usesValue('{{ labels.value }} value')).toBe(false)
})
