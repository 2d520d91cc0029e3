import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LlmRequest } from '../../records/llm-request.ts'
import { testStorage } from '../../storage/testing.ts'
import { createAttribution } from '../attribution.ts'
import { attributionConfig } from '../config.ts'
import { random } from '../otlp/testing.ts'
import { startSpool, type RunningSpool } from '../spool/index.ts'
import { silent, temporaryDirectory } from '../spool/testing.ts'
import { createVersions } from '../versions.ts'
import { Merger } from './index.ts'
import { corrections, packed, startSettler, type Settler } from './settle.ts'
import { joined, storedRows } from './stored.ts'
import {
  around,
  called,
  comparable,
  logged,
  randomTraces,
  report,
  resolveItems,
  shuffled,
  start,
  type Item,
} from './testing.ts'

const rules = {
  attribution: createAttribution(attributionConfig.parse({})),
  price: () => undefined,
  redact: () => undefined,
}
const versions = createVersions(Date.now)

let storage: Awaited<ReturnType<typeof testStorage>>
let spool: RunningSpool
let dir = ''
beforeAll(async () => {
  storage = await testStorage()
  dir = await temporaryDirectory()
  spool = await startSpool({
    dir,
    db: storage.db,
    log: silent,
    config: { max_bytes: 2 ** 30, segment_bytes: 2 ** 20, segment_ms: 50 },
  })
})
afterAll(async () => {
  await spool?.stop()
  await storage?.stop()
  await rm(dir, { recursive: true, force: true })
})

/** A collector's merger that was started `afterMs` after the spans: all of them are late then. */
function mergerStarted(afterMs: number): Merger {
  const now = () => start / 1000 + afterMs
  return new Merger({ price: rules.price, redact: rules.redact, nextVersion: versions, shared: false, now })
}

const early = -60_000
const late = 60_000

async function send(merger: Merger, items: readonly Item[]): Promise<void> {
  for (const { span, part, context } of items) {
    span.version = versions()
    merger.add(span, part && { ...part, version: span.version }, context)
  }
  await spool.append({ spans: items.map(({ span }) => span), ...merger.take() })
  merger.forget()
}

function settler(merger: Merger): Settler {
  return startSettler({ db: storage.db, spool, merger, rules: () => rules, log: silent, intervalMs: 3_600_000 })
}

async function settleWith(merger: Merger): Promise<void> {
  const job = settler(merger)
  await spool.drained()
  await job.pass()
  await spool.drained()
  await job.stop()
}

async function live(traces: readonly string[]): Promise<LlmRequest[]> {
  const rows = await storedRows(storage.db, traces, { from: start - 1e9, to: start + 10e9 })
  return rows.filter((row) => !row.is_deleted)
}

test('spans that came after the clock was set back are settled, after a restart too', async () => {
  const ahead = Date.now() + 3_600_000
  const state = { name: 'settled_traces', watermark_ms: ahead, version: ahead * 1000 }
  await storage.db.insert('rollup_state', [state])
  for (const trace_id of ['set-back', 'set-back-again']) {
    const merger = mergerStarted(late)
    await send(merger, [called(report('engine', 'sdk', { trace_id, role: 'engine', queue_ms: 5 }))])
    await send(merger, [called(report('sdk', '', { trace_id }))])
    await settleWith(merger)
    expect(await live([trace_id])).toMatchObject([{ span_id: 'sdk', merged_span_ids: ['sdk', 'engine'] }])
    const [stored] = await storage.db.query<{ watermark_ms: number }>(
      "SELECT watermark_ms FROM rollup_state WHERE name = 'settled_traces'",
    )
    expect(stored?.watermark_ms).toBeLessThan(Date.now())
  }
})

const tracesOf = (items: readonly Item[]) => [...new Set(items.map(({ span }) => span.trace_id))]

