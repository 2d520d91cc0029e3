/** Results that leave while the engine makes them: whole in every format, held back by slow clients, broken off so that nobody takes a part for all. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clickhouseConfig } from '../config.ts'
import { testStorage } from '../testing.ts'

const password_sha256 = createHash('sha256').update('secret').digest('hex')
const wide = { max_result_rows: 1e9, max_result_bytes: 1e10, max_execution_time: 600 }

let storage: Awaited<ReturnType<typeof testStorage>>
let writer: string
beforeAll(async () => {
  const users = [
    { name: 'wide', password_sha256, limits: wide },
    { name: 'brief', password_sha256, limits: { ...wide, max_execution_time: 1 } },
  ]
  storage = await testStorage({ clickhouse: clickhouseConfig.parse({ users }) })
  writer = readFileSync(join(storage.data_dir, 'keys', 'writer'), 'utf8').trim()
})
afterAll(() => storage.stop())

function urlOf(query: Record<string, string>): string {
  return `${storage.url}/?${new URLSearchParams(query)}`
}
const asWide = { user: 'wide', password: 'secret' }

/** The answer before any of its body was read. */
async function begin(query: Record<string, string>): Promise<IncomingMessage> {
  const [response] = (await once(httpGet(urlOf(query)), 'response')) as [IncomingMessage]
  return response
}

function running(what: string): Promise<unknown[]> {
  const sql =
    "SELECT 1 FROM system.processes WHERE position(query, {what:String}) > 0 AND position(query, 'processes') = 0"
  return storage.db.query(sql, { what })
}

/** Without FROM a result comes whole. */
describe('a result in pieces is the same as one that is whole', () => {
  const formats =
    'TSV TSVWithNamesAndTypes CSV CSVWithNames JSON JSONCompact JSONEachRow JSONCompactEachRow JSONColumns XML Native RowBinary RowBinaryWithNamesAndTypes Parquet ArrowStream ORC Avro MsgPack Pretty PrettyCompactMonoBlock Vertical Markdown Values SQLInsert Null'
  test.each(formats.split(' '))('%s', async (format) => {
    const answer = async (sql: string) => {
      const body = Buffer.from(await (await fetch(urlOf({ query: sql, default_format: format }))).arrayBuffer())
      return body.toString('latin1').replace(/(elapsed\W*|rows_read\W*|bytes_read\W*)[\d.e-]+/g, '$1')
    }
    const columns = (n: string) => `${n}, toString(n) AS s, [n] AS a, toDateTime64(n, 3, 'UTC') AS t`
    const whole = await answer(`SELECT ${columns('arrayJoin([0, 1, 2]::Array(UInt64)) AS n')}`)
    const pieces = await answer(`SELECT ${columns('number AS n')} FROM numbers(3)`)
    // Avro's files are told apart by a random mark.
    const comparable = (text: string) => (format === 'Avro' ? text.length : text)
    expect(comparable(pieces)).toEqual(comparable(whole))
  })
})

test.each([
  'SELECT number FROM numbers(2) FORMAT JSONEachRow',
  '( SELECT number FROM numbers(2) ) FORMAT JSONEachRow ; ',
  'SELECT number FROM numbers(2) /* FORMAT CSV */ FORMAT JSONEachRow -- FORMAT XML',
  "SELECT number FROM numbers(2) WHERE 'FORMAT CSV' != '' LIMIT 2 FORMAT JSONEachRow",
  'SELECT number FROM (SELECT 0 AS number UNION ALL SELECT 1) AS format ORDER BY number FORMAT JSONEachRow',
  'WITH t AS (SELECT number FROM numbers(2)) SELECT * FROM t SETTINGS max_threads = 1 FORMAT JSONEachRow',
  'SELECT number FROM numbers(2) FORMAT JSONEachRow SETTINGS max_threads = 1',
])('where FORMAT stands: %s', async (query) => {
  const answer = await fetch(urlOf({ query, user: 'writer', password: writer }))
  expect(await answer.text()).toBe('{"number":0}\n{"number":1}\n')
})

const rows = 1_000_000
const row = 290
const big = `SELECT number, repeat('x', ${row}) FROM numbers(${rows})`

/** Bytes in memory of the process that holds the engine. */
function engineMemory(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ')
  const status = children
    .map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'))
    .find((text) => text.includes('inferwatch-clic'))
  return Number(/VmRSS:\s+(\d+)/.exec(status ?? '')?.[1]) * 1024
}

