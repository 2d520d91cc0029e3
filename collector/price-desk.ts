/** What people see and change of prices while the collector runs: the table in force, prices of their own, and runs over stored requests. */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { emptyRequest } from '../records/llm-request.ts'
import type { PriceControl, PriceEntry, PriceInput, PriceStatus, RepriceState } from '../records/price-table.ts'
import { normalProvider } from '../records/provider.ts'
import { Refused } from '../records/refused.ts'
import type { Db } from '../storage/client.ts'
import { annotatePrice } from '../storage/queries/prices.ts'
import { matchFields, priceOverride, type PriceOverride, type PricesConfig } from './config.ts'
import type { Progress } from '../storage/progress.ts'
import { inOrder, joined, readPagePrices, writePagePrices, type PagePrice } from './page-prices.ts'
import type { Catalogue } from './price-catalogue.ts'
import { createPriceFinder } from './price-finder.ts'
import { loadCatalogues, PriceListError } from './price-list.ts'
import { compileOverride } from './price-override.ts'
import { reprice, type RepriceSummary } from './reprice.ts'

export interface PriceDeskOptions {
  config: PricesConfig
  dataDir: string
  db: Db
  log: Logger
  /** Epoch ms. */
  clock: () => number
  /** The prices that somebody set are others now. */
  onChange: () => void
}

export interface PriceDesk extends PriceControl {
  reload(config: PricesConfig): void
  /** Waits until a run that was begun has ended. */
  idle(): Promise<void>
}

/** More prices than anybody sets by hand. */
const mostPrices = 1000

