import { expect, test } from 'vitest'
import { formatSearch, isLive, parseSearch, questionOf, spanOf, toggleFilter } from './search.ts'

test.each([
  '',
  '?range=6h',
  '?range=15m&model=gpt-4o&model=claude-sonnet-4&environment=demo&live=off',
  '?from=2026-11-21T08%3A00%3A00.000Z&to=2026-11-21T09%3A00%3A00.000Z&compare=off',
  '?range=6h&compare=on&tz=Europe%2FBerlin',
  '?range=6h&marks=off&tz=UTC',
  '?status=error&open=0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331',
  '?range=24h&target=http%3A%2F%2F10.0.0.1%3A8000%2Fmetrics%3Fmodel%3Da%2Bb',
  '?range=24h&issue=spans+unpriced_model+openai+%2F+gpt-4o%40x',
  '?range=24h&sql=SELECT+1+%2B+%271%26%27%0AFROM+v_requests',
  '?sql=SELECT+1&param_team=it%27s+%26+more&param_models=%5B%22a%22%5D&param_none=&view=chart',
  '?saved=0af76519-16cd-43dd-8448-eb211c80319c',
  '?server=vllm-1%3A8000',
  '?alone=gpt-4o&set=tokens.input_tokens&set=sort-models.-p95_ms&name=gpt',
  '?cols=requests%2Cttft_p50_ms',
  '?set=all-user.on&set=find-team.a+%22b%22.%26%3D',
  '?view=prices&find=gpt+4o',
  '?folded=all%2Cb7ad6b7169203331',
  '?view=rules&row=inferwatch+HighP95Latency',
  '?view=silences&matchers=model%3D%22a%2C+b%22%2C+team%3D%7E%22x.*%22',
  '?view=silences&matchers=',
  '?q=duration%3E2s+team%21%3Dsearch+user%3A%22a+b%22&measure=ttft_ms&brush=%2C%2C2000%2C&cols=model%2Cttft_ms',
  '?brush=1700000000000%2C1700000600000%2C1e-7%2C0.25',
])('%s survives a round trip', (text) => expect(formatSearch(parseSearch(text))).toBe(text))

test('what it does not know is dropped', () => {
  expect(
    formatSearch(
      parseSearch(
        '?range=fast&from=1&evil=1&compare=maybe&tz=Mars%2FBase&open=%3Cscript%3E&brush=1,2&measure=x&cols=%3Ci%3E&alone=&set=a&set=A.b&set=.b&set=a.%3Cb%3E&model=a&model=a',
      ),
    ),
  ).toBe('?model=a')
})

test('the matchers of a message’s link are one text', () => {
  const text = `?${new URLSearchParams([
    ['matcher', 'alertname="Down"'],
    ['matcher', 'model="a, \\"b\\""'],
  ]).toString()}`
  expect(parseSearch(text).matchers).toBe('alertname="Down", model="a, \\"b\\""')
})

test('parameters come with their query, and only where both fit an address', () => {
  expect(parseSearch('?param_team=a')).toEqual({ filters: {} })
  expect(parseSearch('?sql=a&param_b=1&param_=2&param_9=3&param_a-b=4')).toMatchObject({ sql: 'a', params: { b: '1' } })
  const params = { text: 'x'.repeat(4000) }
  expect(formatSearch({ sql: 'select {text:String}', params, filters: {} })).toBe('')
  expect(parseSearch(`?sql=a&param_text=${params.text}`)).toEqual({ filters: {} })
})

test.each([
  'from=2000&to=1000',
  'from=-5&to=3',
  'from=0&to=99999999999999999',
  'from=0&to=1e3',
  'range=0m',
  'range=999999d',
])('%s is no range that the API answers about', (text) => expect(parseSearch(`?${text}`)).toEqual({ filters: {} }))

test('the question to the API has the range, or the last hour, and the filters', () => {
  expect(questionOf(parseSearch('?model=a&model=b'))).toEqual({ range: '1h', model: ['a', 'b'] })
  expect(questionOf(parseSearch('?from=1000&to=2000'))).toEqual({ from: '1000', to: '2000' })
})

test('a filter is put on and taken off', () => {
  const on = toggleFilter(parseSearch('?team=search'), 'model', 'a')
  expect(on.filters).toEqual({ team: ['search'], model: ['a'] })
  expect(toggleFilter(on, 'model', 'a').filters).toEqual({ team: ['search'] })
})

test('length and liveness', () => {
  expect(spanOf(parseSearch(''))).toBe(3_600_000)
  expect(spanOf(parseSearch('?range=7d'))).toBe(604_800_000)
  expect(isLive(parseSearch('?range=7d'))).toBe(true)
  expect(isLive(parseSearch('?live=off'))).toBe(false)
  expect(isLive(parseSearch('?from=1000&to=2000'))).toBe(false)
})
