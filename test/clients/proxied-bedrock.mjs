import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { max_tokens, question, system } from './prompts.mjs'
import { runBoth } from './proxied.mjs'

const modelId = 'anthropic.claude-3-5-sonnet-20241022-v2:0'
const { KEY: bearer, ACCESS_KEY_ID: accessKeyId, SECRET_ACCESS_KEY: secretAccessKey } = process.env
const common = { region: 'us-east-1', maxAttempts: 1 }
/** Behind a proxy that signs, a client needs credentials of some kind, and nobody's will do. */
const own = (endpoint, through) => ({
  ...common,
  endpoint,
  credentials:
    through && process.env.SIGNED
      ? { accessKeyId: 'nobody', secretAccessKey: 'none' }
      : { accessKeyId, secretAccessKey },
})
const withKey = (endpoint) => ({
  ...common,
  endpoint,
  token: { token: bearer },
  authSchemePreference: ['httpBearerAuth'],
})

const converse = {
  modelId,
  system: [{ text: system }],
  messages: [{ role: 'user', content: [{ text: question }] }],
  inferenceConfig: { maxTokens: max_tokens },
}
const invoke = {
  modelId,
  contentType: 'application/json',
  body: JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens,
    messages: [{ role: 'user', content: question }],
  }),
}

const all = async (events) => {
  const found = []
  for await (const event of events) found.push(event)
  return found
}
const calls = {
  async converse(client) {
    const { output, stopReason, usage } = await client.send(new ConverseCommand(converse))
    return { output, stopReason, usage }
  },
  'converse-stream': async (client) => all((await client.send(new ConverseStreamCommand(converse))).stream),
  async invoke(client) {
    const { body } = await client.send(new InvokeModelCommand(invoke))
    return JSON.parse(body.transformToString())
  },
  async 'invoke-stream'(client) {
    const events = await all((await client.send(new InvokeModelWithResponseStreamCommand(invoke))).body)
    return events.map(({ chunk }) => JSON.parse(new TextDecoder().decode(chunk.bytes)))
  },
}

const configs = process.env.SIGNED ? { signed: own } : { key: withKey, own }
const scenarios = {}
for (const [auth, config] of Object.entries(configs))
  for (const [name, call] of Object.entries(calls))
    scenarios[`${auth}-${name}`] = async (url, through) => {
      const client = new BedrockRuntimeClient(config(url, through))
      return call(client).finally(() => client.destroy())
    }
await runBoth(scenarios)
