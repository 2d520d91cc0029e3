/** What the explorer of requests asks, against rows that are counted anew in JavaScript. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pino } from 'pino'
import type { LlmRequest } from '../../records/llm-request.ts'
import { parseQuery, type NumberTest, type Term, type TextTest } from '../../records/request-query.ts'
import { random, requests as seeded } from '../../test/dashboard/seed.ts'
import { store } from '../../test/dashboard/store.ts'
import { startRollups } from '../rollups.ts'
import { termsOf } from '../../test/support/terms.ts'
import { testStorage } from '../testing.ts'
import { chiSquare, requestDiffers, type Brush } from './request-differs.ts'
import { facetColumns, requestFacets } from './request-facets.ts'
import { heatmapMeasures, maxHeatmapRows, requestHeatmap, stepsOf, type HeatmapMeasure } from './request-heatmap.ts'
import { factorFor } from './request-sample.ts'
import { highestBound, hoursOf } from './request-top-hours.ts'
import { requestMeasures, topRequests } from './request-top.ts'
import { latestRequests } from './requests.ts'
import { where, type Filter } from './where.ts'

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2026, 10, 21, 12)
const range = { from: now - 2 * hour, to: now }
const odd = `a "b" \\ 'c' %_ {x:String} <i>\n`

/** The seed's traffic, with every sort of value that a term may ask for. */
function rowsOf(): LlmRequest[] {
  const draw = random(3)
  return seeded(now, 120).map((row) =>
    Object.assign(row, {
      feature: draw() < 0.1 ? odd : draw() < 0.5 ? 'chat' : '',
      prompt_name: draw() < 0.3 ? 'Greeting*' : '',
      input: draw() < 0.1 ? 'Please REFUND my order' : '',
      attempt: draw() < 0.1 ? 2 : 1,
      cache_hit: draw() < 0.05,
      attributes: new Map([
        ['temperature', draw() < 0.5 ? '0.7' : '1'],
        ...(draw() < 0.2 ? [[odd, 'x'] as const] : []),
      ]),
    }),
  )
}
const rows = rowsOf()

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
})
afterAll(() => storage?.stop())

const read = (text: string): Filter => ({ terms: termsOf(text) })
const count = async (filter: Filter) => {
  const { sql, params } = where(filter, range)
  const [row] = await storage.reader.query<{ n: number }>(`select count() as n from requests as r where ${sql}`, params)
  return row?.n
}

/** What a term means, said a second time. */
function holds(row: LlmRequest, term: Term): boolean {
  return term.not !== fulfils(row, term)
}

function fulfils(row: LlmRequest, term: Term): boolean {
  const within = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase())
  if (term.kind === 'text') return fits(row[term.field], term)
  if (term.kind === 'number') return compares(row[term.field], term)
  if (term.kind === 'flag') return row[term.field] === term.value
  if (term.kind === 'content') return within(row[term.field], term.text)
  if (term.kind === 'attribute') {
    const value = row.attributes.get(term.key) ?? ''
    return term.test === 'compare' ? compares(value === '' ? null : Number(value), term) : fits(value, term)
  }
  const { model, requested_model, user_id, session_id, service, team, feature, endpoint, error_type } = row
  const names = [model, requested_model, user_id, session_id, service, team, feature, endpoint, error_type]
  return names.some((name) => within(name, term.text)) || row.trace_id === term.text || row.span_id === term.text
}

function fits(value: string, test: TextTest): boolean {
  if (test.test === 'known') return value !== ''
  if (test.test === 'equal') return value === test.value
  const parts = test.pattern.split('*').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^]*')}$`, 'i').test(value)
}

function compares(value: number | null, test: NumberTest): boolean {
  if (value === null) return false
  if (test.test === 'known') return true
  const { comparison, value: bound } = test
  return { '=': value === bound, '>': value > bound, '>=': value >= bound, '<': value < bound, '<=': value <= bound }[
    comparison
  ]
}

