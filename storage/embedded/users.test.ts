/** Users of the configuration: who gets in, and what stops each of their queries. */
import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clickhouseConfig } from '../config.ts'
import { testStorage } from '../testing.ts'

const passwordOf = (name: string) => `the password of ${name}`
const user = (name: string, more: object = {}) => ({
  name,
  password_sha256: createHash('sha256').update(passwordOf(name)).digest('hex'),
  ...more,
})

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  const users = [
    user('anna'),
    user('etl', { role: 'writer', limits: { max_rows_to_read: 1000 } }),
    user('hasty', { limits: { max_execution_time: 1 } }),
    user('small', { limits: { max_memory_usage: 20_000_000 } }),
    user('shallow', { limits: { max_rows_to_read: 1000 } }),
    user('narrow', { limits: { max_result_rows: 10 } }),
    user('thin', { limits: { max_result_bytes: 1000 } }),
    user('single', { limits: { max_concurrent_queries: 1 } }),
    user('three', { quota: { queries_per_hour: 3 } }),
    user('rows', { quota: { read_rows_per_hour: 50_000_000 } }),
    user('quick', { quota: { read_rows_per_hour: 1_000_000 } }),
    user('forger', { quota: { read_rows_per_hour: 1_000_000 } }),
    user('second', { quota: { execution_time_per_hour: 1 } }),
  ]
  storage = await testStorage({ clickhouse: clickhouseConfig.parse({ users }) })
})
afterAll(() => storage.stop())

interface Answer {
  status: number
  code: string | null
  text: string
}

async function ask(name: string, sql: string, init: { password?: string; signal?: AbortSignal } = {}): Promise<Answer> {
  const { password = passwordOf(name), ...rest } = init
  const headers = { authorization: `Basic ${btoa(`${name}:${password}`)}` }
  const response = await fetch(storage.url, { method: 'POST', body: sql, headers, ...rest })
  const code = response.headers.get('x-clickhouse-exception-code')
  return { status: response.status, code, text: await response.text() }
}

describe('who gets in', () => {
  test('by basic auth, by headers and by parameters', async () => {
    const key = passwordOf('anna')
    const ways: [string, HeadersInit][] = [
      ['', { authorization: `Basic ${btoa(`anna:${key}`)}` }],
      ['', { 'x-clickhouse-user': 'anna', 'x-clickhouse-key': key }],
      [`&${new URLSearchParams({ user: 'anna', password: key })}`, {}],
    ]
    for (const [query, headers] of ways) {
      const response = await fetch(`${storage.url}/?query=SELECT+1${query}`, { headers })
      expect([response.status, await response.text()]).toEqual([200, '1\n'])
    }
  })

  test('a wrong password and a wrong name get the same answer', async () => {
    const wrong = await ask('anna', 'SELECT 1', { password: 'guess' })
    expect(wrong).toEqual({
      status: 403,
      code: '516',
      text: expect.stringMatching(
        /^Code: 516\. DB::Exception: anna: Authentication failed: password is incorrect, or there is no user with such name\. \(AUTHENTICATION_FAILED\) \(version .+\)\n$/,
      ),
    })
    const nobody = await ask('bert', 'SELECT 1', { password: 'guess' })
    expect({ ...nobody, text: nobody.text.replace('bert', 'anna') }).toEqual(wrong)
    expect(await ask('anna', 'SELECT 1', { password: '' })).toMatchObject({ status: 401, code: '194' })
  })

  test('the hash is not the password', async () => {
    expect(await ask('anna', 'SELECT 1', { password: user('anna').password_sha256 })).toMatchObject({ code: '516' })
  })

  test('a reader of the configuration reads and no more; a writer writes', async () => {
    expect(await ask('anna', 'SELECT count() FROM requests')).toMatchObject({ status: 200, text: '0\n' })
    expect(await ask('anna', 'TRUNCATE TABLE requests')).toMatchObject({ status: 403, code: '497' })
    expect(await ask('anna', "SELECT file('/etc/passwd')")).toMatchObject({ status: 403, code: '497' })
    expect(await ask('etl', 'CREATE TABLE made (a Int8) ENGINE = Memory')).toMatchObject({ status: 200 })
    expect(await ask('etl', 'DROP TABLE made')).toMatchObject({ status: 200 })
  })

  test('a role that one has may be named, another may not', async () => {
    const as = (role: string) => fetch(`${storage.url}/?query=SELECT+1&role=${role}`)
    expect((await as('reader')).status).toBe(200)
    const other = await as('writer')
    expect([other.status, other.headers.get('x-clickhouse-exception-code')]).toEqual([403, '512'])
  })
})

