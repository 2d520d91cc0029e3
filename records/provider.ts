/** Provider names: every client's spelling folded to the well-known values of OTel's `gen_ai.provider.name`. */
import { memo } from './memo.ts'

/** Spellings in the wild → OTel value. Keys are lower-case; `openai.chat` and the like are folded by their first word. */
const spellings: Record<string, string> = {
  'azure.ai.openai': 'azure.ai.openai',
  'az.ai.openai': 'azure.ai.openai',
  azure: 'azure.ai.openai',
  azure_openai: 'azure.ai.openai',
  'azure-openai': 'azure.ai.openai',
  azureopenai: 'azure.ai.openai',
  'azure.ai.inference': 'azure.ai.inference',
  'az.ai.inference': 'azure.ai.inference',
  azure_text: 'azure.ai.openai',
  azure_ai: 'azure.ai.inference',
  'azure-ai': 'azure.ai.inference',
  'aws.bedrock': 'aws.bedrock',
  aws_bedrock: 'aws.bedrock',
  bedrock: 'aws.bedrock',
  bedrock_converse: 'aws.bedrock',
  'aws.anthropic': 'aws.bedrock',
  awsbedrock: 'aws.bedrock',
  aws: 'aws.bedrock',
  amazon: 'aws.bedrock',
  'amazon-bedrock': 'aws.bedrock',
  amazon_bedrock: 'aws.bedrock',
  'gcp.vertex_ai': 'gcp.vertex_ai',
  'gcp.vertex.agent': 'gcp.vertex_ai',
  'gcp.anthropic': 'gcp.vertex_ai',
  vertex_ai: 'gcp.vertex_ai',
  vertex_ai_beta: 'gcp.vertex_ai',
  vertexai: 'gcp.vertex_ai',
  'google-vertex': 'gcp.vertex_ai',
  google_vertexai: 'gcp.vertex_ai',
  'gcp.gemini': 'gcp.gemini',
  gemini: 'gcp.gemini',
  'google.generative-ai': 'gcp.gemini',
  google_genai: 'gcp.gemini',
  'google-genai': 'gcp.gemini',
  'google-gla': 'gcp.gemini',
  'gcp.gen_ai': 'gcp.gen_ai',
  google: 'gcp.gen_ai',
  'text-completion-openai': 'openai',
  cohere_chat: 'cohere',
  anthropic_text: 'anthropic',
  mistral_ai: 'mistral_ai',
  mistral: 'mistral_ai',
  mistralai: 'mistral_ai',
  x_ai: 'x_ai',
  xai: 'x_ai',
  grok: 'x_ai',
  'x-ai': 'x_ai',
  'ibm.watsonx.ai': 'ibm.watsonx.ai',
  watsonx: 'ibm.watsonx.ai',
  moonshot_ai: 'moonshot_ai',
  moonshot: 'moonshot_ai',
  moonshotai: 'moonshot_ai',
  together: 'together_ai',
  together_ai: 'together_ai',
  togetherai: 'together_ai',
  'together-ai': 'together_ai',
  fireworks: 'fireworks_ai',
  fireworks_ai: 'fireworks_ai',
  'fireworks-ai': 'fireworks_ai',
}

/** OTel value → provider id of the genai-prices catalogue, whose own folding takes azure.ai.openai for openai. */
const catalogueIds: Record<string, string> = {
  openai: 'openai',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'aws.bedrock': 'aws',
  anthropic: 'anthropic',
  'gcp.vertex_ai': 'google',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  cohere: 'cohere',
  mistral_ai: 'mistral',
  groq: 'groq',
  deepseek: 'deepseek',
  perplexity: 'perplexity',
  x_ai: 'x-ai',
  moonshot_ai: 'moonshotai',
  openrouter: 'openrouter',
  together_ai: 'together',
  fireworks_ai: 'fireworks',
  cerebras: 'cerebras',
  voyageai: 'voyageai',
  cloudflare: 'cloudflare',
}

/** Servers people run themselves: they have no list price. */
const selfHosted = new Set(
  'vllm hosted_vllm sglang tgi huggingface_local ollama llamacpp llama.cpp lmstudio lm_studio triton tensorrt_llm nim'.split(
    ' ',
  ),
)

/** The OTel value of any spelling; unknown names stay, lower-cased. Empty stays empty. */
export const normalProvider = memo((text) => {
  const name = text.trim().toLowerCase()
  const exact = Object.hasOwn(spellings, name) ? spellings[name] : undefined
  if (exact !== undefined) return exact
  if (name.startsWith('google.vertex') || name.startsWith('vertex.')) return 'gcp.vertex_ai'
  if (name.startsWith('google.')) return 'gcp.gemini'
  if (name.startsWith('azure-openai.') || name.startsWith('azure.')) return 'azure.ai.openai'
  // The Vercel AI SDK appends the kind of model: openai.chat, anthropic.messages, amazon-bedrock.chat.
  const first = /^([\w-]+)\.(?:chat|responses|completion|messages|embedding|textembedding|generative-ai)$/.exec(
    name,
  )?.[1]
  if (first === undefined) return name
  return (Object.hasOwn(spellings, first) ? spellings[first] : undefined) ?? first
})

/** Hosts of vendors whose API other vendors' SDKs call, which then report their own name. A leading dot: any host below. */
const hosts: readonly (readonly [string, string])[] = [
  ['.openai.azure.com', 'azure.ai.openai'],
  ['.cognitiveservices.azure.com', 'azure.ai.openai'],
  ['.services.ai.azure.com', 'azure.ai.inference'],
  ['.amazonaws.com', 'aws.bedrock'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['api.anthropic.com', 'anthropic'],
  ['openrouter.ai', 'openrouter'],
  ['api.groq.com', 'groq'],
  ['api.deepseek.com', 'deepseek'],
  ['api.mistral.ai', 'mistral_ai'],
  ['api.x.ai', 'x_ai'],
  ['api.together.xyz', 'together_ai'],
  ['api.fireworks.ai', 'fireworks_ai'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.cerebras.ai', 'cerebras'],
  ['api.cohere.ai', 'cohere'],
  ['api.cohere.com', 'cohere'],
  ['api.moonshot.ai', 'moonshot_ai'],
  ['api.moonshot.cn', 'moonshot_ai'],
]

/** The vendor behind a host name; null when it is none that we know. */
export const providerOfHost = memo((host): string | null => {
  const name = host.toLowerCase()
  return hosts.find(([suffix]) => name.endsWith(suffix))?.[1] ?? null
})

/** The catalogue's id of a folded provider; null when the catalogue has none. */
export function catalogueProvider(provider: string): string | null {
  return (Object.hasOwn(catalogueIds, provider) ? catalogueIds[provider] : undefined) ?? null
}

/** Whether a provider is software that people run on their own machines, and so has no list price. */
export function isSelfHosted(provider: string): boolean {
  return selfHosted.has(provider)
}