describe('free terms', () => {
  test.each([
    ['model:gpt-4o'],
    ['model:gpt*'],
    ['-model:GPT*'],
    ['team!=search'],
    ['-status:error'],
    ['error_type:*'],
    ['-error_type:*'],
    ['duration>2s'],
    ['-duration>2s'],
    ['ttft<500ms'],
    ['-ttft<500ms'],
    ['ttft:*'],
    ['-ttft:*'],
    ['cost>=0.01'],
    ['-cost:*'],
    ['tokens_in>2k tokens_out<=100'],
    ['attempt:2'],
    ['attempt!=1'],
    ['http_status>=429'],
    ['streamed:true'],
    ['-streamed:true'],
    ['cache_hit:true'],
    ['attribute.temperature>0.8'],
    ['attribute.temperature:0.7'],
    ['-attribute.temperature:0.7'],
    ['attribute.nothing:*'],
    ['prompt:refund'],
    ['-prompt:"refund my"'],
    ['GPT'],
    ['-support user-3'],
    [rows[7]?.trace_id ?? ''],
    ['prompt_name:"Greeting*"'],
    ['prompt_name:greet*'],
    [`feature:${JSON.stringify(odd)}`.replaceAll('\\n', '\n')],
    [`attribute.${JSON.stringify(odd)}:x`.replaceAll('\\n', '\n')],
    ['feature:*%_*'],
    ['feature:*{x:String}*'],
  ])('%s', async (text) => {
    const { terms = [] } = read(text)
    const expected = rows.filter((row) => terms.every((term) => holds(row, term)))
    expect(await count({ terms })).toBe(expected.length)
  })

  test('values of one field are alternatives, and what must not be is not', async () => {
    const wanted = rows.filter(
      ({ model, team }) =>
        (model === 'gpt-4o' || model.startsWith('claude')) && team !== 'search' && team !== 'support',
    )
    expect(wanted.length).toBeGreaterThan(0)
    expect(await count(read('model:gpt-4o model:claude* -team:search team!=support'))).toBe(wanted.length)
    expect(await count({ model: 'gpt-4o', ...read('model:claude*') })).toBe(0)
  })

  test('no text that is read makes the engine fail', async () => {
    const draw = random(5)
    const pick = <T>(list: readonly T[]) => list[Math.floor(draw() * list.length)] as T
    const letters = [
      'é',
      '🙂',
      ...`aB9"\\*:=<>!-. \t\n\r\0\u0001%_$'{}?()[];,\`#`.split(''),
      '--',
      '/*',
      "';",
      'model:',
      'attribute.',
      'cost>',
    ]
    const fields = [
      '',
      '-',
      'user:',
      'model!=',
      'attribute.x:',
      'attribute.x>',
      'duration>',
      'cost<=',
      'prompt:',
      'http_status=',
    ]
    const numbers = ['1', '-1', '1e308', '-1e308', '1e-320', '99999999999999999999', '1.5m', '3k', '*']
    const texts = Array.from({ length: 2000 }, () => {
      const value = Array.from({ length: 1 + Math.floor(draw() * 5) }, () => pick(letters)).join('')
      return pick(fields) + pick([value, `"${value.replaceAll(/["\\]/g, '\\$&')}"`, pick(numbers)])
    })
    const readable = texts.filter((text) => parseQuery(text).ok)
    expect(readable.length).toBeGreaterThan(500)
    const many = readable.slice(0, 300)
    await Promise.all(
      Array.from({ length: 4 }, async (_, worker) => {
        for (const text of many.filter((_text, index) => index % 4 === worker))
          expect(await count(read(text)).catch((error: unknown) => ({ text, error }))).toEqual(expect.any(Number))
      }),
    )
  })
})

