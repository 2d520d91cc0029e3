/** The official client against the endpoint, with everything of it that users call. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { ClickHouseLogLevel, createClient, type ClickHouseClient, type DataFormat } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { testStorage } from '../testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let reader: ClickHouseClient
let writer: ClickHouseClient
const open: ClickHouseClient[] = []

function client(options: Parameters<typeof createClient>[0]): ClickHouseClient {
  const made = createClient({
    url: storage.url,
    database: 'inferwatch',
    log: { level: ClickHouseLogLevel.OFF },
    ...options,
  })
  open.push(made)
  return made
}

beforeAll(async () => {
  storage = await testStorage()
  const password = readFileSync(join(storage.data_dir, 'keys', 'writer'), 'utf8').trim()
  reader = client({ username: 'reader' })
  writer = client({ username: 'writer', password })
  await writer.command({ query: 'CREATE TABLE calls (id UInt32, name String) ENGINE = MergeTree ORDER BY id' })
})
afterAll(async () => {
  for (const each of open) await each.close()
  await storage.stop()
})

describe('a parameter without a value', () => {
  test.each([
    ['reader', () => reader],
    ['writer', () => writer],
  ])('is refused, whatever %s asked before', async (_, who) => {
    const given = { query: 'SELECT {x:UInt8} AS x', format: 'JSONEachRow', query_params: { x: 7 } } as const
    for (let again = 0; again < 8; again += 1) expect(await (await who().query(given)).json()).toEqual([{ x: 7 }])
    const missing = who().query({ query: 'SELECT {x:UInt8} AS x', format: 'JSONEachRow' })
    await expect(missing).rejects.toMatchObject({ code: '456', message: expect.stringContaining('`x` is not set') })
  })

  test('what stands in a text is none', async () => {
    const answer = await writer.query({ query: "SELECT '{x:UInt8}' AS x", format: 'JSONEachRow' })
    expect(await answer.json()).toEqual([{ x: '{x:UInt8}' }])
  })
})

describe('query', () => {
  const sql = "SELECT number AS n, concat('r', toString(number)) AS s FROM numbers(2)"
  const objects = [
    { n: 0, s: 'r0' },
    { n: 1, s: 'r1' },
  ]
  const arrays = [
    [0, 'r0'],
    [1, 'r1'],
  ]

  test.each<[DataFormat, unknown]>([
    [
      'JSON',
      expect.objectContaining({ rows: 2, data: objects, statistics: expect.objectContaining({ rows_read: 2 }) }),
    ],
    ['JSONCompact', expect.objectContaining({ rows: 2, data: arrays })],
    ['JSONStrings', expect.objectContaining({ data: objects.map(({ n, s }) => ({ n: String(n), s })) })],
    ['JSONCompactStrings', expect.objectContaining({ data: arrays.map((row) => row.map(String)) })],
    ['JSONColumnsWithMetadata', expect.objectContaining({ data: { n: [0, 1], s: ['r0', 'r1'] } })],
    ['JSONObjectEachRow', { row_1: objects[0], row_2: objects[1] }],
    ['JSONEachRow', objects],
    ['JSONStringsEachRow', objects.map(({ n, s }) => ({ n: String(n), s }))],
    ['JSONCompactEachRow', arrays],
    ['JSONCompactEachRowWithNames', [['n', 's'], ...arrays]],
    ['JSONCompactEachRowWithNamesAndTypes', [['n', 's'], ['UInt64', 'String'], ...arrays]],
    ['JSONCompactStringsEachRow', arrays.map((row) => row.map(String))],
    ['JSONCompactStringsEachRowWithNames', [['n', 's'], ...arrays.map((row) => row.map(String))]],
    [
      'JSONCompactStringsEachRowWithNamesAndTypes',
      [['n', 's'], ['UInt64', 'String'], ...arrays.map((row) => row.map(String))],
    ],
  ])('%s', async (format, expected) => {
    const result = await reader.query({ query: sql, format })
    expect(await result.json()).toEqual(expected)
  })

  test.each<[DataFormat, string]>([
    ['CSV', '0,"r0"\n1,"r1"\n'],
    ['CSVWithNames', '"n","s"\n0,"r0"\n1,"r1"\n'],
    ['CSVWithNamesAndTypes', '"n","s"\n"UInt64","String"\n0,"r0"\n1,"r1"\n'],
    ['TabSeparated', '0\tr0\n1\tr1\n'],
    ['TabSeparatedRaw', '0\tr0\n1\tr1\n'],
    ['TabSeparatedWithNames', 'n\ts\n0\tr0\n1\tr1\n'],
    ['TabSeparatedWithNamesAndTypes', 'n\ts\nUInt64\tString\n0\tr0\n1\tr1\n'],
    ['CustomSeparated', '0\tr0\n1\tr1\n'],
  ])('%s as text and as a stream', async (format, expected) => {
    expect(await (await reader.query({ query: sql, format })).text()).toBe(expected)
    const lines: string[] = []
    for await (const rows of (await reader.query({ query: sql, format })).stream())
      for (const row of rows as { text: string }[]) lines.push(`${row.text}\n`)
    expect(lines.join('')).toBe(expected)
  })

  test('JSONEachRowWithProgress: rows and how far it is', async () => {
    const result = await reader.query({ query: sql, format: 'JSONEachRowWithProgress' })
    const lines = await result.json()
    expect(lines.filter((line) => 'row' in line)).toEqual(objects.map((row) => ({ row })))
    expect(lines.filter((line) => 'progress' in line).length).toBeGreaterThan(0)
  })

  test('a hundred thousand rows as a stream, packed and not', async () => {
    for (const response of [false, true]) {
      const each = client({ username: 'reader', compression: { response } })
      const result = await each.query({ query: 'SELECT number AS n FROM numbers(100000)', format: 'JSONEachRow' })
      let sum = 0
      for await (const rows of result.stream<{ n: number }>()) for (const row of rows) sum += row.json().n
      expect(sum).toBe(4_999_950_000)
    }
  })

  test('Parquet is whole', async () => {
    const { stream } = await reader.exec({ query: 'SELECT number FROM numbers(200000) FORMAT Parquet' })
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part as Buffer)
    const bytes = Buffer.concat(parts)
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1'])
    expect(bytes.subarray(4, -4).indexOf('PAR1')).toBe(-1)
  })

  test('bound values of every kind', async () => {
    const values: [string, unknown, string][] = [
      ['String', 'it\'s\n"\\ ü 💡', 'it\'s\n"\\ ü 💡'],
      ['Int64', -5, '-5'],
      ['UInt64', 18446744073709551615n, '18446744073709551615'],
      ['Float64', 1.5, '1.5'],
      ['Bool', true, 'true'],
      ['Nullable(String)', null, 'NULL'],
      ['Array(String)', ["a'b", 'c\\d', ''], "['a\\'b','c\\\\d','']"],
      ['Array(Array(UInt8))', [[1, 2], []], '[[1,2],[]]'],
      ['Array(Nullable(UInt8))', [1, null], '[1,NULL]'],
      ['Map(String, UInt8)', { a: 1, "b'": 2 }, "{'a':1,'b\\'':2}"],
      ['Date', '2026-11-21', '2026-11-21'],
      ["DateTime64(3, 'UTC')", new Date('2026-11-21T10:00:00.123Z'), '2026-11-21 10:00:00.123'],
      ['UUID', '61f0c404-5cb3-11e7-907b-a6006ad3dba0', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
      ['Decimal(9, 2)', '12.30', '12.3'],
      ['IPv4', '127.0.0.1', '127.0.0.1'],
    ]
    for (const [type, value, expected] of values) {
      const result = await reader.query({
        query: `SELECT ifNull(toString({v:${type}}), 'NULL') AS v`,
        query_params: { v: value },
        format: 'JSONEachRow',
      })
      expect([type, await result.json()]).toEqual([type, [{ v: expected }]])
    }
  })

  test('settings, its own id, and a summary', async () => {
    const result = await reader.query({
      query: 'SELECT 18446744073709551615 AS n',
      format: 'JSON',
      query_id: 'my-query',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1, wait_end_of_query: 1 },
    })
    expect(result.query_id).toBe('my-query')
    expect(await result.json()).toMatchObject({ data: [{ n: '18446744073709551615' }] })
    expect(JSON.parse(String(result.response_headers['x-clickhouse-summary']))).toMatchObject({
      read_rows: '1',
      result_rows: '1',
    })
  })

  test('an id that runs already is refused, and is free again afterwards', async () => {
    const control = new AbortController()
    const slow = reader
      .query({ query: 'SELECT sleep(3), sleep(3), sleep(3)', query_id: 'twice', abort_signal: control.signal })
      .catch(() => null)
    await vi.waitFor(async () => {
      await expect(reader.query({ query: 'SELECT 1', query_id: 'twice' })).rejects.toMatchObject({
        code: '216',
        type: 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
      })
    }, 60_000)
    control.abort()
    await slow
    const again = async () => (await reader.query({ query: 'SELECT 1', query_id: 'twice' })).query_id
    await expect.poll(again).toBe('twice')
  })

  test('an aborted query stops in the engine', async () => {
    const control = new AbortController()
    const query = 'SELECT count() FROM numbers(1e12) WHERE NOT ignore(cityHash64(number))'
    const answer = reader.query({ query, abort_signal: control.signal })
    const failure = answer.then(
      () => 'answered',
      (error: unknown) => String(error),
    )
    const running = () =>
      storage.db.query(
        "SELECT 1 FROM system.processes WHERE query LIKE '%cityHash64%' AND query NOT LIKE '%processes%'",
      )
    await expect.poll(running).toHaveLength(1)
    control.abort()
    expect(await failure).toContain('aborted')
    await expect.poll(running).toEqual([])
  })
})

describe('ping, command, exec, insert', () => {
  test('ping, both ways', async () => {
    expect(await reader.ping()).toEqual({ success: true })
    expect(await reader.ping({ select: true })).toEqual({ success: true })
    const wrong = client({ username: 'reader', password: 'no' })
    expect(await wrong.ping({ select: true })).toMatchObject({ success: false, error: { code: '516' } })
  })

  test('rows as objects, arrays and a stream, packed and not, and back', async () => {
    const packed = client({
      username: 'writer',
      password: readFileSync(join(storage.data_dir, 'keys', 'writer'), 'utf8').trim(),
      compression: { request: true, response: true },
    })
    await writer.insert({ table: 'calls', values: [{ id: 1, name: "it's\n\n;" }], format: 'JSONEachRow' })
    await packed.insert({ table: 'calls', values: [[2, 'two']], format: 'JSONCompactEachRow', columns: ['id', 'name'] })
    const { executed, summary } = await packed.insert({
      table: 'calls',
      values: Readable.from(Array.from({ length: 1000 }, (_, i) => ({ id: 3 + i, name: `row ${3 + i}` }))),
      format: 'JSONEachRow',
    })
    expect([executed, summary]).toEqual([true, expect.objectContaining({ written_rows: '1000' })])
    expect(Number(summary?.written_bytes)).toBeGreaterThan(1000 * 'row 3'.length)
    const rows = await (
      await packed.query({ query: 'SELECT * FROM calls ORDER BY id LIMIT 3', format: 'JSONEachRow' })
    ).json()
    expect(rows).toEqual([
      { id: 1, name: "it's\n\n;" },
      { id: 2, name: 'two' },
      { id: 3, name: 'row 3' },
    ])
    const count = await packed.query({ query: 'SELECT count() AS n FROM calls', format: 'JSONEachRow' })
    expect(await count.json()).toEqual([{ n: 1002 }])
  })

  test('a command answers with its id, exec with a stream', async () => {
    const { query_id } = await writer.command({
      query: 'CREATE TABLE made (a Int8) ENGINE = Memory',
      query_id: 'made-1',
    })
    expect(query_id).toBe('made-1')
    const { stream } = await reader.exec({ query: 'SELECT 1, 2 FORMAT TSV' })
    expect(await text(stream)).toBe('1\t2\n')
    await writer.command({ query: 'DROP TABLE made' })
  })

  test('the reader can do none of it', async () => {
    const refused = { code: '497', type: 'ACCESS_DENIED' }
    await expect(reader.command({ query: 'DROP TABLE calls' })).rejects.toMatchObject(refused)
    await expect(reader.insert({ table: 'calls', values: [{ id: 9 }], format: 'JSONEachRow' })).rejects.toMatchObject(
      refused,
    )
  })
})

describe('sessions', () => {
  test('what one query sets and makes is there for the next, and for nobody else', async () => {
    const session_id = 'a-session'
    await writer.command({ query: 'CREATE TEMPORARY TABLE mine (a Int8)', session_id })
    await writer.command({ query: 'INSERT INTO mine VALUES (7)', session_id })
    await writer.command({ query: "SET log_comment = 'marked'", session_id })
    const query = "SELECT a, getSetting('log_comment') AS c FROM mine"
    const ask = async () => (await writer.query({ query, session_id, format: 'JSONEachRow' })).json()
    expect(await ask()).toEqual([{ a: 7, c: 'marked' }])
    // An error ends the query, not the session.
    await expect(writer.query({ query: 'SELECT throwIf(1)', session_id })).rejects.toMatchObject({ code: '395' })
    expect(await ask()).toEqual([{ a: 7, c: 'marked' }])
    await expect(writer.query({ query, session_id: 'another' })).rejects.toMatchObject({ code: '60' })
    await expect(writer.query({ query })).rejects.toMatchObject({ code: '60' })
  })

  test('one query at a time', async () => {
    const session_id = 'locked'
    const control = new AbortController()
    const first = reader.query({ query: 'SELECT sleep(3)', session_id, abort_signal: control.signal }).catch(() => null)
    await vi.waitFor(
      () =>
        expect(reader.query({ query: 'SELECT 1', session_id })).rejects.toMatchObject({
          code: '373',
          type: 'SESSION_IS_LOCKED',
        }),
      60_000,
    )
    // The same name is another session for another user.
    expect(await (await writer.query({ query: 'SELECT 1', session_id, format: 'CSV' })).text()).toBe('1\n')
    control.abort()
    await first
  })

  test('a session that must be there, and its time-out', async () => {
    const ask = async (query: Record<string, string>) => {
      const response = await fetch(`${storage.url}/?${new URLSearchParams({ query: 'SELECT 1', ...query })}`)
      return response.headers.get('x-clickhouse-exception-code') ?? (await response.text())
    }
    expect(await ask({ session_id: 'new', session_check: '1' })).toBe('372')
    expect(await ask({ session_id: 'new', session_timeout: '60' })).toBe('1\n')
    expect(await ask({ session_id: 'new', session_check: '1', session_timeout: '0' })).toBe('1\n')
    await expect.poll(() => ask({ session_id: 'new', session_check: '1' })).toBe('372')
    expect(await ask({ session_id: 'new', session_timeout: '99999' })).toBe('36')
  })
})

describe('errors', () => {
  test.each<[string, string, string]>([
    ['SELECT (', '62', 'SYNTAX_ERROR'],
    ['SELECT * FROM nope', '60', 'UNKNOWN_TABLE'],
    ['SELECT nope FROM requests', '47', 'UNKNOWN_IDENTIFIER'],
    ['SELECT nope()', '46', 'UNKNOWN_FUNCTION'],
    ['SELECT 1 FORMAT Nope', '73', 'UNKNOWN_FORMAT'],
    ["SELECT toInt8('a')", '6', 'CANNOT_PARSE_TEXT'],
    ['SELECT {a:UInt8}', '456', 'UNKNOWN_QUERY_PARAMETER'],
    ['DROP TABLE requests', '497', 'ACCESS_DENIED'],
    ['SELECT 1 SETTINGS max_threads = 1', '164', 'READONLY'],
    ['SELECT throwIf(1)', '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
  ])('%s', async (query, code, type) => {
    const message = expect.not.stringMatching(/Code: |\(version/)
    await expect(reader.exec({ query })).rejects.toMatchObject({ code, type, message })
  })

  test('a query that fails after most of its rows is an error, not a part', async () => {
    const query = 'SELECT number, throwIf(number = 900000) FROM numbers(1000000)'
    for (const format of ['JSONEachRow', 'JSONCompactEachRow', 'JSONStringsEachRow'] as const) {
      const begun = await reader.query({ query, format })
      await expect(begun.json()).rejects.toMatchObject({ code: '395', type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO' })
    }
    for (const format of ['JSON', 'CSV', 'Parquet'] as const) {
      const begun = await reader.query({ query, format })
      await expect(begun.text()).rejects.toThrow('aborted')
    }
    const clickhouse_settings = { wait_end_of_query: 1 } as const
    await expect(reader.query({ query, clickhouse_settings })).rejects.toMatchObject({ code: '395' })
    const result = await reader.query({ query: 'SELECT 1 AS a', format: 'JSONEachRow' })
    expect(await result.json()).toEqual([{ a: 1 }])
  })
})
