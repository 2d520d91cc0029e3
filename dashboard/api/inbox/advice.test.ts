import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { problems } from '../../../collector/proxy/observe/problems.ts'
import { keyRefusalCodes } from '../../../collector/proxy/refusal.ts'
import { parseConfig } from '../../../config.ts'
import { ambiguityReasons } from '../../../records/topology.ts'
import { clientName, plainIssue, pricedName } from '../../../records/ingest-issue.ts'
import type { IssueRow } from '../../../storage/queries/ingest.ts'
import { adviceOn } from './advice.ts'
import { reasons } from './reasons.ts'

const issue = (parts: Partial<IssueRow>): IssueRow => ({
  ...plainIssue,
  source: 'spans',
  reason: 'no_ttft',
  items: 1,
  first_ms: 0,
  last_ms: 0,
  example: '',
  ...parts,
})

/** How the collector's code names a reason. */
const naming = [
  /new Refusal\(\s*\d+,\s*'(\w+)'/g,
  /(?:noted|rejected)\.add\('(\w+)'/g,
  /issues\.add\(\s*[^,]+, '(\w+)'/g,
  /note\((?:span|event), [\w']+, (?:streamed \? '\w+' : )?'(\w+)'/g,
  /onRejected\('(\w+)'/g,
]

test('every reason that the collector gives has words of its own', async () => {
  const given = new Set<string>()
  for await (const path of glob('collector/**/*.ts', { cwd: join(import.meta.dirname, '../../..') })) {
    if (path.endsWith('.test.ts')) continue
    const code = await readFile(join(import.meta.dirname, '../../..', path), 'utf8')
    for (const pattern of naming) for (const [, reason = ''] of code.matchAll(pattern)) given.add(reason)
  }
  for (const reason of [...problems, ...keyRefusalCodes, ...ambiguityReasons]) given.add(reason)
  expect(given.size).toBeGreaterThan(20)
  expect([...given].filter((reason) => !Object.hasOwn(reasons, reason))).toEqual([])
})

test.each(Object.keys(reasons))('%s says what is wrong, what follows and what to do', (reason) => {
  const { title, explanation, fix, snippet } = adviceOn(issue({ reason, subject: 'shop' }))
  expect(title).toMatch(/^[A-Z][^.]{5,79}$/)
  for (const text of [explanation, fix]) expect(text).toMatch(/^[A-Z].{10,}[.:]$/s)
  if (snippet?.label === 'inferwatch.yaml') parseConfig(filledIn(snippet.text), 'snippet')
})

/** A snippet with the gaps filled that only the reader can fill. */
const filledIn = (yaml: string) =>
  yaml
    .replaceAll(/_usd: #.*/g, '_usd: 1')
    .replaceAll(/: # the model.*/g, ': gpt-4o')
    .replaceAll(/: # 0.5.*/g, ': 0.5')

test('a reason that nobody wrote words for is told as it is', () => {
  expect(adviceOn(issue({ source: 'otlp_http', reason: 'brand_new' }))).toMatchObject({
    title: 'Brand new',
    explanation: 'Otlp http could not take these items as they came.',
    snippet: null,
  })
  expect(adviceOn(issue({ reason: 'constructor' })).title).toBe('Constructor')
})

test.each([
  ['no_stream_usage', '@opentelemetry/instrumentation-openai', /stream_options\.include_usage/],
  ['no_usage', '@opentelemetry/instrumentation-openai', /stream_options\.include_usage/],
  ['no_stream_usage', '@traceloop/instrumentation-openai', /never reads the usage/],
  ['estimated_usage', '@traceloop/instrumentation-openai', /its own estimate/],
  ['no_usage', '@traceloop/instrumentation-bedrock', /Converse/],
  ['no_stream_usage', '@arizeai/openinference-instrumentation-openai', /not even with include_usage/],
  ['no_stream_usage', '@arizeai/openinference-instrumentation-langchain', /streamUsage/],
  ['no_stream_usage', 'langfuse-sdk', /include_usage/],
  ['no_stream_usage', 'ai', /includeUsage/],
  ['no_stream_usage', 'some-client', /OpenAI’s API/],
  ['no_ttft', '@opentelemetry/instrumentation-openai', /No version or setting/],
  ['no_ttft', '@traceloop/instrumentation-anthropic', /0\.134/],
  ['no_ttft', 'litellm', /metrics alone/],
  ['no_ttft', 'unnamed client', /set the attribute by hand/],
])('%s of %s: the fix is that client’s, whatever its version', (reason, scope, expected) => {
  for (const version of ['', '1.2.3'])
    expect(adviceOn(issue({ reason, subject: clientName(scope, version) })).fix).toMatch(expected)
})

test('an Azure deployment without a price is to be mapped to its model', () => {
  const subject = pricedName('azure.ai.openai', 'our: "deployment"')
  const { snippet } = adviceOn(issue({ reason: 'unpriced_model', subject }))
  expect(parse(snippet?.text ?? '')).toEqual({ prices: { deployments: { 'our: "deployment"': null } } })
  expect(parseConfig(filledIn(snippet?.text ?? ''), 'snippet').prices.deployments).toEqual({
    'our: "deployment"': 'gpt-4o',
  })
})

test('a tier without a price is to be given a multiplier', () => {
  const { snippet } = adviceOn(issue({ reason: 'unpriced_tier', example: 'service tier batch' }))
  expect(parseConfig(filledIn(snippet?.text ?? ''), 'snippet').prices.multipliers).toEqual({ batch: 0.5 })
})

test.each([
  ['mistral_ai', 'new/model: 1', { provider: 'mistral_ai' }, /the price that you pay/],
  ['vllm', 'meta-llama/Llama-3.1-70B', { provider: 'vllm' }, /You serve it yourself/],
  ['', 'mystery', {}, /the price that you pay/],
])('a model without a price at %s is to be given one, with no price made up', (provider, model, rest, fix) => {
  const advice = adviceOn(issue({ reason: 'unpriced_model', subject: pricedName(provider, model) }))
  expect(advice.fix).toMatch(fix)
  expect(parse(advice.snippet?.text ?? '')).toEqual({
    prices: { overrides: [{ name: model, ...rest, model, input_usd: null, output_usd: null }] },
  })
})
