/** Puts a cost on every request: the user's own prices first, then list prices, then what the client reported. */
import { metrics } from '@opentelemetry/api'
import type { LlmRequest } from '../records/llm-request.ts'
import { isVendorModel, modelName, versionedName } from '../records/model-name.ts'
import { costOf, flat, perThousand, type Price, type Rate } from '../records/price.ts'
import { catalogueProvider, isSelfHosted, normalProvider } from '../records/provider.ts'
import type { PriceOverride, PricesConfig } from './config.ts'
import { type Catalogue, createCatalogue, type ListPrice } from './price-catalogue.ts'

/** A price, where it came from, and under which version of that list. */
interface Match extends ListPrice {
  version: string
}

/** Models remembered, and the longest key: bounds what hostile names can take up. */
const maxKnown = 10_000
const maxKeyLength = 1024

type Pricer = (request: LlmRequest) => void

/**
 * Fills cost_usd, its parts, cost_source, price_id, price_version and cache_savings_usd in place. Never throws.
 * What cannot be priced stays null with cost_source unknown, and is counted by reason.
 */
export function createPricer(config: PricesConfig, catalogue: Catalogue = createCatalogue()): Pricer {
  const unpriced = metrics.getMeter('inferwatch').createCounter('inferwatch.prices.unpriced_requests', {
    description: 'Requests whose cost is unknown, by reason',
    unit: '{request}',
  })
  const overrides = config.overrides.map(compileOverride)
  const deployments = new Map(Object.entries(config.deployments).map(([name, model]) => [name.toLowerCase(), model]))

  const find = (request: LlmRequest): Match | null => {
    const names = candidateNames(request, deployments)
    const own = overrides.find((override) => override.matches(request.provider, names))
    if (own) return own.match
    if (isSelfHosted(request.provider)) return null
    const listed = findListed(catalogue, request, names)
    return listed && { ...listed, version: catalogue.version }
  }
  const known = new Map<string, { minute: number; match: Match | null }>()
  const remembered = (request: LlmRequest): Match | null => {
    const key = `${request.provider}\n${request.model}\n${request.model_version}\n${request.requested_model}`
    const minute = Math.floor(request.timestamp / 60e6)
    const entry = known.get(key)
    if (entry && (entry.match?.varies !== true || entry.minute === minute)) return entry.match
    const match = find(request)
    if (known.size >= maxKnown) known.clear()
    if (key.length <= maxKeyLength) known.set(key, { minute, match })
    return match
  }

  return (request) => {
    const reason = price(request, remembered)
    if (reason !== null) unpriced.add(1, { reason })
  }
}

/** Where pricing starts, so that a request can be priced again. */
const unknownCost = {
  cost_usd: null,
  input_cost_usd: null,
  output_cost_usd: null,
  cache_savings_usd: null,
  cost_source: 'unknown',
  price_id: '',
  price_version: '',
} satisfies Partial<LlmRequest>

/** Returns why there is no cost of ours, or null. */
function price(request: LlmRequest, find: (request: LlmRequest) => Match | null): string | null {
  Object.assign(request, unknownCost)
  const match = request.model === '' && request.requested_model === '' ? null : find(request)
  const cost = match && costOf(match.price, request)
  if (match && cost) {
    Object.assign(request, cost)
    request.price_id = match.id
    request.price_version = match.version
    if (usageIsWhole(request)) {
      request.cost_source = 'catalogue'
      return null
    }
    // The known half keeps its part; a sum of it alone would pass for the whole.
    request.cost_usd = null
  }
  if (request.reported_cost_usd !== null && request.reported_cost_usd >= 0) {
    request.cost_usd = request.reported_cost_usd
    request.cost_source = 'reported'
    return null
  }
  if (request.input_tokens === null && request.output_tokens === null) return 'no_usage'
  if (cost) return 'partial_usage'
  return request.model === '' && request.requested_model === '' ? 'no_model' : 'unknown_model'
}

/** Operations that answer with no tokens: what went in is all that is paid for. */
const withoutOutput = new Set(['embeddings', 'embedding', 'rerank', 'moderation'])

const usageIsWhole = ({ input_tokens, output_tokens, operation }: LlmRequest) =>
  input_tokens !== null && (output_tokens !== null || withoutOutput.has(operation))

/**
 * A request's model under every name it may be listed by, best first: the deployment's model, the one that answered with
 * its version, without it, the one asked for.
 */
function candidateNames(request: LlmRequest, deployments: ReadonlyMap<string, string>): string[] {
  const { model, model_version, requested_model } = request
  const asked = modelName(requested_model)
  const names = [deployments.get(requested_model.toLowerCase()), deployments.get(model.toLowerCase())]
  // The same model as asked for: the name as sent says more, such as Bedrock's region.
  if (asked.model === model && asked.version === model_version) names.push(requested_model)
  names.push(versionedName(model, model_version), model, requested_model, asked.model)
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[]
}

/** The provider's own list, then, for models that only vendors serve, whoever lists the name. */
function findListed(catalogue: Catalogue, request: LlmRequest, names: readonly string[]): ListPrice | null {
  const provider = catalogueProvider(request.provider)
  for (const name of provider === null ? [] : names) {
    const found = catalogue.find(provider, name, request.timestamp)
    // OpenAI lists the weights that it gave away, yet serves them to nobody.
    if (found && !(provider === 'openai' && name.includes('gpt-oss'))) return found
  }
  for (const name of names) {
    const found = isVendorModel(name) ? catalogue.find(null, name, request.timestamp) : null
    if (found) return found
  }
  return null
}

interface Override {
  matches(provider: string, names: readonly string[]): boolean
  match: Match
}

function compileOverride(override: PriceOverride): Override {
  const provider = override.provider === undefined ? null : normalProvider(override.provider)
  const wanted = override.model.toLowerCase()
  const prefix = wanted.endsWith('*') ? wanted.slice(0, -1) : null
  const rate = (usd: number | undefined): Rate | null => {
    if (usd === undefined) return null
    return override.per === '1K' ? perThousand(usd) : flat(usd)
  }
  const price: Price = {
    input: rate(override.input_usd) ?? flat(0),
    output: rate(override.output_usd) ?? flat(0),
    cached_input: rate(override.cached_input_usd),
    cache_write: rate(override.cache_write_usd),
    reasoning: null,
    request_usd: 0,
  }
  return {
    match: { price, id: `override/${override.name}`, version: 'config', varies: false },
    matches: (of, names) =>
      (provider === null || provider === of) &&
      names.some((name) => (prefix === null ? name.toLowerCase() === wanted : name.toLowerCase().startsWith(prefix))),
  }
}
