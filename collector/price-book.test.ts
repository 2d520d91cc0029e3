import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flat, tokenPrice, type PriceRecord } from '../records/price.ts'
import type { Db } from '../storage/client.ts'
import { storedPrice } from '../storage/queries/prices.ts'
import { testStorage } from '../storage/testing.ts'
import { startPriceBook } from './price-book.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

const log = pino({ level: 'silent' })
const record = (version: string, usd: number): PriceRecord => ({
  id: 'override/own',
  version,
  source: 'override',
  provider: '',
  model: 'gpt-*',
  valid_from: Date.UTC(2026, 10, 1) * 1000 + 1,
  valid_to: null,
  price: tokenPrice({ input: { usd, tiers: [{ start: 10, usd: 0.1 }] }, output: flat(1e-7), multiplier: 1 / 3 }),
})

test('each version of a price is kept once, as it was', async () => {
  let inserts = 0
  const counting = Object.create(storage.db, {
    insert: {
      value: (...args: Parameters<Db['insert']>) => {
        inserts++
        return storage.db.insert(...args)
      },
    },
  }) as Db
  const book = startPriceBook(counting, log)
  book.add(record('config@1', 1))
  book.add(record('config@1', 1))
  book.add(record('config@2', 2))
  await book.flush()
  book.add(record('config@1', 1))
  await book.flush()
  await book.stop()
  expect(inserts).toBe(1)
  expect(await storage.db.query('SELECT count() AS n FROM prices')).toEqual([{ n: 2 }])
  expect(await storedPrice(storage.db, 'override/own', 'config@1')).toEqual(record('config@1', 1))
  expect(await storedPrice(storage.db, 'override/own', 'config@2')).toEqual(record('config@2', 2))
  expect(await storedPrice(storage.db, 'override/own', 'config@3')).toBeNull()
})

test('what storage refused is stored later', async () => {
  let refused = 0
  const failing = Object.create(storage.db, {
    insert: {
      value: (...args: Parameters<Db['insert']>) =>
        refused++ === 0 ? Promise.reject(new Error('away')) : storage.db.insert(...args),
    },
  }) as Db
  const book = startPriceBook(failing, log)
  book.add(record('config@later', 3))
  await expect(book.flush()).rejects.toThrow('away')
  await book.stop()
  expect(await storedPrice(storage.db, 'override/own', 'config@later')).toEqual(record('config@later', 3))
})
