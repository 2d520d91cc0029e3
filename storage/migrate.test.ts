import { afterAll, beforeAll, expect, test } from 'vitest'
import { pino } from 'pino'
import { migrate, pendingMigrations, shippedMigrations } from './migrate.ts'
import { splitStatements } from './statements.ts'
import { testStorage } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
const asIs = (statement: string) => [statement]
const log = pino({ level: 'silent' })
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

test.each<[string, string, string[]]>([
  ['two', 'a;\nb;', ['a', 'b']],
  ['the last one without semicolon', 'a; b', ['a', 'b']],
  ['in a string', "select ';' ; b", ["select ';'", 'b']],
  ['after an escaped quote', "select 'it\\';' ; b", ["select 'it\\';'", 'b']],
  ['after a doubled quote', "select 'it'';' ; b", ["select 'it'';'", 'b']],
  ['in quoted names', 'select `a;b`, "c;d"; e', ['select `a;b`, "c;d"', 'e']],
  ['in comments', '-- a; b\nc /* d; */ e; f', ['c   e', 'f']],
  ['a quote in a comment', "-- it's\na; b", ['a', 'b']],
  ['a comment in a string', "select '-- a'; b", ["select '-- a'", 'b']],
  ['blank ones', ';;\n -- nothing\n;', []],
])('splits at semicolons: %s', (_, sql, statements) => {
  expect(splitStatements(sql)).toEqual(statements)
})

test('every shipped migration is recorded once, in order', async () => {
  const names = shippedMigrations().map(({ name }) => name)
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1))
  const recorded = () =>
    storage.db.query('SELECT name FROM schema_migrations ORDER BY name', {}, { settings: { final: 0 } })
  expect(await recorded()).toEqual(names.map((name) => ({ name })))
  await migrate(storage.db, shippedMigrations(), log, asIs)
  expect(await recorded()).toEqual(names.map((name) => ({ name })))
})

test('a migration that failed half-way is applied again', async () => {
  const shipped = shippedMigrations()
  const name = '9000_half.sql'
  const half = { name, sql: 'CREATE TABLE IF NOT EXISTS half (a Int8) ENGINE = Memory; SELECT throwIf(1)' }
  await expect(migrate(storage.db, [...shipped, half], log, asIs)).rejects.toMatchObject({ name: 'StorageError' })
  const whole = { name, sql: 'CREATE TABLE IF NOT EXISTS half (a Int8) ENGINE = Memory; INSERT INTO half VALUES (1)' }
  await migrate(storage.db, [...shipped, whole], log, asIs)
  await migrate(storage.db, [...shipped, whole], log, asIs)
  expect(await storage.db.query('SELECT a FROM half', {}, { settings: { final: 0 } })).toEqual([{ a: 1 }])
  await expect(migrate(storage.db, shipped, log, asIs)).rejects.toThrow(
    'the database has migration 9000_half.sql, which this version does not know: run a newer Inferwatch',
  )
})

test('an applied migration that changed is an error that names it', () => {
  const applied = [{ name: '0001_a.sql', checksum: 'else' }]
  expect(() => pendingMigrations([{ name: '0001_a.sql', sql: 'a' }], applied)).toThrow(
    'migration 0001_a.sql was changed',
  )
})
