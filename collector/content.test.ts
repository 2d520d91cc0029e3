/** Content and secrets on their whole way: what a client sends, in every carrier, against what is on the disk and in the tables. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import {
  attributionConfig,
  contentModes,
  contentSettings,
  endpointConfig,
  ingestConfig,
  pricesConfig,
  proxyConfig,
  scrapeConfig,
  spoolConfig,
  type ContentConfig,
} from './config.ts'
import { startCollector, type Collector, type CollectorConfig } from './index.ts'
import { jsonRequest, jsonSpan } from './otlp/testing.ts'
import { silent } from './spool/testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let dataDir = ''
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-content-'))
  storage = await testStorage()
})
afterAll(async () => {
  await storage?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function startWith(name: string, content: ContentConfig, endpoints: CollectorConfig['endpoints'] = []) {
  const dir = join(dataDir, name)
  const collector = await startCollector({
    config: {
      ingest: ingestConfig.parse({}),
      content,
      // Nothing is sealed, sent and removed before it was looked at.
      spool: spoolConfig.parse({ segment_ms: 60_000 }),
      scrape: scrapeConfig.parse({}),
      prices: pricesConfig.parse({}),
      attribution: attributionConfig.parse({}),
      proxy: proxyConfig.parse({}),
      endpoints,
    },
    dataDir: dir,
    db: storage.db,
    listen: '127.0.0.1:0',
    log: silent,
  })
  return { collector, spoolDir: join(dir, 'spool') }
}

async function send(collector: Collector, spans: object[], resource: object[] = []) {
  const response = await fetch(`http://${collector.otlpAddress}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(jsonRequest(spans, resource)),
  })
  expect(response.status).toBe(200)
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const secret = (mode: string, carrier: string) => `${carrier}.${mode}@leak.example`
const key = (mode: string, carrier: string) => ['sk', `${carrier}${mode}0123456789abcdef`].join('-')
/** Stands in every content, and is none of anybody's data. */
const phrase = (mode: string) => `tell me about the weather of ${mode}`

/** Whoever says what, how: `said` holds the phrase, personal data and a key. */
const carriers = [
  'question',
  'answer',
  'arguments',
  'escaped',
  'flattened',
  'structured',
  'event',
  'body',
  'own',
  'parent',
] as const
const said = (mode: string, carrier: string) =>
  `${phrase(mode)}\nmail ${secret(mode, carrier)} with ${key(mode, carrier)}\tor call +49 170 1234567`

function spansOf(mode: string, trace: string) {
  const messages = (carrier: string) =>
    JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: said(mode, carrier) }] }])
  const call = [{ type: 'tool_call', name: 'send', arguments: JSON.stringify({ body: said(mode, 'arguments') }) }]
  const nano = String(BigInt(Date.now()) * 1_000_000n)
  return [
    jsonSpan({
      traceId: trace,
      startTimeUnixNano: nano,
      endTimeUnixNano: nano,
      status: { code: 2, message: `refused: ${key(mode, 'status')}` },
      attributes: [
        text('gen_ai.operation.name', 'chat'),
        text('gen_ai.provider.name', 'openai'),
        text('gen_ai.request.model', 'gpt-4o'),
        text('gen_ai.input.messages', messages('question')),
        text('gen_ai.output.messages', messages('answer')),
        text('gen_ai.tool.call.arguments', JSON.stringify([{ role: 'assistant', parts: call }])),
        text('gen_ai.tool.call.result', messages('escaped').replaceAll('@', String.raw`\u0040`)),
        text('llm.input_messages.0.message.content', said(mode, 'flattened')),
        {
          key: 'ai.prompt.tools',
          value: {
            arrayValue: {
              values: [
                {
                  kvlistValue: {
                    values: [text('description', said(mode, 'structured')), text('password', key(mode, 'password'))],
                  },
                },
              ],
            },
          },
        },
        text('prompt', said(mode, 'own')),
        text('http.request.header.authorization', `Bearer ${key(mode, 'header')}`),
      ],
      events: [
        { timeUnixNano: nano, name: 'gen_ai.user.message', attributes: [text('content', said(mode, 'event'))] },
        { timeUnixNano: nano, name: 'gen_ai.choice', attributes: [text('message', messages('body'))] },
        {
          timeUnixNano: nano,
          name: 'exception',
          attributes: [text('exception.message', `401: ${key(mode, 'exception')}`)],
        },
      ],
    }),
    jsonSpan({
      traceId: trace,
      spanId: 'c'.repeat(16),
      name: 'answer',
      startTimeUnixNano: nano,
      endTimeUnixNano: nano,
      attributes: [text('input.value', said(mode, 'parent'))],
    }),
  ]
}