export function createPriceDesk(options: PriceDeskOptions): PriceDesk {
  const { dataDir, db, log, clock, onChange } = options
  let { config } = options
  let state: RepriceState | null = null
  let run: Promise<void> = Promise.resolve()
  let marks: Promise<void> = Promise.resolve()
  let found = rulesOf(config, dataDir, log)

  /** A list is walked once a minute at most: it takes some 100 ms. */
  const listings = new WeakMap<Catalogue, { minute: number; entries: Promise<PriceEntry[]> }>()
  const listedThen = (list: Catalogue, at: number) => {
    const minute = Math.floor(at / 60_000)
    const before = listings.get(list)
    if (before?.minute === minute) return before.entries
    const entries = listed(list, at)
    listings.set(list, { minute, entries })
    return entries
  }
  const annotate = (by: string, title: string, { provider, model }: Pick<PriceInput, 'provider' | 'model'>) => {
    const written = annotatePrice(db, { id: randomUUID(), at: clock(), title, provider, model, by }).catch(
      (error: unknown) => log.warn({ err: error }, 'a change of a price could not be marked'),
    )
    marks = Promise.all([marks, written]).then(() => undefined)
  }
  const change = (next: readonly PagePrice[]) => {
    stored(() => writePagePrices(dataDir, next))
    found = rulesOf(config, dataDir, log)
    onChange()
  }

  return {
    reload(next) {
      config = next
      found = rulesOf(config, dataDir, log)
    },

    async table(at) {
      const { set, catalogues } = found
      const own = [
        ...config.overrides.map((override, index) => entryOf(override, `prices.overrides[${index}]`, null)),
        ...set.map((price) => entryOf({ ...price.price, set_on: 'page' }, null, price)),
      ]
      const parts = config.catalogues.map(async (name): Promise<PriceEntry[]> => {
        if (name === 'overrides') return own
        const lists = catalogues.filter((catalogue) => catalogue.name === name)
        return (await Promise.all(lists.map((list) => listedThen(list, at)))).flat()
      })
      return (await Promise.all(parts)).flat()
    },

    statusesAt: (at) => statusesOf(found.rules, found.catalogues, at),

    set(input) {
      const { model, valid_from } = input
      const provider = input.provider === '' ? '' : normalProvider(input.provider)
      if (model.includes('*') || provider.includes('*'))
        throw new Refused(
          'model',
          'a name with * stands for several models: write it into prices.overrides of the file',
        )
      const before = stored(() => readPagePrices(dataDir))
      if (before.length >= mostPrices)
        throw new Refused(
          'model',
          `${mostPrices} prices are set already: remove one, or write them into the file`,
          'conflict',
        )
      const added: PagePrice = {
        id: randomUUID(),
        set_at: clock(),
        set_by: input.by,
        price: overrideOf({ ...input, provider }),
      }
      // The same one again from the same day on is a correction.
      const kept = before.filter(
        ({ price }) =>
          price.model !== model ||
          price.provider !== added.price.provider ||
          price.effective_from !== added.price.effective_from,
      )
      const next = inOrder([...kept, added])
      const at = valid_from ?? clock()
      const { price } = statusesOf(joined(config, next), found.catalogues, at)({ provider, model })
      const mine = compileOverride({ ...added.price, set_on: 'page' }).record
      if (price?.version !== mine.version || price.id !== mine.id) throw standsBefore(config, price)
      change(next)
      annotate(input.by, `Price of ${model} set`, { provider, model })
      return entryOf({ ...added.price, set_on: 'page' }, null, added)
    },

    remove(id, by) {
      const before = stored(() => readPagePrices(dataDir))
      const gone = before.find((one) => one.id === id)
      if (!gone)
        throw new Refused('id', 'there is no such price that was set here: it may have been removed', 'missing')
      change(before.filter((one) => one !== gone))
      const [provider, model] = [textOf(gone.price.provider), textOf(gone.price.model)]
      annotate(by, `Price of ${model} removed`, { provider, model })
    },

    reprice(input) {
      if (input.from >= input.to) throw new Refused('from', 'must be before `to`')
      if (state?.state === 'running')
        throw new Refused('from', 'a run is under way: wait until it has ended', 'conflict')
      const begun: RepriceState = {
        asked: input,
        state: 'running',
        started_at: clock(),
        finished_at: null,
        total: null,
        seen: 0,
        summary: null,
        error: '',
      }
      state = begun
      const { rules, catalogues } = found
      const { from, to, model, provider, dry_run } = input
      const scope = { from, to, model, provider }
      run = reprice({ db, prices: rules, catalogues, scope, dryRun: dry_run, progress: progressOf(begun) }).then(
        (summary) => end(begun, { state: 'done', summary: shortly(summary) }),
        (error: unknown) => {
          log.warn({ err: error }, 'costs could not be worked out anew')
          end(begun, { state: 'failed', error: error instanceof Error ? error.message : String(error) })
        },
      )
      log.info({ by: input.by, dry_run, model, provider }, 'costs of stored requests are worked out anew')
      return begun
    },

    marked: () => marks,
    repricing: () => state,
    idle: () => run,
  }

  function end(begun: RepriceState, rest: Partial<RepriceState>): void {
    Object.assign(begun, rest, { finished_at: clock() })
  }
}

interface Rules {
  /** With what the page adds. */
  rules: PricesConfig
  set: readonly PagePrice[]
  catalogues: Catalogue[]
}

function rulesOf(config: PricesConfig, dataDir: string, log: Logger): Rules {
  let set: PagePrice[] = []
  try {
    set = readPagePrices(dataDir)
  } catch (error) {
    if (!(error instanceof PriceListError)) throw error
    log.warn(error.message)
  }
  return { rules: joined(config, set), set, catalogues: loadCatalogues(dataDir, (message) => log.warn(message)) }
}

/** What cannot be read or written is no fault of who asks, yet they are who can say so. */
function stored<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof PriceListError) throw new Refused('model', error.message, 'conflict')
    throw error
  }
}

