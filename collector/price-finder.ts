/** Which price holds for a request: the user's own, then lists, each with what its service tier makes of it. */
import type { LlmRequest } from '../records/llm-request.ts'
import { isVendorModel, modelName, versionedName } from '../records/model-name.ts'
import type { PriceRecord } from '../records/price.ts'
import { isSelfHosted } from '../records/provider.ts'
import { pricedTier } from '../records/service-tier.ts'
import type { PricesConfig } from './config.ts'
import type { Catalogue, ListPrice } from './price-catalogue.ts'
import { compileOverride, type Override } from './price-override.ts'

/** A price, or why there is none. */
export interface Finding {
  record: PriceRecord | null
  reason: 'unknown_model' | 'unknown_tier' | null
  /** What a list says of the model, in tokens. */
  context_window: number | null
}

/** Models remembered, and the longest key: bounds what hostile names can take up. */
const maxKnown = 10_000
const maxKeyLength = 1024

/** Never throws. Remembers what it found: `onFound` hears of a price at least when it is found first. */
export function createPriceFinder(
  config: PricesConfig,
  catalogues: readonly Catalogue[],
  onFound: (record: PriceRecord) => void = () => {},
): (request: LlmRequest) => Finding {
  const overrides = config.overrides.map(compileOverride)
  const find = searcher(config, overrides, catalogues)
  const keyOf = keyMaker(config, overrides)
  const known = new Map<string, { minute: number; finding: Found }>()

  return (request) => {
    const key = keyOf(request)
    const minute = Math.floor(request.timestamp / 60e6)
    const entry = known.get(key)
    if (entry && (!entry.finding.varies || entry.minute === minute)) return entry.finding
    const finding = find(request)
    if (known.size >= maxKnown) known.clear()
    if (key.length <= maxKeyLength) known.set(key, { minute, finding })
    if (finding.record) onFound(finding.record)
    return finding
  }
}

/** Everything of a request that its price depends on, the time between two dates of overrides included. */
function keyMaker(config: PricesConfig, overrides: readonly Override[]): (request: LlmRequest) => string {
  const always = new Set(['provider', 'model', 'service_tier'])
  const used = new Set(overrides.flatMap(({ fields }) => fields.filter((field) => !always.has(field))))
  if (Object.values(config.deployments).some((model) => typeof model !== 'string')) used.add('endpoint')
  const fields = [...used] as Exclude<(typeof overrides)[number]['fields'][number], 'service_tier'>[]
  const dates = overrides.flatMap(({ record }) => [record.valid_from, record.valid_to]).filter((date) => date !== null)
  return (request) => {
    let key = `${request.provider}\n${request.model}\n${request.model_version}\n${request.requested_model}\n${request.service_tier}`
    for (const field of fields) key += `\n${request[field]}`
    if (dates.length > 0) key += `\n${dates.filter((date) => date <= request.timestamp).length}`
    return key
  }
}

type Found = Finding & { varies: boolean }
const nothing: Found = { record: null, reason: 'unknown_model', context_window: null, varies: false }

function searcher(config: PricesConfig, overrides: readonly Override[], catalogues: readonly Catalogue[]) {
  const deploymentOf = deploymentFinder(config.deployments)
  const tiers = new Map(Object.entries(config.multipliers).map(([tier, value]) => [pricedTier(tier), value]))
  const lists = config.catalogues.flatMap((name) => catalogues.filter((catalogue) => catalogue.name === name))
  const place = config.catalogues.indexOf('overrides')
  const isBefore = ({ name }: Catalogue) => config.catalogues.indexOf(name) < place
  const [before, after] = [lists.filter(isBefore), lists.filter((list) => !isBefore(list))]

  return (request: LlmRequest): Found => {
    const names = candidateNames(request, deploymentOf(request))
    const tier = pricedTier(request.service_tier)
    const listed = (from: readonly Catalogue[]) =>
      isSelfHosted(request.provider) ? null : findInLists(from, request, names, tier, tiers)
    const foundBefore = listed(before)
    if (foundBefore) return foundBefore
    const own = place < 0 ? null : findOwn(overrides, request, names, tier, tiers)
    return own ? { ...own, context_window: contextWindow(lists, request, names) } : (listed(after) ?? nothing)
  }
}

