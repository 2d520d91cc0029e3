import { describe, expect, test } from 'vitest'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { LogEvent } from '../../records/log-event.ts'
import { random } from '../otlp/testing.ts'
import { createVersions } from '../versions.ts'
import { Merger, type MergedRows, type MergerOptions } from './index.ts'
import {
  around,
  called,
  comparable,
  logged,
  randomTraces,
  ReplacingRows,
  report,
  resolveItems,
  shuffled,
  start,
  type Item,
} from './testing.ts'

const ms = start / 1000

/** A merger and what storage would hold of it. */
function merging(options: Partial<MergerOptions> = {}) {
  let now = ms
  const stored = new ReplacingRows()
  const parts = new ReplacingRows()
  const marks: string[] = []
  const versions = createVersions(() => now)
  const priced: LlmRequest[] = []
  const counted: string[] = []
  const merger = new Merger({
    price: (row) => priced.push(row),
    redact: () => undefined,
    nextVersion: versions,
    shared: false,
    now: () => now,
    ...options,
  })
  const store = (rows: MergedRows) => {
    stored.add(rows.requests)
    parts.add(rows.request_parts)
    marks.push(...rows.unsettled_traces.map(({ reason, trace_id }) => `${reason} ${trace_id.slice(0, 1)}`))
  }
  const batch = (items: readonly Item[]) => {
    for (const { span, part, context } of items) {
      span.version = versions()
      // A dialect makes a new record of each span that comes.
      merger.add(span, part && { ...part, version: span.version }, context)
    }
    const entries = merger.pending()
    const rows = merger.take()
    return { rows, entries, calls: merger.newCalls() }
  }
  return {
    merger,
    stored,
    parts,
    marks,
    priced,
    /** Span ids of the rows that were the first of their call. */
    counted,
    send: (...items: readonly Item[]): MergedRows => {
      const { rows, calls } = batch(items)
      store(rows)
      counted.push(...calls.rows.map(({ span_id }) => span_id))
      merger.forget()
      return rows
    },
    /** Events that came as logs. */
    log: (...events: readonly LogEvent[]): MergedRows => {
      for (const event of events) merger.addLog(event)
      const rows = merger.take()
      counted.push(...merger.newCalls().rows.map(({ span_id }) => span_id))
      store(rows)
      merger.forget()
      return rows
    },
    /** The same, but the spool refuses; `half`: the rows of the requests are stored all the same. */
    refuse: (items: readonly Item[], half = false) => {
      const { rows, entries, calls } = batch(items)
      if (half) stored.add(rows.requests)
      merger.failed(entries, rows.unsettled_traces, calls)
    },
    later: (by: number) => {
      now += by
    },
    live: () =>
      stored
        .live()
        .map(({ span_id }) => span_id)
        .sort(),
  }
}

const sdk = called(report('sdk', 'root'))
const engine = called(report('engine', 'http', { role: 'engine', queue_ms: 5 }))
const http = around('http', 'sdk')
const root = around('root', '', { user_id: 'u1' })

