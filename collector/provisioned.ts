/** Writes what provisioned throughput costs, hour by hour, used or not, into table `provisioned_costs`. */
import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import { picoProduct, usdText } from '../records/decimal.ts'
import type { PriceRecord, Provisioned } from '../records/price.ts'
import type { Db } from '../storage/client.ts'
import { provisionedHours, type ProvisionedHour } from '../storage/queries/provisioned.ts'
import type { PricesConfig } from './config.ts'
import { compileOverride } from './price-override.ts'

const hour_s = 3600
/** How far back hours are written for a price that began before: a year and a month. */
const maxHours = 400 * 24

export interface ProvisionedCosts {
  /** Brings the table up to the last hour that is over. Throws StorageError. */
  flush(): Promise<void>
  reload(config: PricesConfig): void
  /** Waits for what is being written, at most `limitMs`. Safe to call twice. */
  stop(limitMs?: number): Promise<void>
}

/** A record of which it is sure that it is paid by the hour, and the endpoint that its override names. */
export interface HourlyPrice {
  record: PriceRecord
  provisioned: Provisioned
  endpoint: string
}

export interface HourCost {
  hour_s: number
  /** The price that held last in the hour. */
  price: HourlyPrice
  cost_usd: string
}

interface Options {
  config: PricesConfig
  db: Db
  log: Logger
  /** Epoch ms. */
  clock?: () => number
  everyMs?: number
}

export function startProvisionedCosts({
  config,
  db,
  log,
  clock = Date.now,
  everyMs = 60_000,
}: Options): ProvisionedCosts {
  let prices = hourlyPrices(config)
  /** When this process first heard of a price, in seconds. */
  const seen = new Map<string, number>()
  let working: Promise<void> = Promise.resolve()
  let failing = false

  const fill = async () => {
    if (prices.size === 0) return
    const now_s = Math.floor(clock() / 1000)
    for (const id of prices.keys()) if (!seen.has(id)) seen.set(id, now_s)
    const stored = Map.groupBy(await provisionedHours(db, [...prices.keys()]), ({ price_id }) => price_id)
    const missing = [...prices].flatMap(([id, versions]) =>
      hoursToWrite(versions, stored.get(id) ?? [], now_s, seen.get(id)),
    )
    await db.insert(
      'provisioned_costs',
      missing.map((hour) => rowOf(hour, clock() * 1000)),
    )
  }
  const flush = () => {
    const next = working.then(fill)
    working = next.catch(() => undefined)
    return next
  }
  const tick = () =>
    void flush().then(
      () => (failing = false),
      (error: unknown) => {
        if (!failing)
          log.warn({ err: error }, 'hours of provisioned throughput could not be stored: it will be tried again')
        failing = true
      },
    )
  const timer = setInterval(tick, everyMs).unref()
  tick()
  return {
    flush,
    reload(next) {
      prices = hourlyPrices(next)
    },
    async stop(limitMs = 2_000) {
      clearInterval(timer)
      await Promise.race([working, setTimeout(limitMs, undefined, { ref: false })])
    },
  }
}

/** Prices by the hour, by id: one name may stand for several times and rates. */
export function hourlyPrices(config: PricesConfig): Map<string, HourlyPrice[]> {
  const prices = config.overrides.flatMap((override): HourlyPrice[] => {
    const { record } = compileOverride(override)
    const { provisioned } = record.price
    return provisioned ? [{ record, provisioned, endpoint: [override.endpoint ?? []].flat().join(', ') }] : []
  })
  return Map.groupBy(prices, ({ record }) => record.id)
}

/**
 * The hours that are over and not stored as they are now. A price with a date begins at it, and its past is put right when
 * the configuration changes; one without begins in the hour in which it was seen first, and only goes on from there.
 */
export function hoursToWrite(
  versions: readonly HourlyPrice[],
  stored: readonly ProvisionedHour[],
  now_s: number,
  seen_s = now_s,
): HourCost[] {
  const end = Math.floor(now_s / hour_s) * hour_s
  const known = new Map(stored.map((row) => [row.hour_s, row]))
  const newest = stored.at(-1)?.hour_s
  const froms = versions.map(({ record }) => record.valid_from)
  const begin = froms.some((from) => from === null)
    ? newest === undefined
      ? Math.floor(seen_s / hour_s) * hour_s
      : newest + hour_s
    : Math.floor(Math.min(...froms.map((from) => (from ?? 0) / 1e6)) / hour_s) * hour_s
  const hours: HourCost[] = []
  for (let hour = Math.max(begin, end - maxHours * hour_s); hour < end; hour += hour_s) {
    const cost = costOfHour(versions, hour)
    const before = known.get(hour)
    const same = before?.price_version === cost?.price.record.version && before?.cost_usd === cost?.cost_usd
    if (cost && !same) hours.push(cost)
  }
  return hours
}

/** Each price for the part of the hour in which it held; null when none did. */
function costOfHour(versions: readonly HourlyPrice[], start_s: number): HourCost | null {
  let pico = 0n
  let last: HourlyPrice | null = null
  for (const version of versions) {
    const { valid_from, valid_to } = version.record
    const from = Math.max(start_s, (valid_from ?? 0) / 1e6)
    const to = Math.min(start_s + hour_s, (valid_to ?? Infinity) / 1e6)
    if (to <= from) continue
    const { hour_usd, units } = version.provisioned
    const seconds = Math.round(to - from)
    pico += (picoProduct([hour_usd, units]) * BigInt(seconds)) / BigInt(hour_s)
    last = version
  }
  return last && { hour_s: start_s, price: last, cost_usd: usdText(pico) }
}

function rowOf({ hour_s, price: { record, provisioned, endpoint }, cost_usd }: HourCost, version: number) {
  const { hour_usd, units } = provisioned
  const { id, provider, model } = record
  return {
    hour: hour_s,
    price_id: id,
    price_version: record.version,
    provider,
    model,
    endpoint,
    hour_usd,
    units,
    cost_usd,
    version,
  }
}