describe.skipIf(process.platform !== 'linux')('300 MB', () => {
  test('pass through little memory', async () => {
    await (await fetch(urlOf({ ...asWide, query: big.replace(`(${rows})`, '(100000)') }))).arrayBuffer()
    const before = engineMemory()
    let [bytes, grown, looked] = [0, 0, 0]
    for await (const chunk of (await begin({ ...asWide, query: big })) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes - looked < 10e6) continue
      looked = bytes
      grown = Math.max(grown, engineMemory() - before)
    }
    expect(bytes).toBeGreaterThan(rows * row)
    expect(grown).toBeLessThan(100e6)
  })

  test('wait on disk when the client waits for the end, and leave nothing there', async () => {
    const before = engineMemory()
    const third = big.replace(`(${rows})`, '(300000)')
    const answer = await begin({ ...asWide, query: third, wait_end_of_query: '1' })
    expect(engineMemory() - before).toBeLessThan(60e6)
    let bytes = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) bytes += chunk.length
    expect(String(bytes)).toBe(answer.headers['content-length'])
    expect(JSON.parse(String(answer.headers['x-clickhouse-summary']))).toMatchObject({
      result_rows: '300000',
      result_bytes: String(bytes),
    })
    // Pipes alone: files have no name there.
    const named = readdirSync(join(storage.data_dir, 'clickhouse', 'results'), { withFileTypes: true })
    expect(named.filter((entry) => !entry.isFIFO())).toEqual([])
  })

  test('are not made for a client that does not read, and are given up with it', async () => {
    const before = engineMemory()
    const answer = await begin({ ...asWide, query: `/* idle */ ${big.replace(`(${rows})`, '(1e10)')}` })
    await expect.poll(() => running('numbers(1e10)')).toHaveLength(1)
    expect(engineMemory() - before).toBeLessThan(100e6)
    answer.destroy()
    await expect.poll(() => running('numbers(1e10)')).toHaveLength(0)
  })
})

test('clients that leave before the first row leave the turns to others', async () => {
  for (let round = 0; round < 40; round++) {
    const query = `SELECT number, (SELECT sleep(${(round % 8) / 100})) FROM numbers(1e9)`
    const request = httpGet(urlOf({ query })).on('error', () => undefined)
    // At any point of a query's beginning.
    await setTimeout(5 + ((round * 7) % 60))
    request.destroy()
  }
  await expect.poll(() => running('SELECT sleep')).toHaveLength(0)
  const answers = Array.from({ length: 12 }, async (_, index) =>
    (await fetch(urlOf({ query: `SELECT ${index} FROM numbers(1)` }))).text(),
  )
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 12 }, (_, index) => `${index}\n`))
})

/** How much of one letter's answer came; NaN when another's was in it. The letter is told by the client's number, which also says how it reads: at once, from a large buffer, slowly, or not to the end. */
async function readLetters(client: number): Promise<number> {
  const letter = String.fromCharCode(97 + (client % 26))
  const query = `SELECT repeat('${letter}', 1000) FROM numbers(5000)`
  const answer = await begin({ ...asWide, query, ...(client % 4 === 1 && { buffer_size: '16000000' }) })
  const others = new RegExp(`[^${letter}\\n]`)
  let length = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += others.test(chunk.toString('latin1')) ? NaN : chunk.length
    if (client % 4 === 2) await setTimeout(1)
    if (client % 4 === 3 && length > 2e6) break
  }
  return length
}

test('many at once each get their own bytes, at whatever pace they read, and whoever leaves', async () => {
  for (let round = 0; round < 3; round++) {
    const lengths = await Promise.all(Array.from({ length: 16 }, (_, index) => readLetters(round * 16 + index)))
    const [whole, left] = [lengths.filter((_, index) => index % 4 !== 3), lengths.filter((_, index) => index % 4 === 3)]
    expect(new Set(whole)).toEqual(new Set([5000 * 1001]))
    expect(Math.min(...left)).toBeGreaterThan(2e6)
  }
})

test('a client that reads too slowly gets an error when the time of its query is up', async () => {
  const query = `SELECT number, repeat('y', ${row}) FROM numbers(1e10)`
  const answer = await begin({ user: 'brief', password: 'secret', query })
  await expect.poll(() => running("repeat('y'")).toHaveLength(0)
  let end = ''
  const read = async () => {
    for await (const chunk of answer as AsyncIterable<Buffer>) end = (end + chunk.toString('latin1')).slice(-1000)
  }
  await expect(read()).rejects.toThrow('aborted')
  expect(end).toMatch(/\r\n__exception__\r\n\w{16}\r\nCode: 159\. DB::Exception: Timeout exceeded/)
})