describe('spans of one call', () => {
  test('in one batch are one row from the start, and nothing is taken back', () => {
    const { send } = merging()
    const rows = send(engine, http, sdk, root)
    expect(rows.requests).toMatchObject([{ span_id: 'sdk', queue_ms: 5, user_id: 'u1', is_deleted: false }])
    expect(rows.request_parts.map(({ span_id }) => span_id).sort()).toEqual(['engine', 'sdk'])
  })

  test('in batches one after the other: what was a row is taken back', () => {
    const { send, live, stored } = merging()
    send(engine)
    expect(live()).toEqual(['engine'])
    send(sdk)
    expect(live()).toEqual(['engine', 'sdk'])
    send(http)
    expect(live()).toEqual(['sdk'])
    send(root)
    expect(stored.live()).toMatchObject([{ span_id: 'sdk', queue_ms: 5, user_id: 'u1' }])
  })

  test('what comes again changes nothing', () => {
    const { send, live, stored } = merging()
    send(engine, http)
    send(sdk)
    const before = comparable(stored.live())
    for (const again of [engine, sdk, http, root, engine]) send(again)
    expect(live()).toEqual(['sdk'])
    send(engine, sdk)
    const [row] = before
    expect(comparable(stored.live())).toEqual([{ ...row, user_id: 'u1', inherited_fields: ['user_id'] }])
  })

  test('a span that comes again together with what it belongs to is taken back', () => {
    const { send, live } = merging()
    send(engine, http)
    send(engine, sdk)
    expect(live()).toEqual(['sdk'])
  })

  test('what the spool refused is written again when it comes again', () => {
    for (const half of [false, true]) {
      const { send, refuse, live, parts } = merging()
      send(engine, http)
      refuse([sdk], half)
      send(sdk)
      expect(live()).toEqual(['sdk'])
      expect(parts.live()).toHaveLength(2)
      refuse([engine, sdk], half)
      send(engine, sdk)
      expect(live()).toEqual(['sdk'])
    }
  })

  test('a span that comes again with another start does not count twice', () => {
    const { send, stored } = merging()
    const moved = called(report('sdk', 'root', { timestamp: start + 1 }))
    send(sdk)
    send(moved)
    expect(stored.live().map(({ timestamp }) => timestamp)).toEqual([start + 1])
    send(engine, http)
    send(sdk)
    expect(stored.live().map(({ timestamp }) => timestamp)).toEqual([start])
  })

  test('a row that stands for itself again is written once', () => {
    const { send, live } = merging()
    send(called(report('agent', '')), called(report('a', 'agent')))
    send(called(report('b', 'agent')))
    expect(live()).toEqual(['a', 'b'])
    expect(send(around('x', 'b')).requests).toEqual([])
  })

  test('merged rows are priced as what they are', () => {
    const { send, priced } = merging()
    send(called(report('a', '')))
    expect(priced).toEqual([])
    send(called(report('b', 'a', { output_tokens: 7 })))
    expect(priced).toMatchObject([{ span_id: 'a', output_tokens: 7 }])
  })
})

describe('a call is new once', () => {
  test('whether its spans come together or one after the other', () => {
    for (const batches of [
      [[engine, http, sdk]],
      [[engine, http], [sdk]],
      [[sdk, http], [engine]],
      [[http], [sdk], [engine]],
    ]) {
      const { send, counted } = merging()
      for (const batch of batches) send(...batch)
      send(root)
      expect(counted).toHaveLength(1)
    }
  })

  test('as the row of the whole call, where that is known', () => {
    const { send, counted } = merging()
    send(engine, http, sdk)
    expect(counted).toEqual(['sdk'])
  })

  test('however often its spans come', () => {
    const { send, counted } = merging()
    send(sdk, sdk)
    send(sdk)
    send(engine, http, sdk)
    expect(counted).toEqual(['sdk'])
    const twice = merging()
    twice.send(engine, http, engine, sdk, sdk)
    expect(twice.counted).toEqual(['sdk'])
  })

  test('each of several calls of a trace', () => {
    const { send, counted } = merging()
    send(called(report('a', 'root')), called(report('b', 'root')), root)
    send(called(report('c', 'root')))
    expect(counted).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['one alone', [sdk], ['sdk']],
    ['one of several spans', [engine, http, sdk], ['sdk']],
    ['two of a trace', [called(report('a', 'root')), called(report('b', 'root')), root], ['a', 'b']],
  ])('when it is stored: what was refused is new when it comes again, %s', (_, items, calls) => {
    const { send, refuse, counted } = merging()
    refuse(items)
    refuse(items)
    expect(counted).toEqual([])
    send(...items)
    send(...items)
    expect(counted).toEqual(calls)
  })

  test('what was refused is new also when only what tells of it comes', () => {
    const { refuse, log, counted } = merging()
    refuse([sdk])
    log(logged('sdk', 'gen_ai.user.message', 'Hi'))
    log(logged('sdk', 'gen_ai.choice', 'Ho'))
    expect(counted).toEqual(['sdk'])
  })

  test('what comes as logs, before or after it, makes no other call of it', () => {
    const { send, log, counted } = merging()
    log(logged('sdk', 'gen_ai.user.message', 'Hi'))
    send(sdk)
    log(logged('sdk', 'gen_ai.choice', 'Ho'))
    expect(counted).toEqual(['sdk'])
  })
})