describe('the list', () => {
  test('a filter, page by page, newest first', async () => {
    const filter = read('duration>2s -team:search')
    const expected = rows
      .filter((row) => (filter.terms ?? []).every((term) => holds(row, term)))
      .map(({ span_id }) => span_id)
      .toReversed()
    const found: string[] = []
    let after = null
    do {
      const page = await latestRequests(storage.reader, filter, range, 70, after)
      found.push(...page.requests.map(({ span_id }) => span_id))
      after = page.next
    } while (after)
    expect(found).toEqual(expected)
  })

  test('of a filter that hardly anything fulfils, a page ends where its time does, and the next goes on', async () => {
    let clock = 0
    const slow = { now: () => (clock += 3000), enough_ms: 3000 }
    const ofLate = rows[0]!
    const filter = read(ofLate.trace_id)
    const first = await latestRequests(storage.reader, filter, range, 10, null, slow)
    expect(first).toMatchObject({ requests: [], searched_from: range.to - 5 * 60_000 })
    const rest = await latestRequests(storage.reader, filter, range, 10, first.next)
    expect(rest.requests.map(({ span_id }) => span_id)).toEqual([ofLate.span_id])
    expect(rest).toMatchObject({ next: null, searched_from: null })
  })
})

describe('the list in another order than that of time', () => {
  test.each(requestMeasures.flatMap((measure) => [true, false].map((down) => [measure, down] as const)))(
    '%s, the highest first: %s',
    async (measure, down) => {
      const filter = { team: 'search' }
      const { requests, sorted_from } = await topRequests(storage.reader, filter, range, measure, { down, limit: 40 })
      const values = rows.flatMap((row) => (row.team === 'search' && row[measure] !== null ? [row[measure]] : []))
      const expected = values.toSorted((a, b) => (down ? b - a : a - b)).slice(0, 40)
      expect(requests.map((row) => row[measure]?.toPrecision(5))).toEqual(expected.map((value) => value.toPrecision(5)))
      expect(new Set(requests.map(({ team }) => team))).toEqual(new Set(['search']))
      expect(sorted_from).toBeNull()
    },
  )

  type Page = Awaited<ReturnType<typeof topRequests>>
  /** Ids of pages one after the other, up to `most` rows. */
  async function paged(over: typeof range, measure: (typeof requestMeasures)[number], options: object, most: number) {
    const ids: string[] = []
    let next: Page['next'] = null
    do {
      const page: Page = await topRequests(storage.reader, {}, over, measure, {
        down: true,
        limit: 25,
        after: next,
        ...options,
      })
      ids.push(...page.requests.map(({ span_id }) => span_id))
      next = page.next
    } while (next && ids.length < most)
    return ids
  }
  const recounted = async (over: typeof range, order: string, most: number) => {
    const { sql, params } = where({}, over)
    const [measure] = order.split(' ')
    const found = await storage.reader.query<{ span_id: string }>(
      `select span_id from requests where ${sql} and ${measure} is not null
      order by ${order}, timestamp desc, trace_id desc, span_id desc limit ${most}`,
      params,
    )
    return found.map(({ span_id }) => span_id)
  }

  describe('of many, with as many of one measure and of one moment', () => {
    const begin = now - 20 * day
    const over = { from: begin, to: begin + 5 * hour }
    const most = 60
    beforeAll(async () => {
      // A few of them far above the rest, a measure that nobody tells, and some that were corrected downwards.
      await storage.db.command(
        `insert into requests (timestamp, trace_id, span_id, duration_ms, output_tokens, cost_usd, version)
        select fromUnixTimestamp64Milli({begin:Int64} + intDiv(number, 3) * 120, 'UTC'), toString(cityHash64(number)), toString(number),
          if(number % 7 = 0, null, cityHash64(number, 1) % 100000 + if(number % 9973 = 0, 1000000.25, 0)),
          cityHash64(number, 2) % 40, toDecimal64((cityHash64(number, 3) % 1000000) / 1e9, 12), 1
        from numbers(400000)`,
        { begin },
      )
      await storage.db.command(
        `insert into requests (timestamp, trace_id, span_id, duration_ms, output_tokens, cost_usd, version)
        select timestamp, trace_id, span_id, duration_ms - 50000, output_tokens, cost_usd, 2 from requests
        where timestamp >= fromUnixTimestamp64Milli({begin:Int64}, 'UTC') and toUInt32OrZero(span_id) % 4987 = 0`,
        { begin },
      )
      const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
      await rollups.flush()
      await rollups.stop()
    })

    test.each(['duration_ms', 'cost_usd', 'output_tokens'] as const)(
      'the pages by %s are those of a plain sort, whether a bound is found first or not',
      async (measure) => {
        const expected = await recounted(over, `${measure} desc`, most)
        expect((await paged(over, measure, { leastRows: 1 }, most)).slice(0, most)).toEqual(expected)
        expect((await paged(over, measure, {}, most)).slice(0, most)).toEqual(expected)
        // Pages so short that the highest of as many hours stand for all.
        const short = await paged(over, measure, { leastRows: 1, limit: 2 }, 20)
        expect(short.slice(0, 20)).toEqual(expected.slice(0, 20))
        const lowest = await recounted(over, `${measure} asc`, most)
        expect((await paged(over, measure, { down: false }, most)).slice(0, most)).toEqual(lowest)
      },
    )

    describe('the highest of each hour and model', () => {
      const nothing = { sql: '', params: {} }
      const boundOf = async (
        least: number,
        { range = over, filter = {}, below = nothing, measure = 'duration_ms' } = {},
      ) =>
        highestBound(
          storage.reader,
          { range, filter, hours: await hoursOf(storage.reader, range), least, below },
          measure,
        )

      test('are reached by enough requests, all of them in the hours that are read', async () => {
        const cut = { from: over.from + hour / 2, to: over.to }
        for (const range of [over, cut]) {
          const bound = await boundOf(2, { range })
          const { sql, params } = where({}, range)
          const [row] = await storage.reader.query<{ rows: number; granules: number }>(
            `select count() as rows, uniqExact(intDiv(toUnixTimestamp(timestamp), 3600), intDiv(toUInt32(span_id), 8192)) as granules
            from requests where ${sql} and duration_ms >= {bound:Float64}`,
            { ...params, bound: bound?.value },
          )
          expect(row?.rows).toBeGreaterThan(2)
          expect(row?.rows).toBeLessThan(1000)
          expect(bound?.reached).toBeGreaterThanOrEqual(row?.granules ?? Infinity)
        }
      })

      test('after a page, those below its last', async () => {
        const first = await boundOf(0)
        const below = { sql: ' and value < {after_value:Float64}', params: { after_value: first?.value } }
        expect((await boundOf(0, { below }))?.value).toBeLessThan(first?.value ?? 0)
      })

      test('of costs are those of the hours, and unknown where one of them was computed before they were kept', async () => {
        const { sql, params } = where({}, over)
        const hourly = await storage.reader.query<{ highest: number }>(
          `select max(toFloat64(cost_usd)) as highest from requests where ${sql}
          group by toStartOfHour(timestamp) order by highest desc`,
          params,
        )
        expect((await boundOf(1, { measure: 'cost_usd' }))?.value).toBe(hourly[1]?.highest)
        await storage.db.command('alter table models_1h update cost_usd_max = null where timestamp = {at:DateTime}', {
          at: Math.ceil(over.from / hour) * (hour / 1000),
        })
        expect(await boundOf(1, { measure: 'cost_usd' })).toBeNull()
      })

      test('are unknown of too few hours, of what rollups do not keep and of other filters', async () => {
        expect(await boundOf(5)).toBeNull()
        expect(await boundOf(1, { measure: 'tpot_ms' })).toBeNull()
        expect(await boundOf(0, { filter: { team: 'search' } })).toBeNull()
        expect(await boundOf(0, { filter: { model: 'nobody' } })).toBeNull()
        expect(await boundOf(0, { range: { from: over.from + 1, to: over.from + 2 * hour - 1 } })).toBeNull()
      })
    })

    test('a bound leaves the whole range sorted where its rows alone would be too many', async () => {
      const options = { down: true, limit: 1, most: 390_000 }
      const whole = await topRequests(storage.reader, {}, over, 'duration_ms', { ...options, leastRows: 1 })
      expect(whole.sorted_from).toBeNull()
      expect(whole.requests.map(({ span_id }) => span_id)).toEqual(await recounted(over, 'duration_ms desc', 1))
      const cut = await topRequests(storage.reader, {}, over, 'duration_ms', options)
      expect(cut.sorted_from).toBe(begin + hour)
    })
  })

  test('of what nobody tells there is none', async () => {
    const filter = { model: 'qwen2.5-coder' }
    const top = await topRequests(storage.reader, filter, range, 'ttft_ms', { down: true, limit: 40 })
    expect(top.requests).toEqual([])
  })

  test.each([
    ['some of the first', [9, 8], [70, 60, 50, 40, 30]],
    ['all that stood first', [9, 8, 7, 6, 5], [40, 30, 20, 12, 11]],
  ])('rows that were corrected count as they are now: %s', async (_, corrected, expected) => {
    const begin = now - (30 + corrected.length) * day
    const call = (index: number) => ({
      timestamp: (begin + index) * 1000,
      trace_id: `trace-${index}`,
      span_id: 'span',
      duration_ms: index * 10,
      version: 1,
    })
    await storage.db.insert(
      'requests',
      Array.from({ length: 10 }, (_, index) => call(index)),
    )
    const mended = corrected.map((index, place) => ({ ...call(index), duration_ms: 8 + place, version: 2 }))
    await storage.db.insert('requests', mended)
    const { requests } = await topRequests(storage.reader, {}, { from: begin, to: begin + hour }, 'duration_ms', {
      down: true,
      limit: 5,
    })
    expect(requests.map(({ duration_ms }) => duration_ms)).toEqual(expected)
  })

  test('rows that were corrected again and again count as they are now', async () => {
    const begin = now - 50 * day
    const calls = Array.from({ length: 10 }, (_, index) => ({
      timestamp: (begin + index) * 1000,
      trace_id: `trace-${index}`,
      span_id: `again-${index}`,
    }))
    for (let version = 1; version <= 14; version += 1)
      await storage.db.insert(
        'requests',
        calls.map((call, index) => Object.assign({}, call, { duration_ms: 1000 * index - version, version })),
      )
    const { requests } = await topRequests(storage.reader, {}, { from: begin, to: begin + hour }, 'duration_ms', {
      down: true,
      limit: 5,
    })
    expect(requests.map(({ duration_ms }) => duration_ms)).toEqual([8986, 7986, 6986, 5986, 4986])
  })

  test('of a range that holds too many, it is that of its newest hours, and says so', async () => {
    const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
    await rollups.flush()
    await rollups.stop()
    // Two hours begin within it, and a third one before it.
    const long = { from: now - 1.5 * hour, to: now }
    const inHour = rows.filter(({ timestamp }) => timestamp >= (now - hour) * 1000)
    const options = { down: true, limit: 40, most: inHour.length }
    const { requests, sorted_from } = await topRequests(storage.reader, {}, long, 'duration_ms', options)
    expect(sorted_from).toBe(now - hour)
    expect(Math.max(...requests.map(({ duration_ms }) => duration_ms ?? 0))).toBeCloseTo(
      Math.max(...inHour.map(({ duration_ms }) => duration_ms ?? 0)),
      2,
    )
    expect(requests.every(({ timestamp_us }) => timestamp_us >= (now - hour) * 1000)).toBe(true)
    const none = await topRequests(storage.reader, {}, long, 'duration_ms', { ...options, most: 1 })
    expect(none.sorted_from).toBe(now - hour)
    const all = await topRequests(storage.reader, {}, long, 'duration_ms', { ...options, most: rows.length })
    expect(all.sorted_from).toBeNull()
  })
})