describe('spans that came before and after a restart', () => {
  test.each<[string, (trace: string) => Item[][], object[]]>([
    [
      'the engine’s before, the client’s after',
      (trace_id) => [
        [called(report('engine', 'sdk', { trace_id, role: 'engine', queue_ms: 5 }))],
        [called(report('sdk', '', { trace_id }))],
      ],
      [{ span_id: 'sdk', queue_ms: 5, merged_span_ids: ['sdk', 'engine'] }],
    ],
    [
      'the client’s before, the engine’s after',
      (trace_id) => [
        [called(report('sdk', '', { trace_id }))],
        [called(report('engine', 'sdk', { trace_id, role: 'engine', queue_ms: 5 }))],
      ],
      [{ span_id: 'sdk', queue_ms: 5, merged_span_ids: ['sdk', 'engine'] }],
    ],
    [
      'who asked, after',
      (trace_id) => [
        [called(report('sdk', 'root', { trace_id }))],
        [around('root', '', { user_id: 'u1', team: 't' }, trace_id)],
      ],
      [{ span_id: 'sdk', user_id: 'u1', team: 't', merged_span_ids: [] }],
    ],
    [
      'the inner one again',
      (trace_id) => {
        const engine = called(report('engine', 'sdk', { trace_id, role: 'engine', queue_ms: 5 }))
        return [[engine, called(report('sdk', '', { trace_id }))], [engine]]
      },
      [{ span_id: 'sdk', queue_ms: 5 }],
    ],
    [
      'the outer one again',
      (trace_id) => {
        const sdk = called(report('sdk', '', { trace_id }))
        return [[called(report('engine', 'sdk', { trace_id, role: 'engine', queue_ms: 5 })), sdk], [sdk]]
      },
      [{ span_id: 'sdk', queue_ms: 5 }],
    ],
    [
      'a third one',
      (trace_id) => [
        [called(report('sdk', '', { trace_id })), called(report('gateway', 'sdk', { trace_id, role: 'gateway' }))],
        [called(report('engine', 'gateway', { trace_id, role: 'engine', queue_ms: 5 }))],
      ],
      [{ span_id: 'sdk', queue_ms: 5, merged_span_ids: ['sdk', 'gateway', 'engine'] }],
    ],
    [
      'a second call, which makes the outer one a summary',
      (trace_id) => [
        [called(report('agent', '', { trace_id, user_id: 'u' })), called(report('a', 'agent', { trace_id }))],
        [called(report('b', 'agent', { trace_id }))],
      ],
      [
        { span_id: 'a', user_id: 'u', merged_span_ids: [] },
        { span_id: 'b', user_id: 'u', merged_span_ids: [] },
      ],
    ],
  ])('%s', async (name, batches, expected) => {
    const trace = Buffer.from(name).toString('hex').padEnd(32, '0').slice(-32)
    const [before = [], after = []] = batches(trace)
    await send(mergerStarted(early), before)
    const second = mergerStarted(late)
    await send(second, after)
    await settleWith(second)
    const rows = (await live([trace])).toSorted((a, b) => (a.span_id < b.span_id ? -1 : 1))
    expect(rows).toMatchObject(expected)
    expect(rows).toHaveLength(expected.length)
  })

  test('what was said before came as logs', async () => {
    const trace_id = '9'.repeat(32)
    await spool.append({ log_events: [logged('sdk', 'gen_ai.user.message', 'Hi', trace_id)] })
    const merger = mergerStarted(late)
    await send(merger, [called(report('sdk', '', { trace_id }))])
    await settleWith(merger)
    expect(await live([trace_id])).toMatchObject([{ span_id: 'sdk', input: expect.stringContaining('Hi') as string }])
  })

  test('nothing is written when nothing is to be changed', async () => {
    const trace_id = '7'.repeat(32)
    const merger = mergerStarted(late)
    const items = [
      called(report('sdk', '', { trace_id })),
      called(report('engine', 'sdk', { trace_id, role: 'engine' })),
    ]
    await send(merger, items)
    await settleWith(merger)
    const before = await live([trace_id])
    await send(mergerStarted(late), [around('other', '', { user_id: 'u' }, trace_id)])
    await settleWith(mergerStarted(late))
    expect(await live([trace_id])).toEqual(before)
  })

  test('what is not stored yet is not settled: the next pass begins there again', async () => {
    const trace_id = '8'.repeat(32)
    await send(mergerStarted(early), [called(report('engine', 'sdk', { trace_id, role: 'engine' }))])
    const merger = mergerStarted(late)
    await send(merger, [called(report('sdk', '', { trace_id }))])
    const broken = startSettler({
      db: storage.db,
      spool: { append: () => Promise.reject(new Error('full')), drained: () => spool.drained() },
      merger,
      rules: () => rules,
      log: silent,
      intervalMs: 3_600_000,
    })
    await spool.drained()
    await expect(broken.pass()).rejects.toThrow('full')
    await broken.stop()
    await settleWith(merger)
    expect((await live([trace_id])).map(({ span_id }) => span_id)).toEqual(['sdk'])
  })
})

test('what another trace took in by the id of the provider stays taken back', async () => {
  const request_id = 'chatcmpl-across-traces'
  const [client, server] = ['5', '6'].map((digit) => digit.repeat(32)) as [string, string]
  const merger = mergerStarted(early)
  const items = [
    called(report('sdk', '', { trace_id: client, request_id })),
    called(report('engine', 'http', { trace_id: server, request_id, role: 'engine', queue_ms: 5 })),
  ]
  await send(merger, items)
  const again = mergerStarted(late)
  await send(again, [around('http', '', { user_id: 'u' }, server)])
  await settleWith(again)
  expect(await live([client, server])).toMatchObject([{ span_id: 'sdk', queue_ms: 5 }])
})