test('what is kept of a span whose endpoint another one names is redacted as that asks', () => {
  const redact = (row: LlmRequest) => {
    if (row.endpoint === 'hr') row.input = ''
  }
  const { send } = merging({ redact })
  const rows = send(
    called(report('gateway', 'sdk', { role: 'gateway', input: 'Fire them' })),
    called(report('sdk', '', { endpoint: 'hr' })),
  )
  expect([...rows.requests, ...rows.request_parts].map(({ input }) => input)).toEqual(['', '', ''])
})

describe('what came as logs', () => {
  const prompt = logged('sdk', 'gen_ai.user.message', 'Hi')
  const answer = logged('sdk', 'gen_ai.choice', 'Hello')
  const texts = (rows: readonly LlmRequest[]) => rows.map(({ span_id, input, output }) => [span_id, input, output])
  const whole = [['sdk', expect.stringContaining('Hi'), expect.stringContaining('Hello')]]

  test('before the span, after it, and again', () => {
    for (const order of [
      ['log', 'span'],
      ['span', 'log'],
      ['log', 'span', 'log', 'span'],
    ]) {
      const { send, log, stored, priced } = merging()
      for (const what of order) {
        if (what === 'span') send(sdk)
        else log(prompt, answer)
      }
      expect(texts(stored.live())).toEqual(whole)
      expect(priced.length).toBeGreaterThan(0)
    }
  })

  test('message after message, after the span', () => {
    const { send, log, stored } = merging()
    send(sdk)
    log(logged('sdk', 'gen_ai.system.message', 'Be short'), prompt)
    log(logged('sdk', 'gen_ai.user.message', 'And now'))
    const [row] = stored.live()
    for (const text of ['Be short', 'Hi', 'And now']) expect(row?.input).toContain(text)
  })

  test('of a span that is merged with others', () => {
    const { send, log, stored } = merging()
    send(engine, http)
    log(prompt)
    send(sdk)
    log(answer)
    expect(texts(stored.live())).toEqual(whole)
    expect(stored.live()[0]?.queue_ms).toBe(5)
  })

  test('long before its span: the settling job is told when that comes', () => {
    const { log, send, later, marks } = merging({ windowMs: 1_000 })
    log(prompt)
    later(60_000)
    log()
    // The event came to a collector that had just started.
    expect(marks).toEqual(['late a'])
    send(called(report('sdk', '', { timestamp: start + 59e6 })))
    expect(marks).toEqual(['late a', 'late a'])
  })

  test('a judgement says nothing of the call', () => {
    const { send, log, stored } = merging()
    send(sdk)
    log(logged('sdk', 'gen_ai.evaluation.result', 'good'))
    expect(texts(stored.live())).toEqual([['sdk', '', '']])
  })
})

describe('events whose span does not come', () => {
  const told: string[] = []
  const onLogsAlone = ({ span_id }: LogEvent) => told.push(span_id)

  test('are told of once the window is over, once per span; not those of spans that came', () => {
    told.length = 0
    const { send, log, later } = merging({ onLogsAlone })
    log(logged('sdk', 'gen_ai.user.message', 'hi'), logged('gone', 'gen_ai.user.message', 'hi'))
    log(logged('gone', 'gen_ai.choice', 'ho'), logged('http', 'gen_ai.choice', 'ho'))
    send(sdk, http)
    later(29_000)
    log()
    expect(told).toEqual([])
    later(31_000)
    log()
    expect(told).toEqual(['gone'])
  })

  test('are not told of when memory is short', () => {
    told.length = 0
    const { log } = merging({ onLogsAlone, maxBytes: 0 })
    log(logged('gone', 'gen_ai.user.message', 'hi'))
    log()
    expect(told).toEqual([])
  })
})

