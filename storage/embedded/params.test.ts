/** Bound values and other things that a statement leaves on its connection: the next one, of whomever, sees none of it. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clickhouseConfig } from '../config.ts'
import { testStorage } from '../testing.ts'
import { substitutions } from './substitutions.ts'

const password = 'secret'
const password_sha256 = createHash('sha256').update(password).digest('hex')

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  const users = [
    { name: 'anna', password_sha256, role: 'writer' },
    { name: 'bert', password_sha256, role: 'writer' },
    { name: 'carl', password_sha256 },
    { name: 'dora', password_sha256 },
  ]
  storage = await testStorage({ clickhouse: clickhouseConfig.parse({ users }) })
})
afterAll(() => storage.stop())

async function ask(user: string, sql: string, query: Record<string, string> = {}) {
  const url = `${storage.url}/?${new URLSearchParams({ user, password, ...query })}`
  const response = await fetch(url, { method: 'POST', body: sql })
  return { status: response.status, text: await response.text() }
}

const notSet = { status: 400, text: expect.stringMatching(/^Code: 456\. .*\(UNKNOWN_QUERY_PARAMETER\)/) }

/** One after the other they get the same connection. */
const rounds = Array.from({ length: 3 }, (_, round) => `v${round}`)

describe.each([
  ['anna', 'bert'],
  ['carl', 'dora'],
])("%s's values are not there for %s", (giver, taker) => {
  test.each([
    ['as it is usually written', 'SELECT {x:String}'],
    ['with blanks', 'SELECT { x : String }'],
    ['with comments', 'SELECT {/* { */x/* : */:String}'],
    ['in a result that streams', 'SELECT {x:String} FROM numbers(1)'],
  ])('%s', async (_, sql) => {
    for (const value of rounds) {
      expect(await ask(giver, sql, { param_x: value })).toMatchObject({ status: 200 })
      expect(await ask(taker, sql)).toEqual(notSet)
      expect(await ask(taker, sql, { param_y: '1' })).toEqual(notSet)
      expect(await ask(giver, sql)).toEqual(notSet)
    }
    expect(await ask(taker, 'SELECT {x:String}', { param_x: 'own' })).toMatchObject({ text: 'own\n' })
  })
})

test('where nobody can tell what a text names, it runs where no value was ever bound', async () => {
  for (const value of rounds) {
    expect(await ask('anna', 'SELECT {x:String}', { param_x: value })).toEqual({ status: 200, text: `${value}\n` })
    expect(await ask('bert', 'SELECT $a$ {x:String} $a$')).toEqual({ status: 200, text: ' {x:String} \n' })
    expect(await ask('bert', 'SELECT $a$ $a$, {x:String}')).toEqual(notSet)
  }
})

test('values are bound beside each other, each to its own query', async () => {
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, at) => {
      const user = at % 2 === 0 ? 'anna' : 'bert'
      const { text } = await ask(user, `SELECT {p${at % 3}:String}`, { [`param_p${at % 3}`]: `v${at}` })
      return text.trim()
    }),
  )
  expect(answers).toEqual(answers.map((_, at) => `v${at}`))
})

test('within a session too a value is for its own query; what the session itself set stays', async () => {
  const session = { session_id: 'values' }
  expect(await ask('anna', 'SELECT {x:String}', { ...session, param_x: 'a' })).toMatchObject({ text: 'a\n' })
  expect(await ask('anna', 'SELECT {x:String}', session)).toEqual(notSet)
  expect(await ask('anna', "SET param_x = 'b'", session)).toMatchObject({ status: 200 })
  expect(await ask('anna', 'SELECT {x:String}', session)).toMatchObject({ text: 'b\n' })
})

test.each([
  ['a value', "SET param_z = 'left'", 'SELECT {z:String}', 400],
  ['a setting', 'SET max_threads = 7', "SELECT throwIf(getSetting('max_threads') = 7)", 200],
  ['a database', 'USE system', "SELECT throwIf(currentDatabase() = 'system')", 200],
  ['a table', 'CREATE TEMPORARY TABLE mine (a Int8)', 'SELECT a FROM mine', 404],
  ['a setting behind a query', 'SELECT 1; SET max_threads = 7', "SELECT throwIf(getSetting('max_threads') = 7)", 200],
])('%s that was set without a session is gone with its statement', async (_, sets, looks, status) => {
  expect(await ask('anna', sets)).toMatchObject({ status: 200 })
  // Queries have connections of their own, and so have definitions.
  for (const sql of [looks, `INSERT INTO FUNCTION null('a String') ${looks}`])
    expect(await ask('bert', sql)).toMatchObject({ status })
})

test.each<[string, string[] | null]>([
  ['SELECT 1', []],
  ['SELECT {a:String}, {b : Array(UInt8)}', ['a', 'b']],
  ["SELECT '{a:String}', {'a': 1}, \"{b:String}\" -- {c:String}", []],
  ['SELECT {/**/a--\n:Identifier}', ['a']],
  ['SELECT $x$ {', null],
  [`SELECT {a:String} ${' '.repeat(300_000)}`, null],
])('names in %.40s', (sql, names) => {
  expect(substitutions(sql)).toEqual(names && new Set(names))
})