describe('currentUser() is who asks', () => {
  test.each([
    ['SELECT currentUser()', 'currentUser()', 'anna'],
    ['SELECT currentUser() AS user, version() = version() AS same', 'user\tsame', 'anna\t1'],
    ['SELECT user ( ), CURRENT_USER(), `currentUser`()', 'user()\tCURRENT_USER()\tcurrentUser()', 'anna\tanna\tanna'],
    [
      "SELECT concat(currentUser(), '!') FROM numbers(1) GROUP BY currentUser()",
      "concat(currentUser(), \\'!\\')",
      'anna!',
    ],
    ["SELECT 'currentUser()' AS text, 1 /* currentUser() */ AS one -- currentUser()", 'text\tone', 'currentUser()\t1'],
    [
      "WITH currentUser() AS me SELECT me, (SELECT currentUser()) = me AS same WHERE currentUser() = 'anna'",
      'me\tsame',
      'anna\t1',
    ],
    ['SELECT user FROM (SELECT 1 AS user)', 'user', '1'],
    ['#! of a file\n# one\nSELECT currentUser()', 'currentUser()', 'anna'],
  ])('%s', async (sql, names, values) => {
    expect(await ask('anna', `${sql}\nFORMAT TSVWithNames`)).toMatchObject({
      status: 200,
      text: `${names}\n${values}\n`,
    })
  })

  test('whoever asked before, and beside values of the query', async () => {
    for (const name of ['anna', 'etl', 'single', 'anna'])
      expect(await ask(name, 'SELECT currentUser()')).toMatchObject({ text: `${name}\n` })
    const query = new URLSearchParams({ user: 'anna', password: passwordOf('anna'), param_x: 'hello' })
    const sql = 'SELECT {x:String}, currentUser(), {inferwatch_current_user:String}'
    const response = await fetch(`${storage.url}/?${query}&param_inferwatch_current_user=etl`, {
      method: 'POST',
      body: sql,
    })
    expect(await response.text()).toBe('hello\tanna\tanna\n')
  })

  test('opens no way around the gate, and moves no place of a mistake', async () => {
    expect(await ask('anna', 'SELECT * FROM url currentUser()')).toMatchObject({ status: 403, code: '497' })
    const mistake = 'SELECT 1 +, currentUser()'
    expect((await ask('anna', mistake)).text).toContain('position 13 (currentUser): currentUser()')
    expect((await ask('etl', mistake)).text).toContain('(currentUser): currentUser()')
  })

  test('in rows that a query stores it is who stores them', async () => {
    const sql = [
      'CREATE TABLE whose (name String) ENGINE = Memory',
      'INSERT INTO whose SELECT currentUser()',
      '/* rows */ INSERT INTO whose FORMAT TSV\nSELECT user() /* as it is */',
    ]
    for (const one of sql) expect(await ask('etl', one)).toMatchObject({ status: 200 })
    const stored = 'SELECT user() /* as it is */\netl\n'
    expect(await ask('etl', 'SELECT name FROM whose ORDER BY name')).toMatchObject({ text: stored })
    expect(await ask('etl', 'DROP TABLE whose')).toMatchObject({ status: 200 })
  })

  test('in what a writer defines it is whoever reads', async () => {
    expect(await ask('etl', 'CREATE VIEW whoever AS SELECT currentUser() AS name')).toMatchObject({ status: 200 })
    expect(await ask('etl', 'DROP VIEW whoever')).toMatchObject({ status: 200 })
  })
})