describe('what is not remembered', () => {
  const old = (id: string, parent: string) => called(report(id, parent, { timestamp: start - 600e6 }))

  test('spans that ended before anything is remembered are named to the settling job', () => {
    const { send, marks, later } = merging()
    later(60_000)
    send(called(report('now', '', { timestamp: start + 59e6 })))
    expect(marks).toEqual([])
    send(old('late', ''))
    expect(marks).toEqual(['late a'])
    send(around('x', '', null, 'b'.repeat(32)))
    expect(marks).toHaveLength(1)
    send(around('x', '', { user_id: 'u' }, 'c'.repeat(32)))
    expect(marks).toEqual(['late a', 'late c'])
  })

  test('traces go when nothing came for long, or for want of room', () => {
    const call = (n: number, id: string, parent: string) =>
      called(report(id, parent, { trace_id: String(n).padStart(32, '0') }))
    for (const [wait, room, least, most] of [
      [0, 1e6, 100, 100],
      [2_000, 1e6, 0, 0],
      [0, 20_000, 1, 20],
    ] as const) {
      const { send, later, stored } = merging({ windowMs: 1_000, maxBytes: room })
      send(...Array.from({ length: 100 }, (_, n) => call(n, 'inner', 'outer')))
      later(wait)
      send()
      for (let n = 99; n >= 0; n--) send(call(n, 'outer', ''))
      const merged = stored.live().filter(({ merged_span_ids }) => merged_span_ids.length > 0)
      expect(merged.length).toBeGreaterThanOrEqual(least)
      expect(merged.length).toBeLessThanOrEqual(most)
    }
  })

  test('attributes of spans and events count as room', () => {
    const attributes = new Map([['tools', 'x'.repeat(10_000)]])
    const traces = Array.from({ length: 40 }, (_, n) => String(n).padStart(32, '0'))
    const spans = merging({ maxBytes: 100_000 })
    for (const trace_id of traces) spans.send(called(report('engine', 'sdk', { trace_id, role: 'engine', attributes })))
    for (const trace_id of traces.toReversed()) spans.send(called(report('sdk', '', { trace_id })))
    expect(spans.stored.live().length).toBeGreaterThan(70)
    const events = merging({ maxBytes: 100_000 })
    for (const trace_id of traces) events.log({ ...logged('sdk', 'gen_ai.user.message', 'Hi', trace_id), attributes })
    for (const trace_id of traces.toReversed()) events.send(called(report('sdk', '', { trace_id })))
    expect(events.stored.live().filter(({ input }) => input !== '').length).toBeLessThan(10)
  })

  test('a row whose content is forgotten is left to the settling job, its parts as they are', () => {
    const { send, live, marks, stored } = merging({ maxContentBytes: 100 })
    send(called(report('sdk', 'root', { input: 'x'.repeat(200) })), http)
    send(engine)
    expect(live()).toEqual(['engine', 'sdk'])
    expect(marks).toContain('forgotten a')
    expect(stored.live().find(({ span_id }) => span_id === 'sdk')?.input).toBe('')
  })

  test('a clock that jumps forward and back loses nothing, and makes nothing late for long', () => {
    const { send, later, live, marks, stored } = merging()
    later(60_000)
    send(called(report('engine', 'sdk', { role: 'engine', timestamp: start + 59e6 })))
    later(86_400_000)
    send(called(report('ahead', '', { trace_id: 'b'.repeat(32), timestamp: start + 60e6 })))
    later(-86_400_000)
    send(called(report('sdk', '', { timestamp: start + 59e6 })))
    // Forgotten while the clock was ahead: the settling job is told.
    expect(marks).toContain('late a')
    const before = marks.length
    later(60_000)
    send(called(report('x', 'y', { trace_id: 'c'.repeat(32), timestamp: start + 119e6 })))
    send(called(report('y', '', { trace_id: 'c'.repeat(32), timestamp: start + 119e6 })))
    expect(marks).toHaveLength(before)
    expect(live()).toEqual(['ahead', 'engine', 'sdk', 'y'])
    expect(stored.live()).toHaveLength(4)
  })

  test('at the end what others may complete is named', () => {
    for (const shared of [false, true]) {
      const { send, merger, later } = merging({ shared })
      later(60_000)
      send(called(report('engine', 'lost', { role: 'engine', timestamp: start + 59e6 })))
      expect(merger.forgetAll().map(({ reason }) => reason)).toEqual(shared ? ['unfinished'] : [])
      expect(merger.forgetAll()).toEqual([])
    }
  })

  test('only a database that others write into has what never came here', () => {
    for (const shared of [false, true]) {
      const { send, marks, later } = merging({ windowMs: 1_000, shared })
      later(60_000)
      send(called(report('engine', 'lost', { role: 'engine', timestamp: start + 60e6 })))
      later(5_000)
      send()
      send()
      expect(marks).toEqual(shared ? ['unfinished a'] : [])
    }
  })
})

