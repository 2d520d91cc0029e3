import { describe, expect, test } from 'vitest'
import { catalogueProvider, isSelfHosted, normalProvider, providerOfHost } from './provider.ts'

describe('normalProvider', () => {
  test.each([
    ['OpenAI', 'openai'],
    ['openai.chat', 'openai'],
    ['openai.responses', 'openai'],
    ['openai.completion', 'openai'],
    ['azure.ai.openai', 'azure.ai.openai'],
    ['az.ai.openai', 'azure.ai.openai'],
    ['Azure', 'azure.ai.openai'],
    ['azure_openai', 'azure.ai.openai'],
    ['azure-openai.chat', 'azure.ai.openai'],
    ['az.ai.inference', 'azure.ai.inference'],
    ['azure_ai', 'azure.ai.inference'],
    ['AWS', 'aws.bedrock'],
    ['bedrock', 'aws.bedrock'],
    ['amazon-bedrock', 'aws.bedrock'],
    ['Anthropic', 'anthropic'],
    ['anthropic.messages', 'anthropic'],
    ['vertex_ai', 'gcp.vertex_ai'],
    ['google.vertex.chat', 'gcp.vertex_ai'],
    ['vertex.anthropic.messages', 'gcp.vertex_ai'],
    ['gemini', 'gcp.gemini'],
    ['google.generative-ai', 'gcp.gemini'],
    ['google', 'gcp.gen_ai'],
    ['MistralAI', 'mistral_ai'],
    ['mistral.chat', 'mistral_ai'],
    ['xai', 'x_ai'],
    ['groq.chat', 'groq'],
    ['aws.anthropic', 'aws.bedrock'],
    ['AWSBedrock', 'aws.bedrock'],
    ['gcp.anthropic', 'gcp.vertex_ai'],
    ['vertex_ai_beta', 'gcp.vertex_ai'],
    ['google-gla', 'gcp.gemini'],
    ['grok', 'x_ai'],
    ['text-completion-openai', 'openai'],
    ['cohere_chat', 'cohere'],
    ['deepseek', 'deepseek'],
    ['langchain', 'langchain'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['', ''],
  ])('%s → %s', (spelling, provider) => {
    expect(normalProvider(spelling)).toBe(provider)
  })
})

test.each([
  ['openai', 'openai'],
  ['azure.ai.openai', 'azure'],
  ['azure.ai.inference', 'azure'],
  ['aws.bedrock', 'aws'],
  ['gcp.gen_ai', 'google'],
  ['gcp.vertex_ai', 'google'],
  ['x_ai', 'x-ai'],
  ['mistral_ai', 'mistral'],
  ['ibm.watsonx.ai', null],
  ['constructor', null],
  ['', null],
])('%s is %s in the catalogue', (provider, id) => {
  expect(catalogueProvider(provider)).toBe(id)
})

test('servers of one’s own have no list price', () => {
  expect(isSelfHosted('vllm')).toBe(true)
  expect(isSelfHosted('openai')).toBe(false)
})

test.each([
  ['acme.openai.azure.com', 'azure.ai.openai'],
  ['openrouter.ai', 'openrouter'],
  ['API.GROQ.COM', 'groq'],
  ['bedrock-runtime.us-east-1.amazonaws.com', 'aws.bedrock'],
  ['us-central1-aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['api.openai.com', null],
  ['vllm-1', null],
  ['127.0.0.1', null],
  ['', null],
])('host %s is %s', (host, provider) => {
  expect(providerOfHost(host)).toBe(provider)
})