describe('the heatmap', () => {
  test.each(Object.keys(heatmapMeasures) as HeatmapMeasure[])('%s: every cell', async (measure) => {
    const answer = await requestHeatmap(storage.reader, { team: 'search' }, range, measure)
    const { times, lows, top, counts, step_ms, known, unknown, factor } = answer
    expect(factor).toBe(1)
    expect(times.length).toBeLessThanOrEqual(300)
    expect(lows.length).toBeLessThanOrEqual(maxHeatmapRows)
    expect(lows).toEqual(lows.toSorted((a, b) => a - b))
    const mine = rows.filter(({ team }) => team === 'search')
    const have = mine.filter((row) => row[measure] !== null)
    expect({ known, unknown }).toEqual({ known: have.length, unknown: mine.length - have.length })
    for (const [column, at] of times.entries())
      for (const [row, low] of lows.entries()) {
        const high = lows[row + 1] ?? top
        const within = have.filter(
          (one) =>
            one.timestamp / 1000 >= at &&
            one.timestamp / 1000 < at + step_ms &&
            (one[measure] ?? -1) >= low &&
            (one[measure] ?? -1) < high,
        )
        expect(counts[column]?.[row], `${at} ${low}`).toBe(within.length)
      }
  })

  test('the whole scale fits in its rows', async () => {
    const at = (index: number) => (now - day + index * 1000) * 1000
    const wide = stepsOf('duration_ms').map((duration_ms, index) =>
      Object.assign({}, rows[0], {
        timestamp: at(index),
        span_id: `wide${index}`,
        environment: 'wide',
        duration_ms: index % 2 === 0 ? duration_ms : duration_ms * 1.01,
      }),
    )
    await store(storage.db, 'requests', wide)
    const of = { from: now - day, to: now - day + hour }
    const { lows, top, counts, known } = await requestHeatmap(
      storage.reader,
      { environment: 'wide' },
      of,
      'duration_ms',
    )
    expect(lows.length).toBeLessThanOrEqual(maxHeatmapRows)
    expect(lows[0]).toBe(0)
    expect(counts.flat().reduce((sum, one) => sum + one, 0)).toBe(known)
    expect(known).toBe(wide.length)
    expect(top).toBe(1e7)
  })

  test('nothing there is no row', async () => {
    const none = await requestHeatmap(storage.reader, { team: 'nobody' }, range, 'ttft_ms')
    expect(none).toMatchObject({ lows: [], known: 0, unknown: 0 })
  })
})