describe('a span that comes again with another start', () => {
  const at = (by: number) => called(report('sdk', 'root', { timestamp: start + by }))
  const starts = (rows: readonly LlmRequest[]) => rows.map(({ timestamp }) => timestamp - start)

  test('is one row, also when the spool refused it at first', () => {
    for (const half of [false, true]) {
      const { send, refuse, stored } = merging()
      send(at(0))
      refuse([at(1)], half)
      send(at(1))
      expect(starts(stored.live())).toEqual([1])
    }
  })

  test('and with its first one in the same batch, is not lost', () => {
    const { send, stored } = merging()
    send(at(0))
    send(at(1), at(0))
    expect(starts(stored.live())).toEqual([0])
  })
})

test('events of one span beyond any conversation cost the call nothing', () => {
  const { send, log, stored } = merging()
  send(sdk)
  log(...Array.from({ length: 20_000 }, (_, n) => logged('sdk', 'gen_ai.user.message', `${n}`)))
  expect(stored.live()[0]?.input).toContain('"0"')
  expect(stored.live()).toHaveLength(1)
})

describe('what settles while it is remembered', () => {
  test('a framework around a call that is forgotten is named, though it ends now', () => {
    const { send, later, marks } = merging({ windowMs: 30_000 })
    later(60_000)
    const step = (id: string, at: number) =>
      called(report(id, 'agent', { timestamp: start + at * 1e6, duration_ms: 1_000, output_tokens: 500 }))
    send(step('a', 58))
    later(60_000)
    send()
    later(1_000)
    send(
      step('b', 119),
      called(report('agent', '', { role: 'framework', timestamp: start + 57e6, duration_ms: 63_000 })),
    )
    expect(marks).toContain('late a')
  })

  test('a trace that was named is named again with whatever is written of it', () => {
    const { send, log, later, marks } = merging()
    later(60_000)
    send(called(report('sdk', 'root', { timestamp: start + 1e6 })))
    expect(marks).toEqual(['late a'])
    log({ ...logged('sdk', 'gen_ai.user.message', 'Hi'), timestamp: start + 70e6 })
    expect(marks).toEqual(['late a', 'late a'])
    later(60_000)
    send()
    send(called(report('engine', 'sdk', { role: 'engine', timestamp: start + 119e6 })))
    expect(marks).toEqual(['late a', 'late a'])
  })
})

test('any order, any batches, anything sent twice: the rows are those of all spans at once', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed)
    const items = randomTraces(next, '')
    const { send, refuse, stored, parts } = merging()
    const order = shuffled([...items, ...items.filter(() => next() < 0.2)], next)
    while (order.length > 0) {
      const batch = order.splice(0, 1 + Math.floor(next() * 4))
      if (next() < 0.15) refuse(batch, next() < 0.5)
      send(...batch)
    }
    const { calls } = resolveItems(items)
    expect({ seed, rows: comparable(stored.live()) }).toEqual({ seed, rows: comparable(calls.map(({ row }) => row)) })
    const merged = calls.flatMap((call) => (call.parts.length > 1 ? call.parts.map(({ span_id }) => span_id) : []))
    expect(parts.live().map(({ span_id }) => span_id)).toEqual(expect.arrayContaining(merged))
  }
})
