/* oxlint-disable no-control-regex -- the binary formats of clients are full of them */
/**
 * What other clients send, byte for byte, replayed over a socket: connect sequences and first queries of clickhouse-connect,
 * clickhouse-go (Grafana), JDBC and curl.
 */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testStorage } from '../testing.ts'
import { unpackBlocks } from './testing-blocks.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())

interface Reply {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** Writes the bytes as they are, on one connection, each after the answer to the one before it. */
async function replay(requests: readonly string[]): Promise<Reply[]> {
  const socket = connect(Number(new URL(storage.url).port), '127.0.0.1')
  let received = Buffer.alloc(0)
  let wake = () => {}
  let ended = false
  socket.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data])
    wake()
  })
  socket.on('close', () => {
    ended = true
    wake()
  })
  const answered = async (head: boolean): Promise<ReturnType<typeof parseReply>> => {
    const parsed = parseReply(received, head)
    if (parsed || ended) return parsed
    await new Promise<void>((resolve) => (wake = resolve))
    return answered(head)
  }
  const replies: Reply[] = []
  for (const request of requests) {
    const head = request.startsWith('HEAD ')
    socket.write(Buffer.from(request.replaceAll('\n', '\r\n').replaceAll('\r\n¶', '\n'), 'latin1'))
    const parsed = await answered(head)
    if (!parsed) throw new Error(`the connection ended before an answer to: ${request.slice(0, 80)}`)
    replies.push(parsed.reply)
    received = received.subarray(parsed.bytes)
  }
  socket.destroy()
  return replies
}

/** Null while it is not whole. Every answer has a Content-Length. */
function parseReply(bytes: Buffer, head: boolean): { reply: Reply; bytes: number } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const pairs = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)])
  const headers = Object.fromEntries(pairs) as Record<string, string>
  const length = head ? 0 : Number(headers['content-length'])
  const total = end + 4 + length
  if (bytes.length < total) return null
  return { reply: { status: Number(first.split(' ')[1]), headers, body: bytes.subarray(end + 4, total) }, bytes: total }
}

/** One request; `¶` at the start of a line of the body means that the break before it is a single line feed. */
const request = (head: string, body = '') =>
  `${head}\nHost: localhost:8123\n${body === '' ? '' : `Content-Length: ${Buffer.byteLength(body.replaceAll('\n¶', '\n'), 'latin1')}\n`}\n${body}`
const get = (path: string, headers: string) => request(`GET ${path} HTTP/1.1\n${headers}`)
const post = (path: string, headers: string, body: string) => request(`POST ${path} HTTP/1.1\n${headers}`, body)

/** One statement as the body, the headers given as lines; also for answers that come in chunks. */
async function asked(path: string, lines: string, sql: string): Promise<[status: number, body: string]> {
  const headers = lines.split('\n').map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const answer = await fetch(storage.url + path, { method: 'POST', headers, body: sql })
  return [answer.status, Buffer.from(await answer.arrayBuffer()).toString('latin1')]
}

const bodies = (replies: readonly Reply[]) => replies.map(({ body }) => body.toString('latin1'))

