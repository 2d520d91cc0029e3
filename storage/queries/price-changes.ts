/** Prices that began to hold, of those that calls were priced with. Reads `prices`, exact. */
import { decimalText } from '../../records/cost-explanation.ts'
import type { Change } from '../../records/change.ts'
import { rateAt, type Price } from '../../records/price.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

const most = 500

interface PriceRow {
  id: string
  provider: string
  model: string
  at: number
  /** JSON. */
  price: string
  /** Of what held until then; empty when nobody was priced with it. */
  before: string
}

/** Of tiers and discounts that share a price only the plain one. */
const plain = "(JSONExtractFloat(p.price, 'multiplier') = 1, p.version)"

export async function priceChanges(db: Db, { from, to }: TimeRange): Promise<Change[]> {
  const rows = await db.query<PriceRow>(
    `select n.id as id, n.provider as provider, n.model as model, n.at as at, n.price as price, o.price as before
    from (
      select p.id as id, p.provider as provider, p.model as model, toFloat64(toUnixTimestamp64Milli(p.valid_from)) as at,
        argMax(p.price, ${plain}) as price
      from prices as p
      where p.valid_from >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        and p.valid_from < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      group by p.id, p.provider, p.model, p.valid_from
    ) as n
    left join (
      select p.provider as provider, p.model as model, toFloat64(toUnixTimestamp64Milli(p.valid_to)) as at,
        argMax(p.price, ${plain}) as price
      from prices as p where p.valid_to is not null
      group by p.provider, p.model, p.valid_to
    ) as o on o.provider = n.provider and o.model = n.model and o.at = n.at
    order by at desc, id limit {most:UInt32}`,
    { from_ms: Math.floor(from), to_ms: Math.ceil(to), most },
  )
  return rows.map(changeOf)
}

function changeOf({ id, provider, model, at, price, before }: PriceRow): Change {
  const after = ratesOf(price)
  const text = before === '' ? after.join(', ') : turned(ratesOf(before), after)
  return {
    id: `price ${JSON.stringify([id, at])}`,
    kind: 'price',
    at,
    until: null,
    title: `Price of ${[model, provider].filter((name) => name !== '').join(' of ') || id}`,
    text,
    scope: { ...(model && { model }), ...(provider && { provider }) },
    severity: '',
    link: '/cost',
    by: '',
    annotation: null,
  }
}

/** `input $2.5 per 1M tokens`, one for each rate. */
function ratesOf(json: string): string[] {
  const { input, output, multiplier, provisioned } = JSON.parse(json) as Price
  if (provisioned) return [`$${decimalText(provisioned.hour_usd)} per hour and unit`]
  const rate = (part: Price['input']) => decimalText(Number((rateAt(part, 0).usd * multiplier).toPrecision(12)))
  return [`input $${rate(input)}`, `output $${rate(output)} per 1M tokens`]
}

const turned = (before: readonly string[], after: readonly string[]) =>
  `${after.join(', ')}; before ${before.join(', ')}`
