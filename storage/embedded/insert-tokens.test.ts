import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { plainIssue } from '../../records/ingest-issue.ts'
import { RowBinaryWriter } from '../rowbinary.ts'
import { tables } from '../tables.ts'
import { testStorage } from '../testing.ts'
import { unfinishedInserts } from './insert-tokens.ts'

let store = ''
let table = ''
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'inferwatch-tokens-'))
  table = join(store, 'store', '32e', '32ebb068-e772-4962-b686-d61b5b4266d1')
  mkdirSync(join(table, 'deduplication_logs'), { recursive: true })
})
afterEach(() => rmSync(store, { recursive: true, force: true }))

/** How many tokens were taken back. */
function forget(): number {
  const found = unfinishedInserts(store)
  for (const unfinished of found) unfinished.forget()
  return found.reduce((sum, { count }) => sum + count, 0)
}

const log = (number: number) => join(table, 'deduplication_logs', `deduplication_log_${number}.txt`)
const part = (name: string) => mkdirSync(join(table, name))

test('a token whose part never got its name is taken back, once', () => {
  part('20251006_1_1_0')
  part('tmp_insert_20251006_2_2_0')
  const noted = '1\t20251006_1_1_0\t20251006_11_12\n1\t20251006_2_2_0\t20251006_21_22\n'
  writeFileSync(log(1), noted)
  expect(forget()).toBe(1)
  expect(readFileSync(log(1), 'utf8')).toBe(`${noted}2\t20251006_2_2_0\t20251006_21_22\n`)
  expect(forget()).toBe(0)
})

test.each([
  ['merged', '20251006_1_5_1'],
  ['mutated', '20251006_2_2_0_7'],
  ['merged and mutated', '20251006_1_2_1_9'],
])('a token stays when its part was %s', (_, name) => {
  part(name)
  writeFileSync(log(1), '1\t20251006_2_2_0\t20251006_21_22\n')
  expect(forget()).toBe(0)
})

test('parts of another week, and of blocks beside it, are not the part', () => {
  for (const name of ['20251013_1_9_1', '20251006_1_1_0', '20251006_3_4_1']) part(name)
  writeFileSync(log(1), '1\t20251006_2_2_0\t20251006_21_22\n')
  expect(forget()).toBe(1)
})

test('the newest file has just been begun: the last token stands in the one before', () => {
  writeFileSync(log(9), '1\tall_7_7_0\tall_71_72\n')
  writeFileSync(log(10), '')
  expect(forget()).toBe(1)
  expect(readFileSync(log(10), 'utf8')).toBe('2\tall_7_7_0\tall_71_72\n')
})

test('a line that was half written is cut', () => {
  part('all_1_1_0')
  writeFileSync(log(1), '1\tall_1_1_0\tall_11_12\n1\tall_2_')
  expect(forget()).toBe(0)
  expect(readFileSync(log(1), 'utf8')).toBe('1\tall_1_1_0\tall_11_12\n')
})

test('no store yet, and tables without tokens', () => {
  mkdirSync(join(store, 'store', 'abc', 'def'), { recursive: true })
  expect(forget()).toBe(0)
  expect(unfinishedInserts(join(store, 'none'))).toEqual([])
})

test('an insert whose part is lost inserts again, one whose part is there does not', async () => {
  const table = tables.ingest_issues
  const columns = table.columns.map(({ name }) => name)
  const data_dir = mkdtempSync(join(tmpdir(), 'inferwatch-tokens-'))
  let storage = await testStorage({ data_dir })
  const insert = (items: number) => {
    const writer = new RowBinaryWriter(64)
    const timestamp = 1_760_000_000_000_000
    table.encode(writer, { ...plainIssue, timestamp, source: 'test', reason: 'test', items, example: '' })
    return storage.db.insertRowBinary(table.name, columns, writer.take(), `token-${items}`)
  }
  const items = async () =>
    (await storage.db.query<{ items: number }>(`SELECT items FROM ${table.name} ORDER BY items`)).map(
      (row) => row.items,
    )
  for (const one of [1, 2, 3]) await insert(one)
  const [lost] = await storage.db.query<{ path: string }>(
    `SELECT path FROM system.parts WHERE table = '${table.name}' AND active ORDER BY min_block_number DESC`,
  )
  await storage.stop()
  // What a kill between the token and the part's name leaves.
  rmSync(lost?.path ?? '', { recursive: true })

  storage = await testStorage({ data_dir })
  expect(await items()).toEqual([1, 2])
  for (const one of [1, 2, 3, 4, 3, 4]) await insert(one)
  expect(await items()).toEqual([1, 2, 3, 4])
  await storage.stop()
  rmSync(data_dir, { recursive: true, force: true })
})