/** An override that matches decides, though it may say nothing about the tier: a list price would not be the user's. */
function findOwn(
  overrides: readonly Override[],
  request: LlmRequest,
  names: readonly string[],
  tier: string,
  tiers: ReadonlyMap<string, number>,
): Found | null {
  const own = overrides.find((override) => override.matches(request, names))
  if (!own) return null
  const { provider } = request
  const multiplier =
    own.multiplierOf(tier) ?? tiers.get(tier) ?? (isSelfHosted(provider) ? 1 : usualMultiplier(provider, tier))
  if (multiplier === null) return { ...nothing, reason: 'unknown_tier' }
  return { ...nothing, record: times(own.record, multiplier), reason: null }
}

/**
 * The first list that has the model. For a service tier: the configured multiplier, else rates that any list has for that
 * tier, else the multiplier that its vendor is known for.
 */
function findInLists(
  lists: readonly Catalogue[],
  request: LlmRequest,
  names: readonly string[],
  tier: string,
  tiers: ReadonlyMap<string, number>,
): Found | null {
  const first = (of: string): (Found & { record: PriceRecord }) | null => {
    for (const list of lists) {
      const found = findListed(list, request, names, of)
      if (!found) continue
      const { varies, context_window } = found
      return { record: recordOf(list, found), reason: null, varies, context_window }
    }
    return null
  }
  const standard = first('standard')
  const configured = tiers.get(tier) ?? (tier === 'standard' ? 1 : undefined)
  const own = configured === undefined ? first(tier) : null
  if (own) return own
  if (!standard) return null
  const multiplier = configured ?? usualMultiplier(standard.record.provider, tier)
  if (multiplier === null) return { ...standard, record: null, reason: 'unknown_tier' }
  return { ...standard, record: times(standard.record, multiplier) }
}

const halfPriceTiers = new Set(['batch', 'flex'])
const halfPriceProviders = new Set(
  'openai anthropic azure.ai.openai azure.ai.inference gcp.vertex_ai gcp.gemini gcp.gen_ai'.split(' '),
)

/** What vendors say of all their models; null where they say it model by model. */
function usualMultiplier(provider: string, tier: string): number | null {
  return halfPriceTiers.has(tier) && halfPriceProviders.has(provider) ? 0.5 : null
}

/** The same rates at another multiplier are another version: id and version name one set of rates. */
function times(record: PriceRecord, multiplier: number): PriceRecord {
  if (multiplier === 1) return record
  return { ...record, version: `${record.version}*${multiplier}`, price: { ...record.price, multiplier } }
}

function recordOf(list: Catalogue, { id, provider, model, price }: ListPrice): PriceRecord {
  return { id, version: list.version, source: list.name, provider, model, valid_from: null, valid_to: null, price }
}

function contextWindow(lists: readonly Catalogue[], request: LlmRequest, names: readonly string[]): number | null {
  if (isSelfHosted(request.provider)) return null
  for (const list of lists) {
    const window = findListed(list, request, names, 'standard')?.context_window ?? null
    if (window !== null) return window
  }
  return null
}

/** The provider's own list, then, for models that only vendors serve, whoever lists the name. */
function findListed(list: Catalogue, request: LlmRequest, names: readonly string[], tier: string): ListPrice | null {
  const { provider, timestamp } = request
  for (const name of provider === '' ? [] : names) {
    const found = list.find(provider, name, timestamp, tier)
    // OpenAI lists the weights that it gave away, yet serves them to nobody.
    if (found && !(provider === 'openai' && name.includes('gpt-oss'))) return found
  }
  for (const name of names) {
    const found = isVendorModel(name) ? list.find(null, name, timestamp, tier) : null
    if (found) return found
  }
  return null
}

/**
 * A request's model under every name it may be listed by, best first: the deployment's model, the one that answered with
 * its version, without it, the one asked for.
 */
function candidateNames(request: LlmRequest, deployed: readonly (string | undefined)[]): string[] {
  const { model, model_version, requested_model } = request
  const asked = modelName(requested_model)
  const names = [...deployed]
  // The same model as asked for: the name as sent says more, such as Bedrock's region.
  if (asked.model === model && asked.version === model_version) names.push(requested_model)
  names.push(versionedName(model, model_version), model, requested_model, asked.model)
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[]
}

function deploymentFinder(deployments: PricesConfig['deployments']) {
  const models = new Map(Object.entries(deployments).map(([name, model]) => [name.toLowerCase(), model]))
  return ({ endpoint, model, requested_model }: LlmRequest): (string | undefined)[] =>
    [requested_model, model].map((name) => {
      const known = models.get(name.toLowerCase())
      return typeof known === 'object' ? (known[endpoint] ?? known['*']) : known
    })
}
