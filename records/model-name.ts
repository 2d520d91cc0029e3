/** Model names as clients and vendors write them, normalised so that one model is one row in every list. */
import { memo } from './memo.ts'

export interface ModelName {
  /** Without vendor path, region, date or revision: `gpt-4o`. Unknown names stay as they came. */
  model: string
  /** What was taken off the end: `2024-08-06`, `20241022-v2:0`, `latest`; empty when nothing. */
  version: string
}

/** Prefixes of routers and SDKs. Hugging Face organisations are part of a name and are not in here. */
const routerPrefix =
  /^(?:openrouter|openai|azure|azure_ai|bedrock|converse|invoke|anthropic|vertex_ai|gemini|models|groq|xai|x-ai|together_ai|fireworks_ai|perplexity|cohere|ollama|ollama_chat|hosted_vllm|vllm)\//
const bedrockRegion = /^(?:us|eu|apac|jp|au|ca|us-gov|global)\.(?=[a-z0-9]+\.)/
const bedrockVendor =
  /^(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|stability|writer|luma|twelvelabs|nvidia|google|minimax|moonshot|zai)\.(?=[a-z])/

/** What may follow a model's name as its version, tried in this order. */
const versions = [
  // claude-3-sonnet-20240229-v1:0, nova-pro-v1:0:300k; but claude-v2:1 is a model
  /^([^-]+-.+?)-((?:20\d{6}-)?v\d{1,2}:\d{1,2}(?::\w{1,8})?)$/,
  // gpt-4o-2024-08-06, claude-3-5-sonnet-20241022, claude-sonnet-4@20250514
  /^(.+?)[-@](20\d\d-[01]\d-[0-3]\d|20\d\d[01]\d[0-3]\d)$/,
  /^(.+?)[-@:](latest)$/,
  /^(.+?)@(default|\d{3})$/,
  // gpt-4-0613, gpt-3.5-turbo-0125
  /^(gpt-.+?)-(\d{4})$/,
  // gemini-1.5-pro-002
  /^(gemini-.+?)-(00\d)$/,
  // mistral-large-2407, codestral-2501
  /^((?:open-mi|mi|code|dev|magi|mini|pix)(?:stral|xtral|tral)(?:-[a-z0-9]+)*?)-(2\d[01]\d)$/,
  // command-r-plus-08-2024
  /^(command-.+?)-([01]\d-20\d\d)$/,
]

/** The normalised name and the version of a model name. Pure; the same name gives the same object. */
export const modelName = memo((name): ModelName => {
  const bare = withoutPath(name.trim())
  // Fine-tunes are models of their own, and a path that is left is a Hugging Face repository.
  if (bare.startsWith('ft:') || bare.includes('/')) return { model: bare, version: '' }
  for (const pattern of versions) {
    const [, model, version] = pattern.exec(bare) ?? []
    if (model !== undefined && version !== undefined) return { model, version }
  }
  return { model: bare, version: '' }
})

/** A name with its version put back, as catalogues list it. */
export function versionedName(model: string, version: string): string {
  return version === '' ? model : `${model}-${version}`
}

/**
 * Whether only a vendor serves models of this name, on its own or through a gateway. Others are open weights, which
 * anybody may run: that somebody sells them says nothing about the server that did.
 */
export function isVendorModel(name: string): boolean {
  return vendorModels.test(name)
}

const vendorModels =
  /^(?:claude-|gemini-|gpt-(?!oss)|chatgpt-|ft:gpt-|o\d(?:-|$)|text-embedding-|davinci|babbage|grok-[3-9]|deepseek-(?:chat|reasoner)$|mistral-(?:large|medium|small)(?:-latest)?$|codestral(?:-latest)?$|sonar|voyage-)/i

function withoutPath(name: string): string {
  if (name.startsWith('arn:')) return fromArn(name)
  const published = /^(?:projects|publishers|accounts)\/.+\/models\/([^/]+)$/.exec(name)?.[1]
  let bare = published ?? name
  while (routerPrefix.test(bare)) bare = bare.replace(routerPrefix, '')
  bare = bare.replace(/^google\/(?=gemini)/, '')
  // Only names of the form vendor.model are Bedrock's: claude-3.5-sonnet has a dot too.
  const unregioned = bare.replace(bedrockRegion, '')
  return unregioned.replace(bedrockVendor, '')
}

/** The model inside a Bedrock ARN; provisioned and application profiles name none and stay whole. */
function fromArn(arn: string): string {
  const last = arn.slice(arn.lastIndexOf('/') + 1).replace(bedrockRegion, '')
  return bedrockVendor.test(last) ? last.replace(bedrockVendor, '') : arn
}