describe('facets', () => {
  const counted = (list: readonly LlmRequest[], column: (typeof facetColumns)[number]) =>
    [...Map.groupBy(list, (row) => row[column])]
      .map(([value, group]) => ({ column, value, requests: group.length }))
      .filter(({ value }) => value !== '')
      .toSorted((a, b) => b.requests - a.requests || (a.value < b.value ? -1 : 1))
      .slice(0, 20)

  test('each column under the filters of the others', async () => {
    const filter = { team: ['search', 'support'], ...read('model:gpt* duration>1s') }
    const { values, requests, factor } = await requestFacets(storage.reader, filter, range)
    const long = rows.filter(({ duration_ms }) => (duration_ms ?? 0) > 1000)
    const ofTeam = long.filter(({ team }) => team !== 'research')
    const ofModel = long.filter(({ model }) => model.startsWith('gpt'))
    const all = ofTeam.filter(({ model }) => model.startsWith('gpt'))
    expect({ requests, factor }).toEqual({ requests: all.length, factor: 1 })
    for (const column of facetColumns) {
      const expected = counted(column === 'team' ? ofModel : column === 'model' ? ofTeam : all, column)
      expect(values.filter((value) => value.column === column)).toEqual(expected)
    }
  })

  test('one column is searched', async () => {
    const { values } = await requestFacets(storage.reader, {}, range, { column: 'user_id', text: 'USER-3' }, 50)
    const expected = counted(rows, 'user_id').filter(({ value }) => value.includes('user-3'))
    expect(values.length).toBeGreaterThan(5)
    expect(values).toEqual(expect.arrayContaining(expected))
    expect(values.every(({ value }) => value.includes('user-3'))).toBe(true)
  })
})

