/**
 * LiteLLM's price list, `model_prices_and_context_window.json`: dollars per token by model, with steps for long requests and
 * rates of service tiers. https://github.com/BerriAI/litellm
 */
import { shifted } from '../records/decimal.ts'
import { flat, tokenPrice, type Price, type Rate } from '../records/price.ts'
import { normalProvider } from '../records/provider.ts'
import type { Catalogue, ListPrice } from './price-catalogue.ts'

export interface ListedModel {
  /** As the list names it: `gpt-4o`, `azure/gpt-4o`. */
  key: string
  /** Folded as `LlmRequest.provider` is. */
  provider: string
  /** The key without its provider. */
  model: string
  /** Tokens; null when the list does not say. */
  context_window: number | null
  /** By service tier; `standard` is always there. */
  prices: Record<string, Price>
}

export interface LitellmSummary {
  /** Entries by what they lack. */
  skipped: { no_token_price: number; free_or_unknown: number; malformed: number }
}

type Entry = Record<string, unknown>

/** The list's suffix of each service tier. */
const tierSuffixes = { batch: '_batches', flex: '_flex', priority: '_priority' } as const

export function parseLitellm(list: Record<string, unknown>): LitellmSummary & { models: ListedModel[] } {
  const models: ListedModel[] = []
  const skipped = { no_token_price: 0, free_or_unknown: 0, malformed: 0 }
  for (const [key, entry] of Object.entries(list)) {
    if (key === 'sample_spec') continue
    const read = isEntry(entry) ? readEntry(key, entry) : 'malformed'
    if (typeof read === 'string') skipped[read] += 1
    else models.push(read)
  }
  return { models, skipped }
}

function readEntry(key: string, entry: Entry): ListedModel | keyof LitellmSummary['skipped'] {
  if (Object.entries(entry).some(([name, value]) => isTokenRate(name) && !isRate(value))) return 'malformed'
  const standard = priceOf(entry, '')
  if (standard === null) return 'no_token_price'
  // Zeros stand for subscriptions, for machines of one's own and for what nobody looked up; moderation is free indeed.
  if (isFree(standard) && entry['mode'] !== 'moderation') return 'free_or_unknown'
  const prices: Record<string, Price> = { standard }
  for (const [tier, suffix] of Object.entries(tierSuffixes)) {
    const price = priceOf(entry, suffix)
    if (price && !isFree(price)) prices[tier] = price
  }
  const provider = providerOf(typeof entry['litellm_provider'] === 'string' ? entry['litellm_provider'] : '')
  const window = entry['max_input_tokens']
  return {
    key,
    provider,
    model: bareName(key, provider),
    context_window: typeof window === 'number' && Number.isInteger(window) && window > 0 ? window : null,
    prices,
  }
}

/** Null when the entry has no rates per token for the service tier of this suffix. */
function priceOf(entry: Entry, suffix: string): Price | null {
  const ranges = suffix === '' ? rangesOf(entry) : null
  const of = (name: string) => (ranges ? rangedRate(ranges, name) : rateOf(entry, name, suffix))
  const input = of('input_cost_per_token')
  const output = of('output_cost_per_token')
  if (input === null && output === null) return null
  // A tier that leaves a rate out has the usual one, as in LiteLLM's own sums.
  const usual = (name: string) => of(name) ?? (suffix === '' ? null : rateOf(entry, name, ''))
  return tokenPrice({
    input: input ?? usual('input_cost_per_token') ?? flat(0),
    output: output ?? usual('output_cost_per_token') ?? flat(0),
    cached_input: usual('cache_read_input_token_cost'),
    cache_write: usual('cache_creation_input_token_cost'),
    reasoning: usual('output_cost_per_reasoning_token'),
    request_usd: number(entry['input_cost_per_request']) ?? 0,
  })
}

/** A rate per token becomes one per 1M; `_above_200k_tokens` and its like are steps. */
function rateOf(entry: Entry, name: string, suffix: string): Rate | null {
  const base = number(entry[`${name}${suffix}`])
  if (base === null) return null
  const tiers = Object.keys(entry).flatMap((key) => {
    if (!key.startsWith(`${name}_above_`)) return []
    const [, thousands, rest] = /^_above_(\d+)k_tokens(_\w+)?$/.exec(key.slice(name.length)) ?? []
    const usd = number(entry[key])
    if (thousands === undefined || (rest ?? '') !== suffix || usd === null) return []
    return [{ start: Number(thousands) * 1000, usd: shifted(usd, 6) }]
  })
  return { usd: shifted(base, 6), tiers: tiers.sort((a, b) => a.start - b.start) }
}

