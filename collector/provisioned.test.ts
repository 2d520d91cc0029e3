import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { pricesConfig } from './config.ts'
import { hourlyPrices, hoursToWrite, startProvisionedCosts } from './provisioned.ts'

const at = (hour: number, minute = 0) => Date.UTC(2026, 10, 16, hour, minute) / 1000
const ptu = { name: 'ptu', endpoint: 'chat', hour_usd: 6, units: 2 }
const hourly = (...overrides: object[]) => hourlyPrices(pricesConfig.parse({ overrides })).get('override/ptu') ?? []
const costs = (hours: ReturnType<typeof hoursToWrite>) => hours.map(({ hour_s, cost_usd }) => [hour_s, cost_usd])

describe('which hours', () => {
  const dated = hourly({ ...ptu, effective_from: '2026-11-16T07:45:00Z', effective_to: '2026-11-16T10:15:00Z' })

  test('those that are over, for the part in which the price held', () => {
    const hours = hoursToWrite(dated, [], at(12, 30))
    expect(costs(hours)).toEqual([
      [at(7), '3'],
      [at(8), '12'],
      [at(9), '12'],
      [at(10), '3'],
    ])
    expect(hoursToWrite(dated, [], at(7, 59))).toEqual([])
  })

  test('not those that are stored as they are; a changed rate puts the past right', () => {
    const stored = hoursToWrite(dated, [], at(12)).map(({ hour_s, price, cost_usd }) => ({
      price_id: price.record.id,
      price_version: price.record.version,
      hour_s,
      cost_usd,
    }))
    expect(hoursToWrite(dated, stored, at(12))).toEqual([])
    expect(hoursToWrite(dated, stored.slice(0, 2), at(12)).map(({ hour_s }) => hour_s)).toEqual([at(9), at(10)])
    const dearer = hourly({ ...ptu, hour_usd: 7, effective_from: '2026-11-16T09:00:00Z' })
    expect(costs(hoursToWrite(dearer, stored, at(11)))).toEqual([
      [at(9), '14'],
      [at(10), '14'],
    ])
  })

  test('a rate that changes within an hour shares it with the one before', () => {
    const change = '2026-11-16T08:20:00Z'
    const both = hourly(
      { ...ptu, effective_from: '2026-11-16T08:00:00Z', effective_to: change },
      { ...ptu, hour_usd: 3, effective_from: change },
    )
    expect(costs(hoursToWrite(both, [], at(10)))).toEqual([
      [at(8), '8'],
      [at(9), '6'],
    ])
  })

  test('without a date: from the hour in which it was seen first, then on, whatever was missed', () => {
    const undated = hourly(ptu)
    expect(hoursToWrite(undated, [], at(10, 10))).toEqual([])
    expect(costs(hoursToWrite(undated, [], at(11), at(10, 10)))).toEqual([[at(10), '12']])
    const stored = [{ price_id: 'override/ptu', price_version: 'old', hour_s: at(6), cost_usd: '1' }]
    expect(hoursToWrite(undated, stored, at(10, 10)).map(({ hour_s }) => hour_s)).toEqual([at(7), at(8), at(9)])
  })

  test('no more than 400 days back', () => {
    expect(hoursToWrite(hourly({ ...ptu, effective_from: '2020-01-01' }), [], at(10))).toHaveLength(9600)
  })
})

describe('in the table', () => {
  let storage: Awaited<ReturnType<typeof testStorage>>
  beforeAll(async () => (storage = await testStorage()))
  afterAll(() => storage.stop())

  test('one row an hour, once, and anew when the configuration changes', async () => {
    let now_s = at(9, 5)
    const config = (hour_usd: number) =>
      pricesConfig.parse({
        overrides: [{ ...ptu, provider: 'azure', model: ['a', 'b'], hour_usd, effective_from: '2026-11-16T07:00:00Z' }],
      })
    const log = pino({ level: 'silent' })
    const job = startProvisionedCosts({ config: config(6), db: storage.db, log, clock: () => now_s * 1000 })
    await job.flush()
    await job.flush()
    now_s = at(10, 1)
    await job.flush()
    job.reload(config(0.1))
    await job.flush()
    await job.stop()
    const rows = await storage.db.query(`SELECT toUnixTimestamp(hour) AS at, price_id, provider, model, endpoint, units,
      toString(hour_usd) AS hour_usd, toString(cost_usd) AS cost_usd FROM provisioned_costs ORDER BY hour`)
    const row = {
      price_id: 'override/ptu',
      provider: 'azure',
      model: 'a, b',
      endpoint: 'chat',
      units: 2,
      hour_usd: '0.1',
      cost_usd: '0.2',
    }
    expect(rows).toEqual([at(7), at(8), at(9)].map((hour) => Object.assign({ at: hour }, row)))
  })
})
