/** Mistakes as the engine really tells them, and where each stands in the text. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StorageError } from './client.ts'
import { lineAndColumn, sqlMistake } from './sql-error.ts'
import { testStorage } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage?.stop())

/** The place stands between « and ». */
test.each([
  ['select 1 frm «x»', 'Syntax error: at x. Expected Comma, FROM'],
  ["-- a comment\nselect 1,\n\n  'frm x y' /* another */ frm «x» y", 'Syntax error: at x'],
  ['select «foo» from requests', 'Unknown expression identifier `foo`'],
  ["select 'foo', «foo» from requests -- foo", 'Unknown expression identifier `foo`'],
  ['select 1 from «nope»', "Unknown table expression identifier 'nope'"],
  ['select «nofn»(1)', 'Function with name `nofn` does not exist. Did you mean not, notIn?'],
  ['select «r.modle» from requests as r', 'cannot be resolved from table with name r. Did you mean r.role?'],
  ['«selec» 1', 'Syntax error: at selec. Expected SELECT, WITH, SHOW'],
  ['-- a typo\n  «selct» model from requests', 'Syntax error: at selct. Expected SELECT'],
  ['SELECT 1 FRM «XYZ»', 'Syntax error: at XYZ'],
  ["-- XYZ, at length\nSELECT 'XYZ' /* XYZ */, 1   FRM «XYZ» LIMIT 1", 'Syntax error: at XYZ'],
  ['«drop» table requests', 'Not allowed here: DROP statements'],
  ['select 1«;» select 2', 'Not allowed here: more than one statement'],
  ["select «'abc»", "unclosed '"],
  ['select {«x»:String}', 'Substitution `x` is not set'],
  ['select count«(» from requests', 'Syntax error: at (. Unmatched parentheses: ('],
  ['select 1 «+»', 'Syntax error: at end of query. Expected'],
  ['select «model», count() from requests', "Column 'inferwatch.requests.model' is not under aggregate function"],
])('%s', async (marked, words) => {
  const sql = marked.replaceAll(/[«»]/g, '')
  const error: unknown = await storage.reader.run(sql, { format: 'Null' }).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(StorageError)
  const { message, at } = sqlMistake(sql, (error as StorageError).message)
  expect(message).toContain(words)
  expect(at).toEqual({ from: marked.indexOf('«'), to: marked.indexOf('»') - 1 })
})

test('a server of its own counts in the text as it was sent', () => {
  const message =
    'ClickHouse: Syntax error: failed at position 20 (frm) (line 2, col 10): frm x. Expected one of: token, FROM. '
  const sql = 'select\n  1, frm,   frm x'
  expect(sqlMistake(sql, message)).toEqual({ message: 'Syntax error: at frm. Expected FROM', at: { from: 19, to: 22 } })
  expect(lineAndColumn(sql, 19)).toEqual({ line: 2, column: 13 })
})

test('an error that is about no place has none', () => {
  expect(sqlMistake('select 1', 'ClickHouse: Timeout exceeded: elapsed 30 s').at).toBeNull()
})