/** `tiered_pricing`: rates for ranges of input tokens, in place of single ones. */
function rangesOf(entry: Entry): { start: number; rates: Entry }[] | null {
  const ranges = entry['tiered_pricing']
  if (!Array.isArray(ranges)) return null
  const read = ranges.flatMap((rates: unknown) => {
    const range = isEntry(rates) ? rates['range'] : null
    const start = Array.isArray(range) ? number(range[0]) : null
    return isEntry(rates) && start !== null ? [{ start, rates }] : []
  })
  return read.length > 0 ? read.sort((a, b) => a.start - b.start) : null
}

function rangedRate(ranges: readonly { start: number; rates: Entry }[], name: string): Rate | null {
  const steps = ranges.flatMap(({ start, rates }) => {
    const usd = number(rates[name])
    return usd === null ? [] : [{ start, usd: shifted(usd, 6) }]
  })
  const [lowest, ...tiers] = steps
  return lowest ? { usd: lowest.usd, tiers } : null
}

const isEntry = (value: unknown): value is Entry => value !== null && typeof value === 'object' && !Array.isArray(value)

const isTokenRate = (name: string) => /^(input|output)_cost_per_(reasoning_)?token|_input_token_cost/.test(name)

/** Some entries spell out that there is no such rate. */
const isRate = (value: unknown) => value === null || number(value) !== null

/** A million dollars a token is a mistake. */
function number(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value < 1e6 ? value : null
}

function isFree({ input, output }: Price): boolean {
  return [input, output].every(({ usd, tiers }) => usd === 0 && tiers.every((tier) => tier.usd === 0))
}

/** Kinds of one provider that the list keeps apart. */
function providerOf(listed: string): string {
  const name = listed.toLowerCase().replace(/^text-completion-/, '')
  if (name.startsWith('vertex_ai')) return 'gcp.vertex_ai'
  if (name.startsWith('bedrock')) return 'aws.bedrock'
  if (name === 'azure_text') return 'azure.ai.openai'
  if (name === 'cohere_chat') return 'cohere'
  if (name === 'codestral') return 'mistral_ai'
  return normalProvider(name)
}

/** `azure/gpt-4o` is gpt-4o at Azure, and `openrouter/openai/gpt-4o` is openai/gpt-4o at OpenRouter. */
function bareName(key: string, provider: string): string {
  const slash = key.indexOf('/')
  const first = key.slice(0, Math.max(slash, 0))
  return first !== '' && providerOf(first) === provider ? key.slice(slash + 1) : key
}

/** Providers whose prices stand for one that says less. */
const also: Record<string, readonly string[]> = {
  'gcp.gen_ai': ['gcp.gemini', 'gcp.vertex_ai'],
  'gcp.gemini': ['gcp.vertex_ai'],
  'gcp.vertex_ai': ['gcp.gemini'],
  'azure.ai.inference': ['azure.ai.openai'],
}

export function litellmCatalogue(version: string, models: readonly ListedModel[]): Catalogue {
  const byProvider = new Map<string, ListedModel>()
  const byKey = new Map<string, ListedModel>()
  for (const model of models) {
    byKey.set(model.key.toLowerCase(), model)
    const name = `${model.provider}\n${model.model.toLowerCase()}`
    // The shorter key is the model itself, the longer one a region or a size of it.
    const known = byProvider.get(name)
    if (!known || model.key.length < known.key.length) byProvider.set(name, model)
  }
  const lookUp = (provider: string | null, name: string): ListedModel | undefined => {
    if (provider === null) return byKey.get(name)
    const providers = [provider, ...(Object.hasOwn(also, provider) ? (also[provider] ?? []) : [])]
    for (const one of providers) {
      const found = byProvider.get(`${one}\n${name}`)
      if (found) return found
    }
    return undefined
  }
  return {
    name: 'litellm',
    version,
    find(provider, model, _at, tier) {
      const found = lookUp(provider, model.toLowerCase())
      return found ? listPrice(found, tier) : null
    },
    async list() {
      const listed = [...byProvider.values()].map((model) => listPrice(model, 'standard'))
      return listed.flatMap((price) => (price ? [{ ...price, valid_from: null, valid_to: null }] : []))
    },
  }
}

/** Null when it has no rates for the tier. */
function listPrice({ key, provider, model, prices, context_window }: ListedModel, tier: string): ListPrice | null {
  const price = Object.hasOwn(prices, tier) ? prices[tier] : undefined
  if (!price) return null
  const id = key.includes('/') ? key : `${provider}/${key}`
  return { id: tier === 'standard' ? id : `${id}+${tier}`, provider, model, price, context_window, varies: false }
}