/** Every byte below a directory, as text. */
async function bytesBelow(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return (await Promise.all(files.map((file) => readFile(file, 'latin1').catch(() => '')))).join('\n')
}

async function tablesOf(trace: string): Promise<string> {
  const rows = await Promise.all(
    ['spans', 'requests', 'request_parts'].map((table) =>
      storage.db.query(`select * from ${table} where trace_id = {trace:String}`, { trace }, { settings: { final: 0 } }),
    ),
  )
  return JSON.stringify(rows)
}

describe.each(contentModes)('%s', (mode) => {
  test('nothing that must not be stored is in the WAL, the tables or the engine’s files', async () => {
    const trace = String(contentModes.indexOf(mode) + 1).repeat(32)
    const { collector, spoolDir } = await startWith(mode, mode)
    try {
      await send(collector, spansOf(mode, trace), [
        text('service.name', 'shop'),
        text('api_key', key(mode, 'resource')),
      ])
      const wal = await bytesBelow(spoolDir)
      await collector.drained()
      const stored = await tablesOf(trace)
      const places = [wal, stored, await bytesBelow(storage.data_dir)]

      // The WAL was read before it was gone: without this the rest would prove nothing.
      expect(wal).toContain('chat')
      expect(wal.includes(phrase(mode)) && stored.includes(phrase(mode))).toBe(mode !== 'off')
      for (const place of places)
        for (const carrier of ['status', 'header', 'resource', 'password', 'exception'])
          expect(place).not.toContain(key(mode, carrier))
      const personal = carriers.filter((carrier) =>
        places.some((place) => place.includes(secret(mode, carrier).slice(0, -8))),
      )
      const keys = carriers.filter((carrier) => places.some((place) => place.includes(key(mode, carrier))))
      const all = mode === 'full' ? carriers : []
      // Escaped, the sign is not spelled as it is searched for; what came before it is.
      expect(personal).toEqual(all.filter((carrier) => carrier !== 'escaped'))
      expect(keys).toEqual(all)
      expect(stored.includes('escaped.')).toBe(mode === 'full')
    } finally {
      await collector.stop()
    }
  })
})

test('each endpoint has its own mode, and a caller’s own span that of the strictest', async () => {
  const endpoints = [
    { name: 'private', upstream: 'http://hr:8000', content: 'off' },
    { name: 'open', upstream: 'http://docs:8000', content: 'full' },
  ].map((endpoint) => endpointConfig.parse(endpoint))
  const { collector } = await startWith('endpoints', 'redacted', endpoints)
  try {
    for (const [index, host] of ['hr', 'docs', 'elsewhere'].entries()) {
      const [call, parent] = spansOf('redacted', String(index + 5).repeat(32)) as [{ attributes: object[] }, object]
      call.attributes.push(text('server.address', host), { key: 'server.port', value: { intValue: 8000 } })
      await send(collector, [call, parent])
    }
    await collector.drained()
    const kept = await storage.db.query(
      `select endpoint, position(input, 'weather') > 0 as said, position(input, '@') > 0 as mail
      from requests where trace_id in ({traces:Array(String)}) order by trace_id`,
      { traces: ['5', '6', '7'].map((digit) => digit.repeat(32)) },
    )
    expect(kept).toEqual([
      { endpoint: 'private', said: 0, mail: 0 },
      { endpoint: 'open', said: 1, mail: 1 },
      { endpoint: '', said: 0, mail: 0 },
    ])
    const parents = await storage.db.query(
      `select distinct content from spans where name = 'answer' and trace_id in ({traces:Array(String)})`,
      { traces: ['5', '6', '7'].map((digit) => digit.repeat(32)) },
    )
    expect(parents).toEqual([{ content: {} }])
  } finally {
    await collector.stop()
  }
})

test('long content is cut and counted', async () => {
  const { collector } = await startWith('cut', { ...contentSettings('redacted'), max_bytes: 300 })
  try {
    const trace = '9'.repeat(32)
    await send(collector, spansOf('x'.repeat(300), trace).slice(0, 1))
    await collector.drained()
    const [row] = await storage.db.query<{ input: string; output: string }>(
      'select input, output from requests where trace_id = {trace:String}',
      { trace },
    )
    expect(row?.input).toMatch(/^\[\{"role":"user".*…\[cut: \d+ bytes\]$/)
    expect(Buffer.byteLength(row?.input ?? '')).toBeLessThanOrEqual(300)
    expect(collector.stats().issues['pipeline content_cut']).toBeGreaterThan(1)
  } finally {
    await collector.stop()
  }
})