describe('clickhouse-connect', () => {
  const headers = [
    'Accept-Encoding: identity',
    'User-Agent: clickhouse-connect/1.7.2 (lv:py/3.12.3; mode:sync; os:linux)',
    'Authorization: Basic cmVhZGVyOg==',
  ].join('\n')
  const packed = headers.replace('identity', 'lz4,gzip,deflate,br')
  const session = 'session_id=4a1c2c3e-6a3a-4c0d-9f0f-0c1c5e5b0a01'

  test('connects: version, settings, and a probe of the protocol', async () => {
    const replies = await replay([
      post(`/?${session}&wait_end_of_query=1`, headers, 'SELECT version(), timezone()'),
      post(
        `/?database=inferwatch&${session}&wait_end_of_query=1`,
        packed,
        'SELECT name, value, readonly as readonly FROM system.settings LIMIT 10000\n¶ FORMAT Native',
      ),
      post(
        `/?database=inferwatch&client_protocol_version=54405&${session}&wait_end_of_query=1`,
        packed,
        'SELECT 1 AS check\n¶ FORMAT Native',
      ),
    ])
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(bodies(replies)[0]).toMatch(/^26\.[\d.]+\tUTC\n$/)
    expect(bodies(replies)[1]).toContain('\u0004name\u0006String')
    // Not the block of protocol 54405: it goes on with revision 0.
    expect(replies[2]?.body).toEqual(Buffer.from('\u0001\u0001\u0005check\u0005UInt8\u0001', 'latin1'))
    expect(replies[0]?.headers).toMatchObject({
      'x-clickhouse-query-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-clickhouse-timezone': 'UTC',
      'x-clickhouse-format': 'TabSeparated',
      'x-clickhouse-summary': expect.stringMatching(/^\{"result_rows":"1","result_bytes":"\d+","elapsed_ns":"\d+"\}$/),
    })
  })

  test('every setting is read-only to the reader, so that none is sent', async () => {
    const sql =
      "SELECT DISTINCT readonly FROM system.settings WHERE name IN ('date_time_input_format', 'send_progress_in_http_headers')"
    expect(bodies(await replay([post(`/?${session}`, headers, sql)]))).toEqual(['1\n'])
  })

  test('queries with values, a look at the columns alone, commands, and what Superset asks', async () => {
    const replies = await replay([
      post(
        `/?database=inferwatch&${session}&param_a=it%5C%27s&param_b=%5B1%2C2%5D&enable_http_compression=1&send_progress_in_http_headers=1&http_headers_progress_interval_ms=120000&wait_end_of_query=1`,
        packed,
        'SELECT {a:String} AS a, {b:Array(UInt8)} AS b\n¶ FORMAT Native',
      ),
      post(`/?database=inferwatch&${session}`, headers, 'SELECT model, cost_usd FROM requests LIMIT 0\n¶ FORMAT JSON'),
      post(`/?database=inferwatch&${session}`, headers, "SHOW TABLES LIKE 'requests'"),
      post(`/?database=inferwatch&${session}`, headers, 'EXISTS TABLE requests'),
      post(
        `/?${session}`,
        packed,
        'SELECT name FROM system.functions UNION ALL SELECT name FROM system.table_functions LIMIT 10000\n¶ FORMAT Native',
      ),
      get('/ping', headers),
    ])
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    const [values, meta, tables, exists] = bodies(replies)
    expect(values).toBe(
      "\u0002\u0001\u0001a\u0006String\u0004it's\u0001b\u000cArray(UInt8)\u0002\0\0\0\0\0\0\0\u0001\u0002",
    )
    expect(replies[0]?.headers['x-clickhouse-progress']).toMatch(/^\{"result_rows":"1",/)
    expect(JSON.parse(meta ?? '')).toMatchObject({ meta: [{ name: 'model' }, { name: 'cost_usd' }], data: [] })
    expect([tables, exists]).toEqual(['requests\n', '1\n'])
  })

  test('a locked session and a wrong password, told as it parses them', async () => {
    const [wrong] = await replay([post('/', headers.replace('cmVhZGVyOg==', 'cmVhZGVyOm5v'), 'SELECT 1')])
    expect(wrong).toMatchObject({ status: 403, headers: { 'x-clickhouse-exception-code': '516' } })
  })
})

describe("clickhouse-go over HTTP, as Grafana's data source uses it", () => {
  const headers =
    'Authorization: Basic cmVhZGVyOg==\nUser-Agent: grafana/13.2.3 clickhouse-go/2.47.0 (lv:go/1.25.1; os:linux)\nAccept-Encoding: gzip'
  const path = '/?client_protocol_version=54460&database=inferwatch&default_format=Native&max_execution_time=65'

  test('connects, pings, and reads plain Native', async () => {
    const [hello, ping, rows, none] = await replay([
      post(path, headers, 'SELECT displayName(), version(), revision(), timezone()'),
      post(path, headers, 'SELECT 1'),
      post(`${path}&query_id=b6e7&param_x=2`, headers, 'SELECT toUInt16({x:UInt8}) AS x'),
      post(path, headers, 'SELECT model FROM requests WHERE 0'),
    ])
    const column = (name: string, type: string, data: string) =>
      `${String.fromCharCode(name.length)}${name}${String.fromCharCode(type.length)}${type}\0${data}`
    const text = (value: string) => String.fromCharCode(value.length) + value
    const version = /version\(\).String..([\d.]+)/s.exec(hello?.body.toString('latin1') ?? '')?.[1] ?? ''
    expect(hello?.body.toString('latin1')).toBe(
      `\u0001\0\u0002\xff\xff\xff\xff\0\u0004\u0001${column('displayName()', 'String', text('inferwatch'))}${column('version()', 'String', text(version))}${column('revision()', 'UInt32', '\0\0\0\0')}${column('timezone()', 'String', text('UTC'))}`,
    )
    expect(ping?.body.toString('latin1')).toBe('\u0001\u0001\u00011\u0005UInt8\u0001')
    expect(rows?.body.toString('latin1')).toBe('\u0001\u0001\u0001x\u0006UInt16\u0002\0')
    expect(rows?.headers['x-clickhouse-query-id']).toBe('b6e7')
    expect([none?.status, none?.body.length]).toEqual([200, 0])
  })

  test('over TLS in front it sends its user in headers; an error has the text that it shows', async () => {
    const keys = headers.replace(
      /^Authorization.*\n/,
      'X-ClickHouse-User: default\nX-ClickHouse-Key: \nX-ClickHouse-SSL-Certificate-Auth: off\n',
    )
    const [data, error] = await replay([post(path, keys, 'SELECT 1'), post(path, keys, 'SELECT * FROM nope')])
    expect(data?.status).toBe(200)
    expect(error).toMatchObject({ status: 404, headers: { 'x-clickhouse-exception-code': '60' } })
    expect(error?.body.toString()).toMatch(
      /^Code: 60\. DB::Exception: Unknown table expression identifier 'nope'.*\(UNKNOWN_TABLE\) \(version 26[.\d]+\)\n$/s,
    )
  })

  test('older ones ask at revision 0', async () => {
    const replies = await replay([
      post('/?database=inferwatch&default_format=Native', headers, 'SELECT timezone()'),
      post('/?database=inferwatch&default_format=Native', headers, 'SELECT version()'),
    ])
    expect(bodies(replies)[0]).toBe('\u0001\u0001\u000atimezone()\u0006String\u0003UTC')
    expect(bodies(replies)[1]).toMatch(/^..\tversion\(\).String.26\./s)
  })
})

describe("what the query editor, variables and ad-hoc filters of Grafana's data source ask", () => {
  const headers =
    'Authorization: Basic cmVhZGVyOg==\nUser-Agent: grafana/13.2.3 clickhouse-datasource/4.20.0 clickhouse-go/2.47.0\nAccept-Encoding: gzip'
  const path = '/?client_protocol_version=54460&database=inferwatch&default_format=Native&max_execution_time=65'
  beforeAll(() => {
    const call = { timestamp: new Date(), trace_id: 'grafana', span_id: 's', model: 'gpt', duration_ms: 12 }
    return storage.db.insert('requests', [{ ...call, attributes: { tenant: 'acme' } }])
  })

  const functions = `
      SELECT
        name, is_aggregate, case_insensitive, alias_to, origin, description,
        syntax, arguments, returned_value, examples, categories
      FROM system.functions
      LIMIT 10000
    `

  test.each([
    ['SHOW DATABASES', 'inferwatch'],
    ['SHOW TABLES', 'v_requests'],
    ['SHOW TABLES FROM "inferwatch"', 'requests_1h'],
    ['DESC TABLE "inferwatch"."requests"', 'DateTime64'],
    ['SELECT name FROM system.databases ORDER BY name', 'inferwatch'],
    ["SELECT name FROM system.tables WHERE database = 'inferwatch' ORDER BY name", 'requests'],
    [
      "SELECT name FROM system.columns WHERE database = 'inferwatch' AND table = 'requests' ORDER BY name",
      'duration_ms',
    ],
    ['SELECT name, type, table FROM system.columns', 'requests'],
    [
      "SELECT name, type, table FROM system.columns WHERE database IN ('inferwatch') AND table = 'requests'",
      'duration_ms',
    ],
    [functions, 'quantile'],
    ['SELECT DISTINCT `model` AS value FROM `inferwatch`.`requests` WHERE `model` IS NOT NULL LIMIT 1000', 'gpt'],
    ['select distinct model from inferwatch.requests limit 1000', 'gpt'],
    [
      'SELECT DISTINCT arrayJoin(mapKeys(`attributes`)) as keys FROM `inferwatch`.`requests` WHERE `timestamp` >= now() - INTERVAL 6 HOUR LIMIT 1000',
      'tenant',
    ],
    [
      'SELECT DISTINCT arrayJoin(mapKeys(`attributes`)) as keys FROM (SELECT `attributes` FROM `inferwatch`.`requests` LIMIT 10000) LIMIT 1000',
      'tenant',
    ],
    [
      "SELECT DISTINCT `attributes`['tenant'] AS value FROM `inferwatch`.`requests` WHERE mapContains(`attributes`, 'tenant') ORDER BY value LIMIT 1000",
      'acme',
    ],
    [
      "SELECT arrayJoin(lttb(2)(toUnixTimestamp(timestamp), duration_ms)) AS point FROM requests WHERE timestamp >= toDateTime('2020-01-01')",
      'Tuple',
    ],
  ])('%s', async (sql, part) => {
    expect(await asked(path, headers, sql)).toEqual([200, expect.stringContaining(part)])
  })
})

describe('JDBC v2, as DBeaver and Metabase use it', () => {
  const headers = [
    'X-ClickHouse-Database: inferwatch',
    'X-ClickHouse-Format: RowBinaryWithNamesAndTypes',
    'X-ClickHouse-User: reader',
    'X-ClickHouse-Key: ',
    'User-Agent: jdbc-v2/0.9.2 clickhouse-java-v2/0.9.2 (Linux; jvm:21.0.4)',
    'Content-Type: text/plain; charset=UTF-8',
  ].join('\n')
  const path = '/?compress=1&async_insert=0&wait_end_of_query=1&query_id=1c6d'

  test('connects: who, when, which version; packed as it accepts', async () => {
    const replies = await replay([
      post(path, headers, 'SELECT currentUser() AS user, timezone() AS timezone, version() AS version LIMIT 1'),
      post(path, headers, 'SELECT timezone() AS tz'),
      post(
        `${path}&session_timezone=Europe%2FBerlin&select_sequential_consistency=1`,
        headers,
        "SELECT toDateTime('2026-11-21 10:00:00') AS t",
      ),
    ])
    // It takes the blocks of ClickHouse for packed only where no header says otherwise.
    expect(replies.map(({ status, headers: { 'content-encoding': encoding } }) => [status, encoding])).toEqual([
      [200, undefined],
      [200, undefined],
      [200, undefined],
    ])
    const [who, zone, time] = await Promise.all(replies.map(({ body }) => unpackBlocks(body)))
    expect(who?.toString('latin1')).toMatch(/^..user.timezone.version.String.String.String.reader.UTC.26\./s)
    expect(zone?.toString('latin1')).toBe('\u0001\u0002tz\u0006String\u0003UTC')
    expect(time?.toString('latin1').slice(0, 12)).toBe('\u0001\u0001t\u0008DateTime')
    expect(replies[0]?.headers['x-clickhouse-format']).toBe('RowBinaryWithNamesAndTypes')
  })

  test('metadata, and nothing packed when it does not ask', async () => {
    const plain = path.replace('compress=1&', '')
    const [tables, error] = await replay([
      post(
        plain,
        headers,
        "SELECT name AS TABLE_NAME FROM system.tables WHERE database = 'inferwatch' AND name = 'spans'",
      ),
      post(plain, headers, 'INSERT INTO requests (model) VALUES (1)'),
    ])
    expect(tables?.headers['content-encoding']).toBeUndefined()
    expect(tables?.body.toString('latin1')).toBe('\u0001\u000aTABLE_NAME\u0006String\u0005spans')
    expect(error).toMatchObject({ status: 403, headers: { 'x-clickhouse-exception-code': '497' } })
  })
})

describe('what DatabaseMetaData of JDBC v2 asks for the tree of DBeaver and the sync of Metabase', () => {
  const headers = [
    'X-ClickHouse-Database: inferwatch',
    'X-ClickHouse-Format: RowBinaryWithNamesAndTypes',
    'X-ClickHouse-User: reader',
    'X-ClickHouse-Key: ',
    'User-Agent: jdbc-v2/0.9.2 clickhouse-java-v2/0.9.2 (Linux; jvm:21.0.4)',
  ].join('\n')

  test.each([
    ['SELECT version() as server_version', '26.'],
    ["SELECT name AS TABLE_SCHEM, '' AS TABLE_CATALOG FROM system.databases ORDER BY name", 'inferwatch'],
    ["SELECT name AS TABLE_SCHEM, '' AS TABLE_CATALOG FROM system.databases WHERE name LIKE '%'", 'inferwatch'],
    ["SELECT arrayJoin(['TABLE','VIEW']) AS TABLE_TYPE ORDER BY TABLE_TYPE", 'VIEW'],
    [
      "SELECT '' AS TABLE_CAT, t.database AS TABLE_SCHEM, t.name AS TABLE_NAME, if(t.is_temporary = 1, concat('Temporary', t.engine), t.engine) AS TABLE_TYPE, t.comment AS REMARKS, CAST(null as Nullable(String)) AS TYPE_CAT, d.engine AS TYPE_SCHEM, CAST(null as Nullable(String)) AS TYPE_NAME, CAST(null as Nullable(String)) AS SELF_REFERENCING_COL_NAME, CAST(null as Nullable(String)) AS REF_GENERATION FROM system.tables t JOIN system.databases d ON system.tables.database = system.databases.name WHERE t.database LIKE 'inferwatch' AND t.name LIKE '%' AND ( (t.engine IN ('View','MergeTree')) OR (t.engine NOT IN ('View','MergeTree') AND NOT t.engine LIKE 'System%' AND NOT t.engine LIKE 'Async%' AND t.is_temporary = 0)) AND (t.is_temporary = 0)",
      'v_requests',
    ],
    [
      "SELECT '' AS TABLE_CAT, database AS TABLE_SCHEM, table AS TABLE_NAME, name AS COLUMN_NAME, toInt32(1111) AS DATA_TYPE, type AS TYPE_NAME, toInt32(multiIf(character_octet_length IS NOT NULL, character_octet_length, system.columns.type == 'Int8', 1, numeric_precision IS NOT NULL, numeric_precision, 0)) AS COLUMN_SIZE, toInt32(0) AS BUFFER_LENGTH, toInt32(IF (numeric_scale == 0, NULL, numeric_scale)) as DECIMAL_DIGITS,  toInt32(numeric_precision_radix) AS NUM_PREC_RADIX, toInt32(position(type, 'Nullable(') >= 1 ?1 : 0) as NULLABLE, system.columns.comment AS REMARKS, system.columns.default_expression AS COLUMN_DEF, toInt32(0) AS SQL_DATA_TYPE, toInt32(0) AS SQL_DATETIME_SUB, character_octet_length::Nullable(Int32) AS CHAR_OCTET_LENGTH, toInt32(system.columns.position) AS ORDINAL_POSITION, position(upper(type), 'NULLABLE') >= 1 ? 'YES' : 'NO' AS IS_NULLABLE,CAST(NULL as Nullable(String)) AS SCOPE_CATALOG, 'NO' as IS_AUTOINCREMENT, 'NO' as IS_GENERATEDCOLUMN  FROM system.columns WHERE database LIKE 'inferwatch' AND table LIKE 'requests' AND name LIKE '%' ORDER BY TABLE_SCHEM, TABLE_NAME, ORDINAL_POSITION",
      'duration_ms',
    ],
    [
      "SELECT NULL::Nullable(String) AS TABLE_CAT, system.tables.database AS TABLE_SCHEM, system.tables.name AS TABLE_NAME, trim(c.1) AS COLUMN_NAME, CAST(c.2 AS Int16) AS KEY_SEQ, 'PRIMARY' AS PK_NAME FROM system.tables ARRAY JOIN arrayZip(splitByChar(',', primary_key), arrayEnumerate(splitByChar(',', primary_key))) as c WHERE system.tables.primary_key <> '' AND system.tables.database ILIKE 'inferwatch' AND system.tables.name ILIKE 'requests' ORDER BY COLUMN_NAME",
      'trace_id',
    ],
    [
      "SELECT name AS TYPE_NAME, CAST(attrs.c2 AS Nullable(Int32)) AS PRECISION, CAST(not(dt.case_insensitive) AS Boolean) AS CASE_SENSITIVE, 3::Int16 AS SEARCHABLE, if(empty(alias_to), name, alias_to) AS LOCAL_TYPE_NAME FROM system.data_type_families dt  LEFT JOIN (SELECT * FROM VALUES ( ('Int8',3,1,0,0),('UInt8',3,0,0,0))) as attrs ON (dt.name = attrs.c1) WHERE alias_to == ''",
      'UInt8',
    ],
    [
      "SELECT CAST(NULL as Nullable(String)) AS FUNCTION_CAT, CAST(NULL as Nullable(String)) AS FUNCTION_SCHEM, CAST(name as Nullable(String)) AS FUNCTION_NAME, concat(description, '(', origin, ')') AS REMARKS, CAST(0 AS Int16) AS FUNCTION_TYPE, name AS SPECIFIC_NAME FROM system.functions WHERE name LIKE 'quantile%'",
      'quantileExact',
    ],
    ['DESCRIBE TABLE requests FORMAT TSKV', 'name=timestamp'],
    ['DESC (SELECT model, duration_ms FROM requests) FORMAT TSKV', 'name=duration_ms'],
  ])('%s', async (sql, part) => {
    expect(await asked('/?async_insert=0&wait_end_of_query=1', headers, sql)).toEqual([
      200,
      expect.stringContaining(part),
    ])
  })
})

describe('curl', () => {
  const headers = 'User-Agent: curl/8.5.0\nAccept: */*'

  test('as the manual shows it', async () => {
    const replies = await replay([
      get('/', headers),
      get('/ping', headers),
      get('/?query=SELECT%201', headers),
      post('/?query=SELECT', `${headers}\nContent-Type: application/x-www-form-urlencoded`, '1'),
      post('/', `${headers}\nContent-Type: application/x-www-form-urlencoded`, 'SELECT 1 FORMAT Pretty'),
      get('/?query=SELECT%20%27a%09b%27&default_format=JSONEachRow', headers),
      get('/?query=SELECT+1&user=reader&password=', headers),
      request(`HEAD /ping HTTP/1.1\n${headers}`),
      request(`HEAD /?query=SELECT+1 HTTP/1.1\n${headers}`),
      request(`OPTIONS / HTTP/1.1\n${headers}`),
      request(`PUT /?query=SELECT+1 HTTP/1.1\n${headers}`, 'x'),
    ])
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 200, 405, 405])
    expect(bodies(replies).slice(0, 7)).toEqual([
      'Ok.\n',
      'Ok.\n',
      '1\n',
      '1\n',
      expect.stringContaining(
        '┏'
          .split('')
          .map((c) => Buffer.from(c).toString('latin1'))
          .join(''),
      ),
      '{"\'a\\\\tb\'":"a\\tb"}\n',
      '1\n',
    ])
    expect(replies[8]?.headers['x-clickhouse-format']).toBe('TabSeparated')
  })
})
