/** Prices that people set while the collector runs: what counts, what the file fixes, and a run over what is stored. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import type { PriceInput } from '../records/price-table.ts'
import { Refused } from '../records/refused.ts'
import { testStorage } from '../storage/testing.ts'
import { smallDisk } from '../test/support/small-disk.ts'
import { store } from '../test/dashboard/store.ts'
import { priceOverride, pricesConfig } from './config.ts'
import { readPagePrices, withPagePrices, writePagePrices } from './page-prices.ts'
import { createPriceDesk } from './price-desk.ts'
import { createPricer } from './pricing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let dataDir = ''
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'inferwatch-desk-'))
  return () => rmSync(dataDir, { recursive: true, force: true })
})

const now = Date.UTC(2026, 10, 21, 12)
const day = 86_400_000
const file = () => join(dataDir, 'prices', 'page.json')
let changes = 0

function desk(config: object = {}) {
  changes = 0
  return createPriceDesk({
    config: pricesConfig.parse(config),
    dataDir,
    db: storage.db,
    log: pino({ level: 'silent' }),
    clock: () => now,
    onChange: () => (changes += 1),
  })
}
const input = (parts: Partial<PriceInput> = {}): PriceInput => ({
  provider: 'vllm',
  model: 'house',
  valid_from: null,
  input_usd: 1,
  output_usd: 4,
  by: 'Ada',
  ...parts,
})
const request = (parts: Partial<LlmRequest> = {}): LlmRequest => ({
  ...emptyRequest(),
  timestamp: now * 1000,
  trace_id: 't',
  span_id: 's',
  provider: 'vllm',
  model: 'house',
  requested_model: 'house',
  input_tokens: 1_000_000,
  output_tokens: 500_000,
  ...parts,
})
function costOf(parts: Partial<LlmRequest> = {}, config: object = {}) {
  const priced = request(parts)
  createPricer(withPagePrices(pricesConfig.parse(config), dataDir, String))(priced)
  return priced
}
function refusal(work: () => unknown): Pick<Refused, 'field' | 'why' | 'message'> | null {
  try {
    work()
  } catch (error) {
    if (error instanceof Refused) return { field: error.field, why: error.why, message: error.message }
    throw error
  }
  return null
}

test('a price that was set prices what comes from then on, and is kept', () => {
  expect(desk().statusesAt(now)({ provider: 'vllm', model: 'house' })).toEqual({ price: null, reason: 'unknown_model' })
  const set = desk().set(input())
  expect(changes).toBe(1)
  expect(set).toMatchObject({ id: 'override/vllm/house', origin: 'page', key: null, set: { by: 'Ada', at: now } })
  expect(costOf()).toMatchObject({ cost_usd: 3, price_id: 'override/vllm/house', price_version: set.version })
  expect(set.version).toMatch(/^page@[0-9a-f]{8}$/)
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  // As after a restart.
  expect(desk().statusesAt(now)({ provider: 'vllm', model: 'house' }).price).toMatchObject({ origin: 'page' })
})

test('from a day on, beside the one before; the same day again corrects it', () => {
  const at = desk()
  at.set(input())
  at.set(input({ valid_from: now - day, input_usd: 2 }))
  at.set(input({ valid_from: now - day, input_usd: 3 }))
  expect(costOf().input_cost_usd).toBe(3)
  expect(costOf({ timestamp: (now - 2 * day) * 1000 }).input_cost_usd).toBe(1)
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ prices: { length: 2 } })
})

test('one without a provider holds for all, and one with a provider before it', () => {
  const at = desk()
  at.set(input({ input_usd: 2 }))
  at.set(input({ provider: '', input_usd: 9 }))
  expect(costOf().input_cost_usd).toBe(2)
  expect(costOf({ provider: 'sglang' }).input_cost_usd).toBe(9)
})

test('a list price can be overridden, and comes back', () => {
  const at = desk()
  const asked = { provider: 'openai', model: 'gpt-4o', requested_model: 'gpt-4o' }
  const { set } = at.set(input({ provider: 'openai', model: 'gpt-4o' }))
  expect(costOf(asked).input_cost_usd).toBe(1)
  at.remove(set?.id ?? '', 'Ada')
  expect(costOf(asked).input_cost_usd).toBe(2.5)
  expect(refusal(() => at.remove(set?.id ?? '', 'Ada'))).toMatchObject({ field: 'id', why: 'missing' })
})

test('what was done is marked once the marks are waited for, also where none can be written', async () => {
  const at = desk()
  const { set } = at.set(input({ model: 'marked', by: 'Grace' }))
  at.remove(set?.id ?? '', 'Ada')
  await at.marked()
  const marks = await storage.db.query(
    "select title, created_by from annotations where labels['model'] = 'marked' order by title",
  )
  expect(marks).toEqual([
    { title: 'Price of marked removed', created_by: 'Ada' },
    { title: 'Price of marked set', created_by: 'Grace' },
  ])
  const away = createPriceDesk({
    config: pricesConfig.parse({}),
    dataDir,
    db: Object.create(storage.db, { insert: { value: () => Promise.reject(new Error('away')) } }) as typeof storage.db,
    log: pino({ level: 'silent' }),
    clock: () => now,
    onChange: () => undefined,
  })
  away.set(input())
  await expect(away.marked()).resolves.toBeUndefined()
  expect(costOf().cost_usd).toBe(3)
})

describe('refused, and nothing is changed', () => {
  const fixed = {
    overrides: [{ name: 'fixed', model: 'hou*', input_usd: 7, output_usd: 7, effective_to: '2026-12-01' }],
  }
  test.each<[string, object, Partial<PriceInput>, RegExp]>([
    ['what the file fixes', fixed, {}, /^the file fixes this price: prices\.overrides\[0\]; change it there$/],
    [
      'a file without overrides',
      { catalogues: ['genai-prices'] },
      {},
      /prices\.catalogues in the file leaves overrides out/,
    ],
    [
      'a list that comes before',
      { catalogues: ['genai-prices', 'overrides'] },
      { provider: 'openai', model: 'gpt-4o' },
      /^openai\/gpt-4o comes before it/,
    ],
    ['a pattern', {}, { model: 'hou*' }, /stands for several models/],
  ])('%s', (_, config, parts, message) => {
    const refused = refusal(() => desk(config).set(input(parts)))
    expect(refused?.message).toMatch(message)
    expect(refused?.field).toBe('model')
    expect(changes).toBe(0)
    expect(existsSync(file())).toBe(false)
  })
})

test('what the file fixes until a day can be set from then on', () => {
  const at = desk({
    overrides: [{ name: 'f', model: 'house', input_usd: 7, output_usd: 7, effective_to: '2026-12-01' }],
  })
  expect(at.statusesAt(now)({ provider: 'vllm', model: 'house' }).price?.key).toBe('prices.overrides[0]')
  at.set(input({ valid_from: Date.UTC(2026, 11, 1) }))
  const later = Date.UTC(2026, 11, 2)
  expect(at.statusesAt(later)({ provider: 'vllm', model: 'house' }).price?.origin).toBe('page')
})

test('a file that is broken is left alone: its prices are left out, and none can be set', () => {
  desk().set(input())
  writeFileSync(file(), '{ "prices": 3 }')
  const at = desk()
  expect(at.statusesAt(now)({ provider: 'vllm', model: 'house' }).price).toBeNull()
  expect(refusal(() => at.set(input()))?.message).toMatch(/page\.json is no list of prices: restore it/)
  expect(readFileSync(file(), 'utf8')).toBe('{ "prices": 3 }')
})

test('the table has them all in the order in which they are looked at, with where they come from', async () => {
  const at = desk({
    overrides: [
      { name: 'fixed', model: ['a', 'b'], environment: 'production', per: '1K', input_usd: 0.5, output_usd: 1 },
    ],
  })
  at.set(input({ valid_from: now }))
  const table = await at.table(now)
  expect(table.slice(0, 2)).toMatchObject([
    {
      origin: 'file',
      key: 'prices.overrides[0]',
      model: 'a, b',
      only: 'environment: production',
      price: { input: { usd: 500 } },
    },
    { origin: 'page', provider: 'vllm', model: 'house', valid_from: now, set: { by: 'Ada' } },
  ])
  expect(table.length).toBeGreaterThan(500)
  expect(new Set(table.slice(2).map(({ origin }) => origin))).toEqual(new Set(['shipped']))
  const listed = table.find(({ id }) => id === 'openai/gpt-4o')
  expect(listed).toMatchObject({ provider: 'openai', price: { input: { usd: 2.5 }, output: { usd: 10 } } })
  // What the table says is what a request costs.
  expect(costOf({ provider: 'openai', model: 'gpt-4o', requested_model: 'gpt-4o' }).input_cost_usd).toBe(2.5)
})

test('stored requests take the price once somebody says so; who changed what is marked', async () => {
  await store(storage.db, 'requests', [
    request({ trace_id: 'a', timestamp: (now - 1000) * 1000 }),
    request({ trace_id: 'b', timestamp: (now - 2000) * 1000, model: 'other', requested_model: 'other' }),
  ])
  const at = desk()
  at.set(input())
  const asked = { from: now - day, to: now, dry_run: true, by: 'Ada' }
  expect(at.reprice(asked).state).toBe('running')
  expect(refusal(() => at.reprice(asked))).toMatchObject({ why: 'conflict' })
  await at.idle()
  const counted = { rows: 2, changed: 1, cost_before: '0', cost_after: '3', unpriced_before: 2, unpriced_after: 1 }
  expect(at.repricing()).toMatchObject({ state: 'done', total: 2, seen: 2, finished_at: now, summary: counted })
  const costs = () => storage.db.query('select trace_id, toFloat64(cost_usd) as usd from requests order by trace_id')
  expect(await costs()).toMatchObject([{ usd: null }, { usd: null }])
  at.reprice({ ...asked, model: 'house', dry_run: false })
  await at.idle()
  expect(await costs()).toMatchObject([{ usd: 3 }, { usd: null }])
  const marks = await storage.db.query<{ title: string; created_by: string }>(
    "select title, created_by from annotations where kind = 'price' and title = 'Price of house set' limit 1",
  )
  expect(marks).toEqual([{ title: 'Price of house set', created_by: 'Ada' }])
  expect(refusal(() => at.reprice({ ...asked, from: now }))).toMatchObject({ field: 'from', why: 'invalid' })
})

test('a full disk is said so, and the prices stay', ({ skip }) => {
  const disk = smallDisk({}, '64k', 'none')
  if (!disk) {
    skip('only a user who may mount a file system can make a small disk')
    return
  }
  const folder = join(disk.folder, 'data')
  const price = (id: string) => ({
    id,
    set_at: now,
    set_by: 'Ada',
    price: priceOverride.parse({ name: id, model: id, input_usd: 1, output_usd: 4 }),
  })
  try {
    writePagePrices(folder, [price('a')])
    disk.fill(0)
    expect(() => writePagePrices(folder, [price('a'), price('b')])).toThrow(/\(ENOSPC\): make room on its disk$/)
    expect(readPagePrices(folder)).toEqual([price('a')])
    expect(readdirSync(join(folder, 'prices'))).toEqual(['page.json'])
  } finally {
    disk.remove()
  }
})
