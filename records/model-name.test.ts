import { describe, expect, test } from 'vitest'
import { isVendorModel, modelName, versionedName } from './model-name.ts'

describe('modelName', () => {
  test.each([
    // name                                                   model                      version
    ['gpt-4o', 'gpt-4o', ''],
    [' gpt-4o ', 'gpt-4o', ''],
    ['gpt-4o-2024-08-06', 'gpt-4o', '2024-08-06'],
    ['gpt-4o-mini-2024-07-18', 'gpt-4o-mini', '2024-07-18'],
    ['o1-2024-12-17', 'o1', '2024-12-17'],
    ['o3-mini', 'o3-mini', ''],
    ['gpt-4-0613', 'gpt-4', '0613'],
    ['gpt-4-32k-0613', 'gpt-4-32k', '0613'],
    ['gpt-3.5-turbo-0125', 'gpt-3.5-turbo', '0125'],
    ['gpt-4-1106-preview', 'gpt-4-1106-preview', ''],
    ['chatgpt-4o-latest', 'chatgpt-4o', 'latest'],
    ['text-embedding-3-small', 'text-embedding-3-small', ''],
    ['claude-3-5-sonnet-20241022', 'claude-3-5-sonnet', '20241022'],
    ['claude-3-5-sonnet-latest', 'claude-3-5-sonnet', 'latest'],
    ['claude-sonnet-4@20250514', 'claude-sonnet-4', '20250514'],
    ['claude-opus-4-1', 'claude-opus-4-1', ''],
    ['claude-3.5-sonnet', 'claude-3.5-sonnet', ''],
    ['claude-v2:1', 'claude-v2:1', ''],
    ['models/gemini-2.5-pro', 'gemini-2.5-pro', ''],
    ['publishers/google/models/gemini-2.5-pro', 'gemini-2.5-pro', ''],
    ['projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4@20250514', 'claude-sonnet-4', '20250514'],
    ['accounts/fireworks/models/llama-v3p1-8b-instruct', 'llama-v3p1-8b-instruct', ''],
    ['gemini-1.5-pro-002', 'gemini-1.5-pro', '002'],
    ['gemini-2.5-pro-preview-05-06', 'gemini-2.5-pro-preview-05-06', ''],
    ['openai/gpt-4o', 'gpt-4o', ''],
    ['azure/gpt-4o-2024-08-06', 'gpt-4o', '2024-08-06'],
    ['google/gemini-2.5-pro', 'gemini-2.5-pro', ''],
    ['openrouter/anthropic/claude-3.5-sonnet', 'claude-3.5-sonnet', ''],
    ['anthropic.claude-3-sonnet-20240229-v1:0', 'claude-3-sonnet', '20240229-v1:0'],
    ['us.anthropic.claude-3-5-sonnet-20241022-v2:0', 'claude-3-5-sonnet', '20241022-v2:0'],
    ['claude-3-sonnet-20240229-v1:0', 'claude-3-sonnet', '20240229-v1:0'],
    ['amazon.nova-pro-v1:0', 'nova-pro', 'v1:0'],
    ['us.amazon.nova-lite-v1:0:300k', 'nova-lite', 'v1:0:300k'],
    ['eu.meta.llama3-2-1b-instruct-v1:0', 'llama3-2-1b-instruct', 'v1:0'],
    ['amazon.titan-text-express-v1', 'titan-text-express-v1', ''],
    [
      'arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-3-sonnet-20240229-v1:0',
      'claude-3-sonnet',
      '20240229-v1:0',
    ],
    [
      'arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123',
      'arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123',
      '',
    ],
    ['meta-llama/Llama-3.1-8B-Instruct', 'meta-llama/Llama-3.1-8B-Instruct', ''],
    ['mistralai/Mistral-7B-Instruct-v0.3', 'mistralai/Mistral-7B-Instruct-v0.3', ''],
    ['Qwen/Qwen3-235B-A22B-2507', 'Qwen/Qwen3-235B-A22B-2507', ''],
    ['google/gemma-2-9b-it', 'google/gemma-2-9b-it', ''],
    ['deepseek-ai/DeepSeek-R1', 'deepseek-ai/DeepSeek-R1', ''],
    ['mistral-large-2407', 'mistral-large', '2407'],
    ['codestral-2501', 'codestral', '2501'],
    ['ministral-8b-2410', 'ministral-8b', '2410'],
    ['command-r-plus-08-2024', 'command-r-plus', '08-2024'],
    ['llama3.1:8b', 'llama3.1:8b', ''],
    ['llama3:latest', 'llama3', 'latest'],
    ['ft:gpt-4o-mini-2024-07-18:acme::abc', 'ft:gpt-4o-mini-2024-07-18:acme::abc', ''],
    ['my-gpt4o-deployment', 'my-gpt4o-deployment', ''],
    ['', '', ''],
  ])('%s → %s %s', (name, model, version) => {
    expect(modelName(name)).toEqual({ model, version })
  })

  test('a long hostile name takes no time and stays', () => {
    const name = '-2024'.repeat(20_000)
    expect(modelName(name)).toEqual({ model: name, version: '' })
  })
})

test('a version can be put back', () => {
  expect(versionedName('gpt-4o', '2024-08-06')).toBe('gpt-4o-2024-08-06')
  expect(versionedName('gpt-4o', '')).toBe('gpt-4o')
})

test('some names only a vendor serves', () => {
  const vendors = ['gpt-4o', 'o1', 'o3-mini', 'claude-sonnet-4', 'gemini-2.5-pro', 'deepseek-chat', 'ft:gpt-4o:acme::a']
  expect(vendors.filter((name) => !isVendorModel(name))).toEqual([])
  const open = [
    'gpt-oss-20b',
    'deepseek-r1',
    'llama3',
    'mixtral-8x7b',
    'o1js',
    'openai/gpt-4o',
    'mistral-small-24b',
    '',
  ]
  expect(open.filter(isVendorModel)).toEqual([])
})
