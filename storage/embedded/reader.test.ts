/** What the reader may and may not do, tried over HTTP against the real engine. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testStorage } from '../testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let secret: string
let outfile: string
let before: object[]
/** Stands for a host on the network: a query must never get here. */
let calls = 0
const outside = createServer((_, response) => {
  calls++
  response.end('a,b\n1,2\n')
})

beforeAll(async () => {
  storage = await testStorage()
  secret = join(storage.data_dir, 'secret.txt')
  outfile = join(storage.data_dir, 'out.txt')
  writeFileSync(secret, 'hunter2\n')
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
  await storage.db.command('CREATE DATABASE other')
  await storage.db.command('CREATE TABLE other.zq9hidden (a String) ENGINE = MergeTree ORDER BY a')
  await storage.db.command("INSERT INTO other.zq9hidden VALUES ('hunter2')")
  before = await databaseState()
})
afterAll(async () => {
  outside.close()
  await storage.stop()
})

const databaseState = () =>
  storage.db.query<object>('SELECT database, name, metadata_modification_time FROM system.tables ORDER BY ALL')

async function ask(sql: string, params: Record<string, string> = {}) {
  const url = `${storage.url}/?${new URLSearchParams({ user: 'reader', ...params })}`
  const response = await fetch(url, { method: 'POST', body: sql })
  return { status: response.status, text: await response.text() }
}