describe('what differs', () => {
  const brush: Brush = { from: null, to: null, min: 2000, max: null }

  test('shares and medians, against the rest that has the measure', async () => {
    const { inside, outside, values, numbers } = await requestDiffers(storage.reader, {}, range, brush, 'duration_ms')
    const have = rows.filter(({ duration_ms }) => duration_ms !== null)
    const [slow, rest] = [have.filter((row) => row.duration_ms! >= 2000), have.filter((row) => row.duration_ms! < 2000)]
    expect({ inside, outside }).toEqual({ inside: slow.length, outside: rest.length })
    expect(values.length).toBeGreaterThan(3)
    for (const { column, value, ...shares } of values) {
      const of = (list: readonly LlmRequest[]) => list.filter((row) => String(row[column]) === value).length
      expect(shares, `${column} ${value}`).toEqual({
        inside: of(slow),
        outside: of(rest),
        inside_share: of(slow) / slow.length,
        outside_share: of(rest) / rest.length,
      })
    }
    const sizes = values.map((value) => Math.abs(value.inside_share - value.outside_share))
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    expect(values.slice(0, 3).map(({ value }) => value)).toContain('claude-sonnet-4')
    const median = (list: readonly LlmRequest[], column: 'input_tokens' | 'ttft_ms' | 'queue_ms') => {
      const sorted = list.flatMap((row) => row[column] ?? []).toSorted((a, b) => a - b)
      return sorted[Math.floor(sorted.length / 2)] ?? null
    }
    for (const column of ['input_tokens', 'ttft_ms', 'queue_ms'] as const)
      expect(numbers.find((one) => one.column === column)).toEqual({
        column,
        inside_p50: median(slow, column),
        outside_p50: median(rest, column),
      })
  })

  test('a part that is drawn by lot differs in nothing; an empty one neither', async () => {
    const byLot = { from: now - 20 * 60_000, to: now - 10 * 60_000, min: null, max: null }
    const lot = await requestDiffers(storage.reader, { model: 'gpt-4o-mini' }, range, byLot, 'duration_ms')
    expect(lot.inside).toBeGreaterThan(50)
    expect(lot.values).toEqual([])
    const none = { from: null, to: null, min: 1e9, max: null }
    expect(await requestDiffers(storage.reader, {}, range, none, 'duration_ms')).toMatchObject({
      inside: 0,
      values: [],
    })
  })

  test('chi-square with Yates, by the book', () => {
    // (|20·40 − 30·10| − 50)² · 100 / (50 · 50 · 30 · 70)
    expect(chiSquare(20, 50, 10, 50)).toBeCloseTo(3.857, 3)
    expect(chiSquare(1, 1, 0, 100)).toBeLessThan(30)
    expect(chiSquare(1, 2, 1, 2)).toBe(0)
    expect(chiSquare(0, 0, 5, 10)).toBe(0)
  })
})