function statusesOf(
  rules: PricesConfig,
  catalogues: readonly Catalogue[],
  at: number,
): ReturnType<PriceControl['statusesAt']> {
  const find = createPriceFinder(rules, catalogues)
  const own = rules.overrides.map((override: PriceOverride, index) => {
    const { id, version } = compileOverride(override).record
    return { id, version, key: override.set_on === 'page' ? null : `prices.overrides[${index}]` }
  })
  return ({ provider, model }) => {
    const request = { ...emptyRequest(), provider, model, requested_model: model, timestamp: at * 1000 }
    const { record, reason } = find(request)
    if (!record) return { price: null, reason }
    const { id, version, source } = record
    if (source !== 'override') return { price: { id, version, origin: originOf(source), key: null }, reason: null }
    const key = own.find((one) => one.id === id && one.version === version)?.key ?? null
    return { price: { id, version, origin: key === null ? 'page' : 'file', key }, reason: null }
  }
}

/** Why a price that somebody set would never be used. */
function standsBefore(config: PricesConfig, price: PriceStatus['price']): Refused {
  if (!config.catalogues.includes('overrides'))
    return new Refused(
      'model',
      'prices.catalogues in the file leaves overrides out: no price of your own is looked at',
      'conflict',
    )
  if (price?.key) return new Refused('model', `the file fixes this price: ${price.key}; change it there`, 'conflict')
  const who = price ? `${price.id} comes before it` : 'another price comes before it'
  return new Refused(
    'model',
    `${who}: prices.catalogues in the file says in which order they are looked at`,
    'conflict',
  )
}

function overrideOf({ provider, model, valid_from, ...rates }: PriceInput): PriceOverride {
  const { input_usd, output_usd, cached_input_usd, cache_write_usd, reasoning_usd, request_usd } = rates
  return priceOverride.parse({
    name: provider === '' ? model : `${provider}/${model}`,
    model,
    ...(provider !== '' && { provider }),
    ...(valid_from !== null && { effective_from: new Date(valid_from).toISOString() }),
    input_usd,
    output_usd,
    cached_input_usd,
    cache_write_usd,
    reasoning_usd,
    request_usd,
  })
}

function entryOf(override: PriceOverride, key: string | null, set: PagePrice | null): PriceEntry {
  const { id, version, provider, model, valid_from, valid_to, price } = compileOverride(override).record
  const others = matchFields.filter((field) => field !== 'provider' && field !== 'model')
  return {
    id,
    version,
    origin: set ? 'page' : 'file',
    provider,
    model,
    only: others
      .flatMap((field) => (override[field] === undefined ? [] : [`${field}: ${textOf(override[field])}`]))
      .join(', '),
    valid_from: valid_from === null ? null : valid_from / 1000,
    valid_to: valid_to === null ? null : valid_to / 1000,
    price,
    key,
    set: set && { id: set.id, by: set.set_by, at: set.set_at },
  }
}

async function listed(list: Catalogue, at: number): Promise<PriceEntry[]> {
  const origin = originOf(list.name)
  return (await list.list(at * 1000)).map(({ id, provider, model, price, valid_from, valid_to, varies }) => ({
    id,
    version: list.version,
    origin,
    provider,
    model,
    only: varies && valid_from === null && valid_to === null ? 'by the time of day' : '',
    valid_from: valid_from === null ? null : valid_from / 1000,
    valid_to: valid_to === null ? null : valid_to / 1000,
    price,
    key: null,
    set: null,
  }))
}

const originOf = (list: Catalogue['name']) => (list === 'litellm' ? 'imported' : 'shipped')

const textOf = (wanted: string | string[] | undefined) =>
  typeof wanted === 'string' ? wanted : (wanted ?? []).join(', ')

const progressOf = (state: RepriceState): Progress => ({
  start: (total) => (state.total = total),
  update: (_done, rows) => (state.seen = rows),
  stop: () => undefined,
})

function shortly(summary: RepriceSummary): RepriceState['summary'] {
  const { rows, changed, cost_before, cost_after, unpriced_before, unpriced_after } = summary
  return { rows, changed, cost_before, cost_after, unpriced_before, unpriced_after }
}