describe('queryID() is the id of the query', () => {
  const askAs = async (query_id: string, sql: string) => {
    const query = new URLSearchParams({ user: 'anna', password: passwordOf('anna'), query_id })
    const answer = await fetch(`${storage.url}/?${query}`, { method: 'POST', body: sql })
    return { text: await answer.text(), id: answer.headers.get('x-clickhouse-query-id') }
  }

  test.each(['queryID()', 'initialQueryID()', 'query_id()', 'INITIAL_QUERY_ID()', '`queryID` ( )'])(
    '%s',
    async (call) => {
      for (const id of ['abc', 'def']) expect(await askAs(id, `SELECT ${call}`)).toEqual({ text: `${id}\n`, id })
    },
  )

  test('whatever stands in it, also beside who asks', async () => {
    const { text } = await askAs("it's\t{a}\\n\n", 'SELECT currentUser(), queryID() FORMAT JSONCompactColumns')
    expect(JSON.parse(text)).toEqual([['anna'], ["it's\t{a}\\n\n"]])
  })

  test('the one that the answer names, where the client chose none', async () => {
    const { text, id } = await askAs('', 'SELECT queryID() FROM numbers(1)')
    expect(text).toBe(`${id}\n`)
  })

  test('columns of that name stay what they are', async () => {
    expect(await ask('anna', 'SELECT query_id, queryID FROM (SELECT 1 AS query_id, 2 AS queryID)')).toMatchObject({
      text: '1\t2\n',
    })
  })
})

describe('limits of each query', () => {
  test.each<[string, string, number, string]>([
    ['hasty', 'SELECT count() FROM numbers(1e12) WHERE NOT ignore(cityHash64(number))', 408, '159'],
    ['small', 'SELECT groupArray(toString(number)) FROM numbers(10000000)', 500, '241'],
    ['shallow', 'SELECT sum(number) FROM numbers(100000)', 500, '158'],
    ['etl', 'SELECT sum(number) FROM numbers(100000)', 500, '158'],
    ['narrow', 'SELECT number FROM numbers(11)', 500, '396'],
    ['thin', 'SELECT repeat(toString(number), 2000) FROM numbers(2)', 500, '396'],
  ])('%s: %s', async (name, sql, status, code) => {
    expect(await ask(name, sql)).toMatchObject({ status, code })
    expect(await ask(name, 'SELECT 1')).toEqual({ status: 200, code: null, text: '1\n' })
  })

  test.each([
    ['a constant', "SELECT repeat('a', 2000) FROM numbers(900)"],
    ['a dictionary', "SELECT toLowCardinality(repeat('a', 2000)) FROM numbers(900)"],
    ['no table', "SELECT arrayJoin(range(900)), repeat('a', 2000)"],
  ])('bytes of a result are those that leave, also of what the engine holds once: %s', async (_, sql) => {
    const of = async (max_result_bytes: number) => {
      const query = new URLSearchParams({ user: 'anna', password: passwordOf('anna') })
      const url = `${storage.url}/?${query}&max_result_bytes=${max_result_bytes}`
      const answer = await fetch(url, { method: 'POST', body: sql })
      return [answer.status, answer.headers.get('x-clickhouse-exception-code'), (await answer.text()).length]
    }
    expect(await of(100_000)).toEqual([500, '396', expect.any(Number)])
    expect(await of(2_000_000)).toEqual([200, null, expect.any(Number)])
  })

  test('a result that turns out too large while it leaves ends with the error', async () => {
    const sql = "SELECT repeat('a', 2000) FROM numbers(100000)"
    const query = new URLSearchParams({ user: 'anna', password: passwordOf('anna'), max_result_bytes: '4000000' })
    const text = await new Promise<string>((resolve) => {
      let seen = ''
      const answered = (answer: IncomingMessage) =>
        answer.on('data', (part: Buffer) => (seen += part.toString())).once('close', () => resolve(seen))
      httpRequest(`${storage.url}/?${query}`, { method: 'POST' }, answered).end(sql)
    })
    expect(text.length).toBeLessThan(4_100_000)
    expect(text).toMatch(/__exception__\r\n\w{16}\r\nCode: 396\..*\(TOO_MANY_ROWS_OR_BYTES\)/)
  })

  test('asking for more changes nothing, asking for less does', async () => {
    const query = new URLSearchParams({ user: 'narrow', password: passwordOf('narrow'), max_result_rows: '1000' })
    const more = await fetch(`${storage.url}/?${query}`, { method: 'POST', body: 'SELECT number FROM numbers(11)' })
    expect(more.headers.get('x-clickhouse-exception-code')).toBe('396')
    query.set('max_result_rows', '2')
    const less = await fetch(`${storage.url}/?${query}`, { method: 'POST', body: 'SELECT number FROM numbers(3)' })
    expect(less.headers.get('x-clickhouse-exception-code')).toBe('396')
  })

  const slow = 'SELECT count() FROM numbers(1e12) WHERE NOT ignore(sipHash64(number))'
  const running = (what: string) =>
    storage.db.query<{ query: string }>(
      `SELECT query FROM system.processes WHERE query LIKE '%${what}%' AND query NOT LIKE '%processes%'`,
    )

  test('one at a time: the second waits, forty more wait, one more is refused, and others are served meanwhile', async () => {
    const control = new AbortController()
    const go = () => ask('single', slow, { signal: control.signal }).catch(() => null)
    const first = go()
    await expect.poll(() => running('sipHash64')).toHaveLength(1)
    const waiting = Array.from({ length: 40 }, go)
    await expect.poll(() => ask('single', 'SELECT 1'), { interval: 200 }).toMatchObject({ status: 503, code: '202' })
    expect(await running('sipHash64')).toHaveLength(1)
    expect(await ask('anna', 'SELECT 1')).toMatchObject({ status: 200 })
    control.abort()
    await Promise.all([first, ...waiting])
    await expect.poll(() => running('sipHash64')).toEqual([])
    expect(await ask('single', 'SELECT 1')).toMatchObject({ status: 200 })
  })

  test('burners of one user are stopped, and others are served meanwhile', async () => {
    const burning = Array.from({ length: 6 }, () => ask('hasty', slow))
    await expect.poll(async () => (await running('sipHash64')).length).toBeGreaterThan(0)
    expect(await ask('anna', 'SELECT 1')).toMatchObject({ status: 200, text: '1\n' })
    for (const answer of await Promise.all(burning)) expect(answer).toMatchObject({ status: 408, code: '159' })
  })
})