describe('refused', () => {
  const attacks: [string, string][] = [
    ['reading a file by a scalar function', "SELECT file('SECRET')"],
    ['… in capitals', "SELECT FILE('SECRET')"],
    ['… in backquotes', "SELECT `file`('SECRET')"],
    ['… in double quotes', 'SELECT "file"(\'SECRET\')'],
    ['… with escapes in the name', "SELECT `fil\\x65`('SECRET')"],
    ['… behind a comment', "SELECT file/* */('SECRET')"],
    ['… behind a comment that hides a quote', "SELECT /* ' */ file('SECRET') /* ' */"],
    ['… behind a line comment', "SELECT -- '\n file('SECRET') -- '"],
    ['… behind a hash comment', "SELECT # '\n file('SECRET') # '"],
    ['… after an escaped quote', "SELECT 'a\\'', file('SECRET'), 'b'"],
    ['… after a doubled quote', "SELECT 'a''', file('SECRET'), 'b'"],
    ['… after curly quotes', "SELECT ‘'’, file('SECRET'), ‘'’"],
    ['… behind a heredoc', "SELECT $a$ ' $a$, file('SECRET'), $a$ ' $a$"],
    ['… by APPLY', "SELECT * APPLY file FROM (SELECT 'SECRET')"],
    ['… by APPLY of a lambda', "SELECT * APPLY(x -> file(x)) FROM (SELECT 'SECRET')"],
    ['… in a lambda', "SELECT arrayMap(x -> file(x), ['SECRET'])"],
    ['… in SHOW … WHERE', "SHOW TABLES WHERE file('SECRET') != ''"],
    ['… in EXPLAIN', "EXPLAIN SYNTAX SELECT file('SECRET')"],
    ['… by eval', "SELECT * FROM eval('SELECT file(\\'SECRET\\')')"],
    ['a file as a table', "SELECT * FROM file('SECRET', 'TSV', 'a String')"],
    ['… described', "DESCRIBE TABLE file('SECRET', 'TSV')"],
    ['… described without TABLE', "DESC file('SECRET', 'TSV')"],
    ['a URL as a table', "SELECT * FROM url('OUTSIDE', 'CSV', 'a String, b String')"],
    ['a URL described', "DESCRIBE TABLE url('OUTSIDE', 'CSV')"],
    ['an object store described', "DESCRIBE TABLE s3('OUTSIDE/x/y.csv')"],
    ['another server', "SELECT * FROM remote('OUTSIDE', system.one)"],
    ['a program', "SELECT * FROM executable('id', 'TSV', 'a String')"],
    ['another database server', "SELECT * FROM mysql('OUTSIDE', 'a', 'b', 'c', 'd')"],
    ['SQLite files', "SELECT * FROM sqlite('SECRET', 'a')"],
    ['writing a file', "SELECT 1 INTO OUTFILE 'OUTFILE'"],
    ['… over another', "SELECT 1 INTO OUTFILE 'OUTFILE' TRUNCATE"],
    ['… from EXPLAIN', "EXPLAIN AST SELECT 1 INTO OUTFILE 'OUTFILE'"],
    ['… from SHOW', "SHOW TABLES INTO OUTFILE 'OUTFILE'"],
    ['… behind a comment', "SELECT 1 INTO/**/OUTFILE 'OUTFILE'"],
    ['stopping merges', 'SYSTEM STOP MERGES'],
    ['shutting down', 'SYSTEM SHUTDOWN'],
    ['killing queries', 'KILL QUERY WHERE 1'],
    ['another role', 'SET ROLE ALL'],
    ['a default role', 'SET ROLE DEFAULT'],
    ['another setting', 'SET readonly = 0'],
    ['settings in the query', 'SELECT 1 SETTINGS readonly = 0'],
    ['raising a limit in the query', 'SELECT 1 SETTINGS max_memory_usage = 0'],
    ['another database by USE', 'USE other'],
    ['two statements', 'SELECT 1; SELECT 2'],
    ['… the second one hidden', 'SELECT 1;/**/DROP TABLE requests'],
    ['another database', 'SELECT * FROM other.zq9hidden'],
    ['… in quotes', 'SELECT * FROM `other`.`zq9hidden`'],
    ['… in a subquery', 'SELECT (SELECT any(a) FROM other.zq9hidden)'],
    ['… by merge()', "SELECT * FROM merge('other', '.*')"],
    ['… by a bound name', 'SELECT * FROM {d:Identifier}.zq9hidden'],
    ['… before SELECT', 'FROM other.zq9hidden SELECT *'],
    ['a file before SELECT', "FROM (SELECT file('SECRET') AS a) SELECT a"],
    ['… as a table', "FROM file('SECRET', 'TSV', 'a String') SELECT a"],
    ['writing a file after FROM', "FROM numbers(1) SELECT number INTO OUTFILE 'OUTFILE'"],
    ['settings after FROM', 'FROM numbers(1) SELECT number SETTINGS readonly = 0'],
    ['inserting after FROM', 'FROM requests INSERT INTO requests (model) SELECT model'],
    ['what others run, before SELECT', 'FROM system.processes SELECT query'],
    ['what others run', 'SELECT query FROM system.processes'],
    ['… in quotes', 'SELECT query FROM "system".`processes`'],
    ['… with blanks', 'SELECT query FROM system /* */ . processes'],
    ['… by SHOW', 'SHOW PROCESSLIST'],
    ['… by merge()', "SELECT * FROM merge('system', 'processes')"],
    ['server settings', 'SELECT * FROM system.server_settings'],
    ['where files lie, by SHOW', "SHOW TABLES WHERE data_paths[1] LIKE '/%'"],
    ['… in quotes', 'SHOW TABLES WHERE toInt8(`metadata_path`)'],
    ['… by COLUMNS', "SHOW TABLES WHERE toInt8(arrayStringConcat(COLUMNS('data_paths')))"],
    ['… by an asterisk', 'SHOW TABLES WHERE toInt8(toString(tuple(*)))'],
    ['… in parentheses', '(SHOW TABLES WHERE toInt8(data_paths[1]))'],
    ['stack traces', 'SELECT * FROM system.stack_trace'],
    ['grants', 'SHOW GRANTS'],
    ['inserting', 'INSERT INTO requests (model) VALUES (1)'],
    ['inserting a file', "INSERT INTO requests FROM INFILE 'SECRET' FORMAT CSV"],
    ['creating', 'CREATE TABLE t (a Int8) ENGINE = Memory'],
    ['… for the session', 'CREATE TEMPORARY TABLE t (a Int8)'],
    ['dropping', 'DROP TABLE requests'],
    ['truncating', 'TRUNCATE TABLE requests'],
    ['deleting', 'DELETE FROM requests WHERE 1'],
    ['altering', 'ALTER TABLE requests DELETE WHERE 1'],
    ['optimizing', 'OPTIMIZE TABLE requests FINAL'],
    ['backing up', "BACKUP DATABASE inferwatch TO File('OUTFILE')"],
    ['granting', 'GRANT ALL ON *.* TO default'],
    ['another user', 'EXECUTE AS default SELECT 1'],
    ['a user-defined function', 'CREATE FUNCTION f AS (x) -> x'],
    ['attaching', 'ATTACH TABLE requests'],
    ['detaching', 'DETACH TABLE requests'],
    ['a WITH that inserts', 'WITH x AS (SELECT 1) INSERT INTO requests (model) SELECT 1 FROM x'],
    ['the environment of the process', "SELECT file('/proc/self/environ')"],
    ['… as a table', "SELECT * FROM file('/proc/self/environ', 'RawBLOB', 'a String')"],
    ['a file by its path as a table', "SELECT * FROM 'SECRET'"],
    ['… in double quotes', 'SELECT * FROM "SECRET"'],
    ['… in the database of files', 'SELECT * FROM default.`SECRET`'],
    ['… described by its path', 'DESCRIBE TABLE `SECRET`'],
    ['tables of sessions', 'SELECT * FROM _temporary_and_external_tables.`a`'],
    ['a file in a CTE', "WITH a AS (SELECT file('SECRET') AS b) SELECT b FROM a"],
    ['… in a scalar WITH', "WITH file('SECRET') AS a SELECT a"],
    ['… in a subquery', "SELECT (SELECT (SELECT file('SECRET')))"],
    ['… in a view()', "SELECT * FROM view(SELECT file('SECRET'))"],
    ['… in a viewIfPermitted()', "SELECT * FROM viewIfPermitted(SELECT file('SECRET') AS a ELSE null('a String'))"],
    ['… in a UNION', "SELECT '' UNION ALL SELECT file('SECRET')"],
    ['… in ORDER BY', "SELECT 1 ORDER BY throwIf(1, file('SECRET'))"],
    ['… in LIMIT', "SELECT number FROM numbers(10) LIMIT length(file('SECRET'))"],
    ['… in an IN', "SELECT 'hunter2' IN (SELECT file('SECRET'))"],
    ['… in a default', "SELECT file('/nowhere', file('SECRET'))"],
    ['… in COLUMNS … APPLY', "SELECT COLUMNS('.*') APPLY file FROM (SELECT 'SECRET')"],
    ['… in EXPLAIN in FROM', "SELECT * FROM (EXPLAIN actions = 1 SELECT file('SECRET'))"],
    ['… in a window', "SELECT any(file('SECRET')) OVER ()"],
    ['… by an alias of the name', "WITH 'file' AS file SELECT file('SECRET')"],
    ['… in an array access', "SELECT [file('SECRET')][1]"],
    ['… in a ternary', "SELECT 1 ? file('SECRET') : ''"],
    ['… in a CASE', "SELECT CASE WHEN 1 THEN file('SECRET') END"],
    ['… through a lambda passed by name', "SELECT arrayMap(file, ['SECRET'])"],
    ['… behind a byte order mark', "\uFEFFSELECT file('SECRET')"],
    ['… behind a zero byte', "SELECT 1 \0 , file('SECRET')"],
    ['… with a blank that is none', "SELECT\u00a0file('SECRET')"],
    ['… in letters that look the same', "SELECT \uff46ile('SECRET')"],
    ['… behind a nested comment', "SELECT /* /* */ file('SECRET') /* */ */"],
    ['… behind a comment to the end of the text', "SELECT file('SECRET') /*"],
    ['… behind a carriage return', "SELECT 1 -- \r, file('SECRET')\n, file('SECRET')"],
    ['… in triple quotes', "SELECT '''', file('SECRET'), ''''"],
    ['… behind a hexadecimal string', "SELECT x'27', file('SECRET'), x'27'"],
    ['… behind a binary string', "SELECT b'0', file('SECRET'), b'0'"],
    ['catboost', "SELECT catboostEvaluate('SECRET', 1)"],
    ['a schema file', "SELECT 'hunter' AS a FORMAT Protobuf"],
    ['… in a list', "SELECT 'hunter' AS a FORMAT ProtobufList"],
    ['… in lower case', "SELECT 'hunter' AS a format protobuf"],
    ['a template file', "SELECT 1 FORMAT Template SETTINGS format_template_resultset = 'SECRET'"],
    ['a format schema', "SELECT 1 FORMAT CSV SETTINGS format_schema = 'SECRET'"],
    ['a schema in SETTINGS', "SELECT 1 AS a FORMAT CSV SETTINGS output_format_schema = 'OUTFILE'"],
    ['settings before the format', 'SELECT 1 SETTINGS max_execution_time = 0 FORMAT CSV'],
    ['settings in a subquery', 'SELECT * FROM (SELECT 1 SETTINGS max_threads = 64)'],
    ['settings in a CTE', 'WITH a AS (SELECT 1 SETTINGS readonly = 0) SELECT * FROM a'],
    ['settings in a scalar subquery', 'SELECT (SELECT 1 SETTINGS max_rows_to_read = 0)'],
    ['settings without a value', 'SELECT * FROM (SELECT 1 SETTINGS allow_ddl)'],
    ['settings right behind a number', 'SELECT * FROM (SELECT 1.SETTINGS max_threads = 64)'],
    ['settings behind a column of that name', 'SELECT * FROM (SELECT 1 AS a ORDER BY a.1 SETTINGS max_threads = 64)'],
    ['settings behind that table', 'SELECT * FROM (SELECT * FROM system.settings SETTINGS max_threads = 64)'],
    ['settings of EXPLAIN', 'EXPLAIN SELECT 1 SETTINGS readonly = 0'],
    ['input()', "SELECT * FROM input('a String')"],
    ['files of a cluster', "SELECT * FROM fileCluster('default', 'SECRET', 'TSV', 'a String')"],
    ['HDFS', "SELECT * FROM hdfs('OUTSIDE/a', 'TSV', 'a String')"],
    ['Azure', "SELECT * FROM azureBlobStorage('OUTSIDE', 'a', 'b')"],
    ['Google', "SELECT * FROM gcs('OUTSIDE/a/b')"],
    ['PostgreSQL', "SELECT * FROM postgresql('OUTSIDE', 'a', 'b', 'c', 'd')"],
    ['MongoDB', "SELECT * FROM mongodb('OUTSIDE', 'a', 'b', 'c', 'd', 'e String')"],
    ['Redis', "SELECT * FROM redis('OUTSIDE', 'a', 'a String')"],
    ['ODBC', "SELECT * FROM odbc('DSN=a', 'b', 'c')"],
    ['JDBC', "SELECT * FROM jdbc('OUTSIDE', 'b', 'c')"],
    ['Iceberg', "SELECT * FROM icebergLocal('SECRET')"],
    ['Delta Lake', "SELECT * FROM deltaLakeLocal('SECRET')"],
    ['a file system', "SELECT * FROM filesystem('/')"],
    ['a cluster', "SELECT * FROM cluster('default', system.processes)"],
    ['all replicas', "SELECT * FROM clusterAllReplicas('default', system.processes)"],
    ['a loop without end', 'SELECT * FROM loop(requests)'],
    ['a loop over numbers', 'SELECT * FROM loop(numbers(3))'],
    ['a dictionary', "SELECT * FROM dictionary('a')"],
    ['an index', "SELECT * FROM mergeTreeIndex('other', 'zq9hidden')"],
    ['random rows', "SELECT * FROM generateRandom('a String')"],
    ['random queries', "SELECT * FROM fuzzQuery('SELECT 1')"],
    ['the plan of a query as a table', "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))"],
    ['distances that take days', "SELECT editDistance(repeat('a', 65000), repeat('b', 65000)) FROM numbers(1000)"],
    ['… by APPLY', "SELECT * APPLY(x -> levenshteinDistance(x, x)) FROM (SELECT repeat('a', 65000))"],
    ['… of arrays', 'SELECT arrayLevenshteinDistance(range(100000), range(100000))'],
    ['asking a model', "SELECT aiGenerate('a', 'b')"],
    ['asking a model, in capitals', "SELECT AIGenerate('a', 'b')"],
    ['a setting of the server', "SELECT getServerSetting('max_server_memory_usage')"],
    ['the code of the server', 'SELECT demangle(addressToSymbol(1))'],
    ['another table described', 'DESCRIBE other.zq9hidden'],
    ['another table shown', 'SHOW CREATE TABLE other.zq9hidden'],
    ['whether another table is there', 'EXISTS TABLE other.zq9hidden'],
    ['another table explained', 'EXPLAIN PLAN SELECT * FROM other.zq9hidden'],
    ['another table joined', 'SELECT * FROM numbers(1) AS a JOIN other.zq9hidden AS b ON 1'],
    ['another table in IN', "SELECT 'hunter2' IN other.zq9hidden"],
    ['users', 'SHOW USERS'],
    ['a user', 'SHOW CREATE USER default'],
    ['roles', 'SHOW ROLES'],
    ['access', 'SHOW ACCESS'],
    ['profiles', 'SHOW SETTINGS PROFILES'],
    ['a bound name of a system table', 'SELECT * FROM system.{t:Identifier}'],
    ['a bound name of a database', 'SELECT query FROM {s:Identifier}.processes'],
    ['a bound name with blanks', 'SELECT query FROM { s : Identifier }.processes'],
    ['a system table through a comma', 'SELECT * FROM system.one, system.processes'],
    ['a system table in IN', "SELECT 'a' IN (SELECT query FROM system.processes)"],
    ['parts on the disk', 'SELECT path FROM system.parts'],
    ['disks', 'SELECT path FROM system.disks'],
    ['queries that ran', 'SELECT query FROM system.query_log'],
    ['an empty SET', 'SET'],
    ['a bound value by SET', "SET param_a = 'b'"],
    ['a role by name', 'SET ROLE inferwatch_admin'],
    ['a transaction', 'BEGIN TRANSACTION'],
    ['waiting for a mutation', 'KILL MUTATION WHERE 1'],
    ['a statement in another language', 'print 1'],
    ['a check of a table', 'CHECK TABLE other.zq9hidden'],
    ['the engine’s help', 'help'],
    ['an expression alone', "file('SECRET')"],
    ['nothing', ''],
    ['blanks and comments alone', ' /* a */ -- b'],
    ['a semicolon alone', ';'],
    ['an unclosed comment', 'SELECT 1 /*'],
    ['an unclosed string', "SELECT 'a"],
  ]
  test.each(attacks)('%s', async (_, sql) => {
    const port = (outside.address() as AddressInfo).port
    const attack = sql
      .replaceAll('SECRET', secret)
      .replaceAll("OUTFILE'", `${outfile}'`)
      .replaceAll('OUTSIDE', `http://127.0.0.1:${port}`)
    const { status, text } = await ask(attack, { param_d: 'other', param_s: 'system', param_t: 'processes' })
    expect({ status, text }).toMatchObject({
      status: expect.any(Number),
      text: expect.stringMatching(/^Code: \d+\. DB::Exc/),
    })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(text).not.toContain('hunter2')
    expect(existsSync(outfile)).toBe(false)
    expect(calls).toBe(0)
  })

  test('a statement that grows when unpacked', async () => {
    const body = gzipSync(Buffer.alloc(50_000_000, ' '))
    const response = await fetch(`${storage.url}/?user=reader`, {
      method: 'POST',
      body,
      headers: { 'content-encoding': 'gzip' },
    })
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('longer than 1048576 bytes'),
    ])
  })

  test('a schema that the engine would write beside the result', async () => {
    for (const format of ['Protobuf', 'ProtobufSingle', 'ProtobufList', 'Template', 'CSV']) {
      await ask('SELECT 1 AS a', { default_format: format, output_format_schema: outfile, format_schema: outfile })
      await ask(`SELECT 1 AS a FORMAT ${format}`, { output_format_schema: outfile })
      expect([format, existsSync(outfile)]).toEqual([format, false])
    }
  })

  test('a statement in two halves: the address and the body', async () => {
    const halves: [string, string][] = [
      ["SELECT '", "', file('SECRET'), '"],
      ['SELECT 1 --', "\n, file('SECRET')"],
      ['SELECT 1 /*', "*/, file('SECRET')"],
      ['SELECT', "file('SECRET')"],
      ['SELECT fi/*', "*/le('SECRET')"],
      ['SELECT 1;', 'DROP TABLE requests'],
      ['', "SELECT 1 INTO OUTFILE 'OUTFILE'"],
    ]
    for (const [query, sql] of halves) {
      const { status, text } = await ask(sql.replace('SECRET', secret).replace('OUTFILE', outfile), { query })
      expect([query, status]).toEqual([query, expect.toSatisfy((code: number) => code >= 400)])
      expect(text).not.toContain('hunter2')
    }
    expect(existsSync(outfile)).toBe(false)
  })

  test('a form with tables of its own', async () => {
    const form = new FormData()
    form.set('query', 'SELECT * FROM mine')
    form.set('mine', new Blob(['1\n']), 'mine.tsv')
    form.set('mine_structure', 'a Int8')
    const response = await fetch(`${storage.url}/?user=reader`, { method: 'POST', body: form })
    expect([response.status, await response.text()]).toEqual([
      501,
      expect.stringContaining('external tables are not supported: mine'),
    ])
  })

  test('what others run is in no answer, nor are names of their tables', async () => {
    const control = new AbortController()
    const secretQuery = storage.db
      .query(
        "SELECT sum(sleepEachRow(0.5)), 'whisper' FROM numbers(100) SETTINGS max_block_size = 1",
        {},
        { signal: control.signal },
      )
      .catch(() => null)
    const running = () =>
      storage.db.query(
        "SELECT 1 FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'",
      )
    await expect.poll(running).toHaveLength(1)
    const tables = await storage.db.query<{ name: string }>("SELECT name FROM system.tables WHERE database = 'system'")
    let readable = 0
    for (const { name } of tables) {
      const limit = name.startsWith('numbers') || name.startsWith('zeros') || name === 'primes' ? ' LIMIT 10' : ''
      const { status, text } = await ask(`SELECT * FROM system.${name}${limit} FORMAT TSV`)
      if (status === 200) readable++
      for (const canary of ['hunter2', 'whisper', 'zq9hidden'])
        expect([name, text.includes(canary)]).toEqual([name, false])
    }
    control.abort()
    await secretQuery
    expect(readable).toBeGreaterThan(10)
  })

  test('a format that is more than a name', async () => {
    expect(await ask('SELECT 1', { default_format: `TSV INTO OUTFILE '${outfile}'` })).toMatchObject({ status: 400 })
    expect(existsSync(outfile)).toBe(false)
  })

  test('what the engine cannot parse is not run in any form', async () => {
    const { status, text } = await ask('SELECT 1 FORMAT Null FORMAT TSV')
    expect([status, text]).toEqual([
      400,
      expect.stringMatching(/^Code: 62\. DB::Exception: Syntax error.*\(SYNTAX_ERROR\) \(version/s),
    ])
  })

  test('a word that begins no statement is a mistake, not a lack of privileges', async () => {
    for (const sql of ['SELEC 1', 'selct model from requests', '', ' -- nothing', ';']) {
      expect(await ask(sql)).toMatchObject({
        status: 400,
        text: expect.stringMatching(/^Code: 62\. .*\(SYNTAX_ERROR\)/),
      })
    }
    expect((await ask('a'.repeat(100_000))).text.length).toBeLessThan(1000)
    expect(await ask('insert into requests values (1)')).toMatchObject({ status: 403 })
  })

  test('another database in the URL', async () => {
    expect(await ask('SELECT 1', { database: 'other' })).toMatchObject({ status: 403 })
    expect(await ask('SELECT 1', { database: 'system' })).toMatchObject({ status: 403 })
  })

  test('lifting limits in the URL: settings are capped or ignored', async () => {
    const wishes = {
      readonly: '0',
      max_execution_time: '0',
      max_result_rows: '0',
      max_memory_usage: '0',
      max_threads: '64',
    }
    const names = Object.keys(wishes).map((name) => `'${name}'`)
    const sql = `SELECT name, value FROM system.settings WHERE name IN (${names.join(',')}) ORDER BY name`
    expect(await ask(sql, wishes)).toEqual({
      status: 200,
      text: 'max_execution_time\t30\nmax_memory_usage\t1000000000\nmax_result_rows\t1000000\nmax_threads\t2\nreadonly\t1\n',
    })
    expect(await ask('SELECT 1', { allow_experimental_eval_table_function: '1' })).toMatchObject({ status: 200 })
  })

  test('more rows than the limit: an error, not a part', async () => {
    const sql = 'SELECT number FROM numbers(2000000)'
    const { status, text } = await ask(sql, { wait_end_of_query: '1' })
    expect(status).toBe(500)
    expect(text.slice(0, 40)).toContain('Code: 396')
    await expect(ask(sql)).rejects.toThrow('terminated')
  })

  test('a failed query leaks into no answer of another user, however they are mixed', async () => {
    const failing = "SELECT concat('mine', toString(number)), throwIf(number = 150000) FROM numbers(200000)"
    const rounds = Array.from({ length: 12 }, async (_, i) => {
      const answers = await Promise.all([
        ask(failing, { wait_end_of_query: '1' }),
        // With a status or broken off, as far as it came.
        ask(failing).then(
          ({ status }) => (status === 500 ? 'failed' : status),
          () => 'failed',
        ),
        storage.db.query(failing).catch(() => []),
        ask('SELECT {n:UInt32}', { param_n: String(i) }),
        storage.db.query('SELECT {n:UInt32} AS n', { n: i }),
      ])
      expect(answers).toEqual([
        { status: 500, text: expect.stringMatching(/^Code: 395/) },
        'failed',
        [],
        { status: 200, text: `${i}\n` },
        [{ n: i }],
      ])
    })
    await Promise.all(rounds)
  })

  test('nothing was written or stopped by any of it', async () => {
    expect(readFileSync(secret, 'utf8')).toBe('hunter2\n')
    expect(await databaseState()).toEqual(before)
  })
})