test('stopping while the marks are read waits for no storage', async () => {
  await storage.db.command(
    `INSERT INTO unsettled_traces (timestamp, trace_id) VALUES (fromUnixTimestamp64Micro(${start}), '${'3'.repeat(32)}')`,
  )
  const job = startSettler({
    db: storage.db,
    spool: { append: () => spool.append({}), drained: () => new Promise(() => undefined) },
    merger: mergerStarted(late),
    rules: () => rules,
    log: silent,
    intervalMs: 3_600_000,
  })
  const pass = job.pass()
  await job.stop()
  await expect(pass).resolves.toBeUndefined()
})

test('a trace that is named again is looked at, also when its first mark is too old to be seen with the second', async () => {
  const trace_id = '4'.repeat(32)
  const mark = (secondsAgo: number) =>
    storage.db.command(
      `INSERT INTO unsettled_traces (timestamp, trace_id, reason, inserted_at)
      VALUES (fromUnixTimestamp64Micro(${start}), '${trace_id}', 'late', now64(3) - INTERVAL ${secondsAgo} SECOND)`,
    )
  const merger = mergerStarted(early)
  await send(merger, [called(report('engine', 'sdk', { trace_id, role: 'engine' }))])
  await spool.drained()
  await storage.db.insert('rollup_state', [
    { name: 'settled_traces', watermark_ms: Date.now() - 120_000, version: Date.now() * 1000 },
  ])
  const job = settler(merger)
  await mark(90)
  await job.pass()
  await send(mergerStarted(early), [called(report('sdk', '', { trace_id }))])
  await spool.drained()
  await mark(1)
  await job.pass()
  await job.stop()
  await spool.drained()
  expect((await live([trace_id])).map(({ span_id }) => span_id)).toEqual(['sdk'])
})

test('a correction never beats what came in meanwhile', () => {
  const sdk = report('sdk', '', { version: 100 })
  const engine = report('engine', 'sdk', { role: 'engine', version: 200 })
  const batch = corrections({ rows: [sdk, engine], parts: [], spans: [], logs: [] }, rules)
  expect(batch.requests?.map(({ span_id, version, is_deleted }) => [span_id, version, is_deleted])).toEqual([
    ['sdk', 202, false],
    ['engine', 202, true],
  ])
})

test('a merged row whose parts were not kept stands for them', () => {
  const merged = report('sdk', '', { merged_span_ids: ['sdk', 'engine'], queue_ms: 5, version: 300 })
  const gone = report('engine', 'sdk', { is_deleted: true, version: 301 })
  expect(corrections({ rows: [merged, gone], parts: [], spans: [], logs: [] }, rules).requests).toEqual([])
})

test('traces that belong together are read together, others as many as there is room for', () => {
  expect(joined([['a'], ['b', 'c'], ['d'], ['c', 'd'], ['e']])).toEqual([['a'], ['b', 'c', 'd'], ['e']])
  const worth = (calls: number, content_bytes = 0) => ({ traces: [String(calls)], calls, content_bytes })
  expect(packed([])).toEqual([])
  expect(packed([worth(5_000), worth(1), worth(2), worth(3_995), worth(3)])).toEqual([
    ['5000'],
    ['1', '2'],
    ['3995', '3'],
  ])
  const huge = 20 * 2 ** 20
  expect(packed([worth(1, huge), worth(2, huge), worth(3)])).toEqual([['1'], ['2', '3']])
})

test('random traces, restarts at random points, anything twice: storage ends as all spans at once', async () => {
  const all: Item[] = []
  let merger = mergerStarted(early)
  for (let seed = 1; seed <= 120; seed++) {
    const next = random(seed)
    const items = randomTraces(next, (seed + 0x1000).toString(16))
    all.push(...items)
    const order = shuffled([...items, ...items.filter(() => next() < 0.2)], next)
    while (order.length > 0) {
      if (next() < 0.25) merger = mergerStarted(late)
      await send(merger, order.splice(0, 1 + Math.floor(next() * 4)))
    }
  }
  await settleWith(merger)
  const { calls } = resolveItems(all)
  const expected = comparable(calls.map(({ row }) => row))
  expect(comparable(await live(tracesOf(all)))).toEqual(expected)
  // Settled once more, from the start: nothing changes.
  const marks = all.map(({ span }) => ({
    timestamp: start,
    end_timestamp: start + 2e6,
    trace_id: span.trace_id,
    request_id: '',
    reason: 'late' as const,
  }))
  await spool.append({ unsettled_traces: marks })
  await spool.drained()
  await settleWith(merger)
  expect(comparable(await live(tracesOf(all)))).toEqual(expected)
})
