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
  await storage.db.command('CREATE TABLE other.hidden (a String) ENGINE = MergeTree ORDER BY a')
  await storage.db.command("INSERT INTO other.hidden VALUES ('hunter2')")
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
    ['another database', 'SELECT * FROM other.hidden'],
    ['… in quotes', 'SELECT * FROM `other`.`hidden`'],
    ['… in a subquery', 'SELECT (SELECT any(a) FROM other.hidden)'],
    ['… by merge()', "SELECT * FROM merge('other', '.*')"],
    ['… by a bound name', 'SELECT * FROM {d:Identifier}.hidden'],
    ['what others run', 'SELECT query FROM system.processes'],
    ['… in quotes', 'SELECT query FROM "system".`processes`'],
    ['… with blanks', 'SELECT query FROM system /* */ . processes'],
    ['… by SHOW', 'SHOW PROCESSLIST'],
    ['… by merge()', "SELECT * FROM merge('system', 'processes')"],
    ['server settings', 'SELECT * FROM system.server_settings'],
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
    ['nothing', ''],
    ['an unclosed string', "SELECT 'a"],
  ]
  test.each(attacks)('%s', async (_, sql) => {
    const port = (outside.address() as AddressInfo).port
    const attack = sql
      .replaceAll('SECRET', secret)
      .replaceAll("OUTFILE'", `${outfile}'`)
      .replaceAll('OUTSIDE', `http://127.0.0.1:${port}`)
    const { status, text } = await ask(attack, { param_d: 'other' })
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
    const { status, text } = await ask('SELECT number FROM numbers(2000000)')
    expect(status).toBe(500)
    expect(text.slice(0, 40)).toContain('Code: 396')
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
