import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, expect, test, vi } from 'vitest'
import { openSource } from './reader.ts'
import { writeParquet } from './testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'inferwatch-reader-test-'))
// Readers make their own directory under it: what they leave behind is seen.
vi.stubEnv('TMPDIR', directory)
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true, force: true })
})

const put = (name: string, content: string | Uint8Array) => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

async function readAll(path: string) {
  const source = await openSource(path, undefined)
  const rows = []
  let progress = 0
  for await (const batch of source.batches) {
    rows.push(...batch.rows.map((row) => ({ line: row.line, cells: row.cells ?? row.reason, raw: row.raw() })))
    progress += batch.progress
  }
  return { columns: source.columns, rows, progress, total: source.total }
}

const csv = 'time,model\r\n1700000000,gpt-4o\r\n1700000001,"a ""b"", é"\r\n'
const csvRows = [
  { line: 2, cells: ['1700000000', 'gpt-4o'], raw: '1700000000,gpt-4o' },
  { line: 3, cells: ['1700000001', 'a "b", é'], raw: '1700000001,a "b", é' },
]

test.each([
  ['plain.csv', csv],
  ['zip.csv.gz', gzipSync(csv)],
  ['zstandard.csv.zst', zstdCompressSync(csv)],
  ['with a mark.csv', `\uFEFF${csv}`],
  // What the engine would expand, or read as a path inside an archive.
  ["odd {1,2}*?'::name.csv", csv],
])('%s', async (name, content) => {
  const { columns, rows } = await readAll(put(name, content))
  expect(columns).toEqual(['time', 'model'])
  expect(rows).toEqual(csvRows)
})

test('a plain file says how far it is', async () => {
  const { progress, total } = await readAll(put('progress.csv', csv))
  expect(total).toBe(Buffer.byteLength(csv))
  expect(progress).toBe(total)
})

test('broken lines are named and cost nothing else', async () => {
  const { rows } = await readAll(put('broken.csv', 'a,b\n1,2\n1\n1,2,3\n"1,2\n3,4\n'))
  expect(rows.map(({ line, cells }) => [line, cells])).toEqual([
    [2, ['1', '2']],
    [3, 'column_count'],
    [4, 'column_count'],
    [5, 'unclosed_quote'],
    [6, ['3', '4']],
  ])
})

test('JSON lines: new keys, exact numbers, broken lines', async () => {
  const lines = [
    '{"id":123456789012345678,"x":1.50,"deep":{"n":[1,"é"]}}',
    '',
    '{"x":true,"new":null,"__proto__":"p"}',
    '{"x":',
    '[1]',
    '{"y":"z"}',
  ]
  const { columns, rows } = await readAll(put('rows.jsonl', lines.join('\n')))
  expect(columns).toEqual(['id', 'x', 'deep', 'new', '__proto__', 'y'])
  expect(rows.map(({ line, cells }) => [line, Array.isArray(cells) ? [...cells] : cells])).toEqual([
    [1, ['123456789012345678', '1.50', '{"n":[1,"é"]}']],
    [3, [undefined, 'true', undefined, null, 'p']],
    [4, 'invalid_json'],
    [5, 'not_an_object'],
    [6, [undefined, undefined, undefined, undefined, undefined, 'z']],
  ])
})

const json = { a: 1, b: { c: ['x\ny'] } }
test.each<[string, string | Uint8Array]>([
  ['list.json', JSON.stringify([json, { d: 2 }])],
  ['indented.json', JSON.stringify([json, { d: 2 }], null, 2)],
  ['mark.json', `\uFEFF${JSON.stringify([json, { d: 2 }])}`],
  ['page.json', JSON.stringify({ object: 'page', data: [json, { d: 2 }], next_page: null })],
  ['page.json.gz', gzipSync(JSON.stringify({ data: [json, { d: 2 }] }, null, 1))],
  ['lines.json', `${JSON.stringify(json)}\n{"d":2}\n`],
  ['list.json.zst', zstdCompressSync(JSON.stringify([json, { d: 2 }]))],
])('%s: a list, a page or lines', async (name, content) => {
  const { columns, rows } = await readAll(put(name, content))
  expect(columns).toEqual(['a', 'b', 'd'])
  expect(rows.map(({ line, cells }) => [line, Array.isArray(cells) ? [...cells] : cells])).toEqual([
    [1, ['1', '{"c":["x\\ny"]}']],
    [2, [undefined, undefined, '2']],
  ])
})

test('JSON: broken items are named and cost nothing else', async () => {
  const { rows } = await readAll(put('broken.json', '[{"a":1},7,{"a":},{"a":2},{"a"'))
  expect(rows.map(({ line, cells }) => [line, cells])).toEqual([
    [1, ['1']],
    [2, 'not_an_object'],
    [3, 'invalid_json'],
    [4, ['2']],
    [5, 'cut_short'],
  ])
  const lines = await readAll(put('broken-lines.json', '{"a":1}\n{"a":\n{"a":2}'))
  expect(lines.rows.map(({ line, cells }) => [line, cells])).toEqual([
    [1, ['1']],
    [2, 'invalid_json'],
    [3, ['2']],
  ])
})

test('Parquet: types become texts, times with a zone keep it', async () => {
  const path = join(directory, 'rows.parquet')
  writeParquet(
    path,
    `SELECT toDateTime64('2023-11-16 18:17:03.979960', 6, 'UTC') AS time, 18446744073709551615 + number AS big,
       if(number = 1, NULL, 1.5) AS maybe, 'héllo' AS text, [1, 2] AS list FROM numbers(2)`,
  )
  const { columns, rows, progress, total } = await readAll(path)
  expect(columns).toEqual(['time', 'big', 'maybe', 'text', 'list'])
  expect(rows.map(({ line, cells }) => [line, cells])).toEqual([
    [1, ['2023-11-16 18:17:03.979960Z', '18446744073709551615', '1.5', 'héllo', '[1,2]']],
    [2, ['2023-11-16 18:17:03.979960Z', '0', null, 'héllo', '[1,2]']],
  ])
  expect([progress, total]).toEqual([2, 2])
})

test.each([
  ['absent.csv', undefined, /absent\.csv: no such file/],
  ['notes.txt', 'x', /its name says no format/],
  ['empty.csv', '', /is empty/],
  ['broken.json.gz', 'not gzip', /broken\.json\.gz: cannot be read: /],
  ['lines.json.xz', 'x', /JSON compressed with xz is read as lines only; give --format jsonl/],
  ['broken.parquet', 'not parquet', /broken\.parquet: cannot be read: /],
])('%s: %j', async (name, content, message) => {
  const path = content === undefined ? join(directory, name) : put(name, content)
  await expect(readAll(path)).rejects.toThrow(message)
})

test('a reader that is left early ends its process and its directory', async () => {
  const source = await openSource(put('long.csv', `a,b\n${'1,2\n'.repeat(500_000)}`), undefined)
  for await (const batch of source.batches) {
    expect(batch.rows.length).toBeGreaterThan(0)
    break
  }
  expect(readdirSync(directory).filter((name) => name.startsWith('inferwatch-import-'))).toEqual([])
})
