/** Prices as people read them. */
import type { PricedModel, PriceRow } from '../../data/settings.ts'
import { formatExact, formatUsd, unknown } from '../../lib/format.ts'
import type { Level } from '../Status.tsx'

export const originWords: Record<PriceRow['origin'], string> = {
  file: 'from the file',
  page: 'set here',
  imported: 'imported list',
  shipped: 'shipped list',
}

/** How far the costs of a model are known; what is worst has the lowest rank. */
export function stateOf({ unpriced, status }: PricedModel): {
  level: Level
  word: string
  title: string
  rank: number
} {
  if (unpriced === 0) return { level: 'ok', word: 'priced', title: 'every request has a known cost', rank: 3 }
  if (status === null)
    return { level: 'unknown', word: 'in part', title: 'the process that prices requests knows more', rank: 2 }
  if (status.price === null)
    return {
      level: 'critical',
      word: 'no price',
      title:
        status.reason === 'unknown_tier' ? 'of its service tier nothing says the price' : 'nothing says what it costs',
      rank: 0,
    }
  return {
    level: 'warning',
    word: 'in part',
    title: 'it has a price now: the others came before it, or tell no tokens',
    rank: 1,
  }
}

type Part = 'input' | 'output' | 'cached_input' | 'cache_write' | 'reasoning'

/** A rate for 1M tokens, and what else there is to know of it. */
export function rateOf({ price }: PriceRow, part: Part): { usd: number | null; text: string; why: string } {
  const { provisioned } = price
  if (provisioned !== null && provisioned.capacity_tokens_per_minute === null) {
    const hour = `${formatUsd(provisioned.hour_usd * provisioned.units)} /h`
    return { usd: null, text: part === 'input' ? hour : unknown, why: 'paid by the hour, whatever it serves' }
  }
  const rate = price[part]
  if (rate === null) return { usd: null, text: unknown, why: `as ${part === 'reasoning' ? 'output' : 'input'}` }
  const steps = rate.tiers.map(({ start, usd }) => `$${usd} above ${formatExact(start)} input tokens`)
  const text = formatUsd(rate.usd)
  return { usd: rate.usd, text: steps.length > 0 ? `${text} +` : text, why: [`$${rate.usd}`, ...steps].join(', ') }
}