describe('a query that fails after some of its rows', () => {
  const failing = 'SELECT number, throwIf(number = 900000) FROM numbers(1000000)'

  async function raw(query: Record<string, string>): Promise<string> {
    const url = new URL(urlOf(query))
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    let text = ''
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString('latin1')
    return text
  }

  test('ends with the exception, and without the last chunk', async () => {
    const text = await raw({ query: failing })
    const tag = /^HTTP\/1\.1 200 OK\r\n[^]*?X-ClickHouse-Exception-Tag: (\w{16})\r\n/.exec(text)?.[1] ?? ''
    expect(text).toMatch(/\r\nTransfer-Encoding: chunked\r\n/)
    const block = new RegExp(
      `\\r\\n__exception__\\r\\n${tag}\\r\\n(Code: 395\\. DB::Exception: [^]*\\(version [\\d.]+\\)\\n)(\\d+) ${tag}\\r\\n__exception__\\r\\n\\r\\n$`,
    ).exec(text)
    expect(block?.[1]).toHaveLength(Number(block?.[2]))
  })

  test('is an error to the official client, also packed', async () => {
    const client = createClient({ url: storage.url, username: 'reader', compression: { response: true } })
    try {
      for (let round = 0; round < 6; round++) {
        const begun = await client.query({ query: failing, format: 'JSONEachRow' })
        expect(begun.response_headers['content-encoding']).toBe('gzip')
        await expect(begun.json()).rejects.toMatchObject({ code: '395', message: expect.stringContaining('throwIf') })
      }
      const waits = { wait_end_of_query: 1 } as const
      await expect(client.query({ query: failing, clickhouse_settings: waits })).rejects.toMatchObject({ code: '395' })
    } finally {
      await client.close()
    }
  })

  test.each<[string, Record<string, string>]>([
    ['waited for', { wait_end_of_query: '1' }],
    ['within the buffer', { buffer_size: '16000000' }],
  ])('has a status of its own when it is %s', async (_, query) => {
    const answer = await fetch(urlOf({ query: failing, ...query }))
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([500, '395'])
    expect(await answer.text()).toMatch(/^Code: 395\. /)
  })
})

test('the sums of formats that know them', async () => {
  for (const format of ['JSON', 'JSONCompact', 'JSONColumnsWithMetadata', 'XML']) {
    const query = 'SELECT number FROM numbers(100000)'
    const answer = await fetch(urlOf({ query, default_format: format, wait_end_of_query: '1' }))
    await answer.arrayBuffer()
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({
      read_rows: '100000',
      read_bytes: '800000',
      result_rows: '100000',
    })
  }
})

test('what is not known of a query is not said to be 0', async () => {
  const summaryOf = async (query: Record<string, string>) => {
    const answer = await fetch(urlOf({ ...asWide, send_progress_in_http_headers: '1', ...query }))
    await answer.body?.cancel()
    const summary = JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '') as object
    expect(JSON.parse(answer.headers.get('x-clickhouse-progress') ?? '')).toEqual(summary)
    return Object.keys(summary)
  }
  const atEnd = ['result_rows', 'result_bytes', 'elapsed_ns']
  expect(await summaryOf({ query: 'SELECT number FROM numbers(10)' })).toEqual(atEnd)
  expect(await summaryOf({ query: 'SELECT 1' })).toEqual(atEnd)
  expect(await summaryOf({ query: 'SELECT 1 FORMAT JSON' })).toEqual(['read_rows', 'read_bytes', ...atEnd])
  // Headers leave with the first of many rows.
  expect(await summaryOf({ query: big })).toEqual(['elapsed_ns'])
})

test('what a query was given is not there for the next, of the same user or another', async () => {
  const query = 'SELECT {value:String} FROM numbers(1)'
  const ask = async (more: Record<string, string>) => (await fetch(urlOf({ query, ...more }))).text()
  for (let round = 0; round < 6; round++) {
    expect(await ask({ ...asWide, param_value: `v${round}` })).toBe(`v${round}\n`)
    expect(await ask({ ...asWide, param_other: '1' })).toMatch(/^Code: 456/)
    expect(await ask({})).toMatch(/^Code: 456/)
  }
})
