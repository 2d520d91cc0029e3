/** Hours of provisioned throughput that are known already. Reads `provisioned_costs`. */
import type { Db } from '../client.ts'

export interface ProvisionedHour {
  price_id: string
  /** Start of the hour in seconds. */
  hour_s: number
  price_version: string
  /** Decimal text. */
  cost_usd: string
}

export async function provisionedHours(db: Db, priceIds: readonly string[]): Promise<ProvisionedHour[]> {
  return db.query<ProvisionedHour>(
    `select price_id, toUnixTimestamp(hour) as hour_s, price_version, toString(cost_usd) as cost_usd
    from provisioned_costs where price_id in {ids:Array(String)} order by hour`,
    { ids: priceIds },
  )
}
