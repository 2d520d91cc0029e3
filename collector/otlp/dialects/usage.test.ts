import { expect, test } from 'vitest'
import { emptyRequest } from '../../../records/llm-request.ts'
import { settleUsage, type UsageFacts } from './usage.ts'

type Counts = [input: number | null, cached: number | null, written: number | null, output: number | null]

test.each<[Counts, UsageFacts, { input: number | null; basis: string; source: string }]>([
  [[23, null, null, 7], {}, { input: 23, basis: '', source: 'reported' }],
  [[23, 0, 0, 7], {}, { input: 23, basis: '', source: 'reported' }],
  [[23, 10, null, 7], {}, { input: 23, basis: 'inclusive', source: 'reported' }],
  [[13, 6, 4, 7], {}, { input: 13, basis: 'inclusive', source: 'reported' }],
  // More parts than the whole, and a sum that needs them: both are proofs.
  [[13, 600, null, 7], {}, { input: 613, basis: 'exclusive', source: 'reported' }],
  [[13, 6, 4, 7], { total: 30 }, { input: 23, basis: 'exclusive', source: 'reported' }],
  [[23, 6, 4, 7], { total: 30 }, { input: 23, basis: 'inclusive', source: 'reported' }],
  [[13, 6, 4, 7], { total: 20 }, { input: 13, basis: 'inclusive', source: 'reported' }],
  [[13, 6, 4, 7], { exclusive: true }, { input: 23, basis: 'exclusive', source: 'reported' }],
  [[13, null, 4, null], { exclusive: true }, { input: 17, basis: 'exclusive', source: 'reported' }],
  [[null, 10, null, 7], { exclusive: true }, { input: null, basis: '', source: 'reported' }],
  [[7, null, null, 5], { estimated: true }, { input: 7, basis: '', source: 'estimated' }],
  [[null, null, null, null], { estimated: true }, { input: null, basis: '', source: '' }],
  [[0, 0, 0, 0], { exclusive: true }, { input: null, basis: '', source: '' }],
  [[NaN, 10, null, null], {}, { input: NaN, basis: '', source: '' }],
  [[-5, 10, null, null], {}, { input: -5, basis: '', source: '' }],
  [[23, NaN, null, 7], { exclusive: true }, { input: 23, basis: '', source: 'reported' }],
])('input, cached, written, output of %o, %o', ([input, cached, written, output], facts, settled) => {
  const request = {
    ...emptyRequest(),
    input_tokens: input,
    cached_input_tokens: cached,
    cache_write_tokens: written,
    output_tokens: output,
  }
  settleUsage(request, facts)
  expect(request).toMatchObject({
    input_tokens: settled.input,
    input_token_basis: settled.basis,
    usage_source: settled.source,
  })
})

test.each([
  [6, 46, 52],
  [60, 46, 60],
  [7, null, 7],
  [null, 46, null],
])('output of %o with %o reasoning is %o in all', (output, reasoning, total) => {
  const request = { ...emptyRequest(), output_tokens: output, reasoning_tokens: reasoning }
  settleUsage(request)
  expect(request.output_tokens).toBe(total)
})

test('reasoning that is known to be apart is added', () => {
  const request = { ...emptyRequest(), output_tokens: 50, reasoning_tokens: 10 }
  settleUsage(request, { reasoningApart: true })
  expect(request.output_tokens).toBe(60)
})

test('a cost of zero without usage is unknown', () => {
  const request = { ...emptyRequest(), reported_cost_usd: 0 }
  settleUsage(request)
  expect(request.reported_cost_usd).toBeNull()
  const free = { ...emptyRequest(), reported_cost_usd: 0, input_tokens: 23 }
  settleUsage(free)
  expect(free.reported_cost_usd).toBe(0)
})