describe('quotas of an hour', () => {
  test('queries, failed ones too', async () => {
    await ask('three', 'SELECT 1')
    await ask('three', 'SELECT nope')
    await ask('three', 'DROP TABLE requests')
    expect(await ask('three', 'SELECT 1')).toEqual({
      status: 500,
      code: '201',
      text: expect.stringMatching(
        /Quota for user three for 3600s has been exceeded: queries = 3\/3\. .*\(QUOTA_EXCEEDED\)/,
      ),
    })
    expect(await ask('anna', 'SELECT 1')).toMatchObject({ status: 200 })
  })

  test('rows read: none of more than are left, and none when they are gone', async () => {
    expect(await ask('rows', 'SELECT sum(number) FROM numbers(60000000)')).toMatchObject({ code: '158' })
    const scan = 'SELECT sum(cityHash64(number)) AS a FROM numbers(45000000) FORMAT JSONCompact'
    expect(await ask('rows', scan)).toMatchObject({ status: 200 })
    expect(await ask('rows', scan)).toMatchObject({ code: '158' })
    // What is left is read, and then even the smallest query is refused.
    for (const size of [1e6, 1e5, 1e4, 1e3, 1e2, 10, 1]) {
      const some = `SELECT max(number) FROM numbers(${size}) FORMAT JSON`
      await expect.poll(() => ask('rows', some), { interval: 1 }).toMatchObject({ status: 500 })
    }
    expect(await ask('rows', 'SELECT 1')).toMatchObject({ status: 500, code: '201' })
  })

  test.each([
    ['quick', 'SELECT sum(number) FROM numbers(90000)'],
    [
      'forger',
      `SELECT sum(number) > 0 ? '"rows_read":1,"bytes_read":1}}' : '' FROM numbers(90000) FORMAT TSV -- FORMAT JSON`,
    ],
  ])('rows of queries that end before anybody looks at them: %s', async (name, sql) => {
    const statuses: number[] = []
    for (let round = 0; round < 24; round++) statuses.push((await ask(name, sql)).status)
    expect(statuses[0]).toBe(200)
    expect(statuses.at(-1)).toBe(500)
    expect((await ask(name, sql)).code).toMatch(/^(158|201)$/)
  })

  test('time', async () => {
    await ask('second', 'SELECT sleep(1.1)')
    expect(await ask('second', 'SELECT 1')).toMatchObject({ status: 500, code: '201' })
  })
})