describe('more requests than a page may read', () => {
  test('a slice of each part is read, and it says one in how many', async () => {
    const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
    await rollups.flush()
    await rollups.stop()
    const [rolled] = await storage.reader.query<{ n: number }>('select sum(requests) as n from requests_1h')
    expect(rolled?.n).toBeGreaterThanOrEqual(rows.length)
    const whole = await requestHeatmap(storage.reader, {}, range, 'duration_ms')
    const part = await requestHeatmap(storage.reader, {}, range, 'duration_ms', Math.ceil(rows.length / 4))
    expect(part.factor).toBeGreaterThanOrEqual(4)
    expect(part.times).toEqual(whole.times)
    expect(part.known).toBeLessThan(whole.known / 2)
    const guess = part.known * part.factor
    expect(Math.abs(guess - whole.known) / whole.known).toBeLessThan(0.25)
    const facets = await requestFacets(storage.reader, {}, range, {}, 20, Math.ceil(rows.length / 4))
    expect(facets.requests).toBeLessThan(rows.length / 2)
  })

  test.each([
    [0, 60, 1],
    [1, 60, 1],
    [1.1, 60, 2],
    [7, 60, 10],
    [45, 21_600, 45],
    [1e9, 30, 30],
  ])('factor for %f of parts of %d s', (wanted, step, factor) => expect(factorFor(wanted, step)).toBe(factor))

  test('only the slices are read from the disk', async () => {
    const plan = await storage.reader.query<{ explain: string }>(
      `explain indexes = 1 select count() from requests as r
      where intDiv(toUInt32(toDateTime(r.timestamp)), {slice_s:UInt32}) in {slices:Array(UInt32)}`,
      { slice_s: 60, slices: [1, 2] },
    )
    expect(plan.map(({ explain }) => explain).join('\n')).toMatch(/PrimaryKey[^]*Granules: 0\/|Granules: 0\/[1-9]/)
  })
})
