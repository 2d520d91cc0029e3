/** Prices as they were when costs were worked out with them. Reads and writes `prices`, and marks changes in `annotations`. */
import type { Price, PriceRecord } from '../../records/price.ts'
import type { Db } from '../client.ts'

/** Stores prices; the same one again changes nothing. */
export async function storePrices(db: Db, records: readonly PriceRecord[], now_ms = Date.now()): Promise<void> {
  const rows = records.map(({ version, price, ...record }) => ({
    ...record,
    price_version: version,
    price: JSON.stringify(price),
    version: now_ms * 1000,
  }))
  await db.insert('prices', rows)
}

interface PriceRow {
  id: string
  price_version: string
  source: PriceRecord['source']
  provider: string
  model: string
  from_us: number | null
  to_us: number | null
  price: string
}

/** The price that a request names; null when its rates were not kept. */
export async function storedPrice(db: Db, id: string, version: string): Promise<PriceRecord | null> {
  const [row] = await db.query<PriceRow>(
    `select id, price_version, source, provider, model, price,
      toUnixTimestamp64Micro(valid_from) as from_us, toUnixTimestamp64Micro(valid_to) as to_us
    from prices where id = {id:String} and price_version = {version:String}`,
    { id, version },
  )
  if (!row) return null
  const { from_us, to_us, price_version, price, ...named } = row
  return { ...named, version: price_version, valid_from: from_us, valid_to: to_us, price: JSON.parse(price) as Price }
}

export interface PriceMark {
  id: string
  /** Epoch ms. */
  at: number
  title: string
  /** Empty: whoever serves the model. */
  provider: string
  model: string
  by: string
}

/** A mark on time lines, where somebody changed a price: with who did it. */
export async function annotatePrice(db: Db, { id, at, title, provider, model, by }: PriceMark): Promise<void> {
  await db.insert('annotations', [
    {
      id: `price-${id}`,
      timestamp: new Date(at),
      kind: 'price',
      title,
      text: '',
      labels: { model, ...(provider !== '' && { provider }) },
      url: '',
      created_by: by,
      deleted: false,
      version: at * 1000,
    },
  ])
}