describe('answered', () => {
  const queries: [string, string][] = [
    ['SELECT 1', '1\n'],
    [
      "SELECT 'file(1)', 'INTO OUTFILE', 'it''s', 'a\\'b; SELECT 2'",
      "file(1)\tINTO OUTFILE\tit\\'s\ta\\'b; SELECT 2\n",
    ],
    ['SELECT 1; -- done', '1\n'],
    ['WITH x AS (SELECT 2 AS y) SELECT y FROM x', '2\n'],
    ['SELECT a.n FROM (SELECT 1 AS n) AS a JOIN (SELECT 1 AS n) AS b USING n', '1\n'],
    ['FROM requests SELECT count()', '0\n'],
    ['-- first\nFROM numbers(2) SELECT number, currentUser()', '0\treader\n1\treader\n'],
    ['(SELECT 1) UNION ALL (SELECT 1)', '1\n1\n'],
    ['SELECT count() FROM requests WHERE timestamp > now() - INTERVAL 1 HOUR', '0\n'],
    ['SELECT count() FROM inferwatch.spans', '0\n'],
    ["SELECT count() FROM targets WHERE url LIKE '%/metrics'", '0\n'],
    ['SELECT url FROM targets', ''],
    ['SELECT sum(number) FROM numbers(10)', '45\n'],
    ["SELECT * FROM values('a Int8', 1, 2)", '1\n2\n'],
    ["SELECT format('{}-{}', 'a', 'b')", 'a-b\n'],
    ['EXISTS TABLE requests', '1\n'],
    ['SHOW DATABASES', 'inferwatch\n'],
    ["SHOW TABLES LIKE 'requests'", 'requests\n'],
    ['SELECT name FROM system.databases', 'inferwatch\n'],
    ['SELECT currentDatabase()', 'inferwatch\n'],
    ["SELECT count() > 0 FROM information_schema.columns WHERE table_name = 'requests'", '1\n'],
    ['SELECT {n:UInt8} + 1', '43\n'],
    ['SELECT {s:String}', "it\\'s\\n\n"],
  ]
  test.each(queries)('%s', async (sql, expected) => {
    expect(await ask(sql, { param_n: '42', param_s: "it\\'s\\n" })).toEqual({ status: 200, text: expected })
  })

  test.each([
    'EXPLAIN SELECT * FROM requests',
    'EXPLAIN indexes = 1 SELECT * FROM requests WHERE timestamp > now()',
    'DESCRIBE requests',
    'DESCRIBE TABLE inferwatch.requests',
    'SHOW CREATE TABLE requests',
    'SHOW COLUMNS FROM requests',
    'SELECT name, value, readonly FROM system.settings LIMIT 10000',
    'SELECT version(), timezone()',
    'SELECT name FROM system.functions UNION ALL SELECT name FROM system.table_functions LIMIT 10000',
    'SELECT currentUser() AS user, timezone() AS timezone, version() AS version LIMIT 1',
    "SELECT * FROM system.columns WHERE database = 'inferwatch'",
  ])('%s', async (sql) => {
    const { status, text } = await ask(sql)
    expect({ status, text: text.slice(0, 20) }).toEqual({ status: 200, text: expect.stringMatching(/\S/) })
  })

  describe('where files lie on the disk is not told', () => {
    const paths = 'toString((data_paths, metadata_path))'
    const hidden = "([],\\'\\')\n"
    test.each([
      [`SELECT DISTINCT ${paths} FROM system.tables`, hidden],
      [`SELECT DISTINCT ${paths} FROM "system" /* */ . \`tables\` AS t`, hidden],
      ['SELECT any(system.tables.metadata_path) FROM system.tables WHERE system.tables.database != tables.name', '\n'],
      ["SELECT any(COLUMNS('^data_p')) FROM system.tables t", '[]\n'],
      ['SELECT data_path, metadata_path FROM system.databases', '\t\n'],
      ["WITH x AS (SELECT * FROM system.databases) SELECT d.data_path FROM x AS d WHERE d.name = 'inferwatch'", '\n'],
      [
        'SELECT any(t.data_paths), any(data_path) FROM system.tables t JOIN system.databases ON t.database = databases.name',
        '[]\t\n',
      ],
      ['SELECT count() > 0 FROM system.tables LEFT JOIN numbers(1) AS n ON 1', '1\n'],
      [
        'SELECT any(system.tables.data_paths) FROM system.tables AS `t` JOIN system.databases d ON system.tables.database = system.databases.name',
        '[]\n',
      ],
      ['FROM system.databases SELECT data_path, databases.name', '\tinferwatch\n'],
      ['SELECT count(*) FROM system.databases;', '1\n'],
    ])('%s', async (sql, expected) => {
      expect(await ask(sql)).toEqual({ status: 200, text: expected })
    })

    test('in any table that can be read', async () => {
      const names = (await ask("SELECT concat(database, '.', name) FROM system.tables WHERE database != 'other'")).text
      const system = 'one tables columns databases functions table_functions settings formats build_options completions'
      const all = [...names.trim().split('\n'), ...system.split(' ').map((name) => `system.${name}`)]
      expect(all).toContain('inferwatch.requests')
      for (const name of [...all, 'information_schema.tables', 'information_schema.schemata']) {
        const { status, text } = await ask(`SELECT * FROM ${name} FORMAT TSVRaw`)
        expect({ name, status, told: text.includes(storage.data_dir) }).toEqual({ name, status: 200, told: false })
      }
    })

    test('nor by what the engine makes of a text that cannot be read without them', async () => {
      for (const sql of [
        'WITH system.tables AS x SELECT toInt8(data_paths[1]) FROM x',
        'DESCRIBE (SELECT (SELECT toInt8(data_paths[1]) FROM system.tables LIMIT 1))',
        'SHOW TABLES WHERE name IN (SELECT toString(toInt8(arrayJoin(COLUMNS(1)))) FROM system.tables)',
      ]) {
        const { status, text } = await ask(sql)
        expect({ sql, failed: status >= 400, told: text.includes(storage.data_dir) }).toEqual({
          sql,
          failed: true,
          told: false,
        })
      }
    })
  })

  test('corrected rows are seen once, without asking for FINAL', async () => {
    const row = { timestamp: new Date(0), trace_id: 't', span_id: 's' }
    await storage.db.insert('requests', [{ ...row, model: 'old', version: 1 }])
    await storage.db.insert('requests', [{ ...row, model: 'new', version: 2 }])
    expect(await ask("SELECT model FROM requests WHERE trace_id = 't'")).toEqual({ status: 200, text: 'new\n' })
  })

  test('bound values and settings of one query are not there in the next', async () => {
    await ask('SELECT {x:String}', { param_x: 'mine' })
    expect(await ask('SELECT {x:String}')).toMatchObject({ status: 400, text: expect.stringContaining('Code: 456') })
  })
})
