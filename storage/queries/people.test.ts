/** Sessions and users, against the same worked out anew in JavaScript. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pino } from 'pino'
import type { LlmRequest } from '../../records/llm-request.ts'
import { requests as seeded } from '../../test/dashboard/seed.ts'
import { store } from '../../test/dashboard/store.ts'
import { startRollups } from '../rollups.ts'
import { testStorage } from '../testing.ts'
import { termsOf } from '../../test/support/terms.ts'
import { newestRaw } from './newest-raw.ts'
import { session, sessionOrders, sessions } from './sessions.ts'
import { withPeriodBefore } from './previous.ts'
import { userSeries } from './user-series.ts'
import { user, userOrders, users } from './users.ts'

const hour = 3_600_000
const day = 24 * hour
const noon = Date.UTC(2026, 10, 21, 12)
const range = { from: noon - 2 * hour, to: noon }
const whole = { from: noon - 3 * day, to: noon }
const failed = new Set(['error', 'rate_limited', 'timeout'])

let storage: Awaited<ReturnType<typeof testStorage>>
let calls: LlmRequest[]

beforeAll(async () => {
  storage = await testStorage()
  const recent = seeded(noon, 120, 3)
  const older = seeded(noon - 2 * day, 60, 4)
  calls = [...older, ...recent].map((call, index) =>
    Object.assign(call, {
      user_id: index % 17 === 0 ? '' : call.user_id,
      session_id: index % 5 === 0 ? '' : `session-${index % 60}`,
      output: index % 3 === 0 ? '' : `${'é'.repeat(index % 2 === 0 ? 10 : 3000)}${index}`,
    }),
  )
  await store(storage.db, 'requests', calls)
  await storage.db.insert('feedback', [
    {
      id: 'f1',
      timestamp: new Date(noon - hour),
      trace_id: calls.at(-1)?.trace_id,
      name: 'thumbs',
      score: 1,
      user_id: 'user-3',
      version: 1,
    },
    {
      id: 'f2',
      timestamp: new Date(noon - hour),
      trace_id: 'elsewhere',
      name: 'thumbs',
      score: 0,
      user_id: 'user-3',
      version: 1,
    },
    {
      id: 'f2',
      timestamp: new Date(noon - hour),
      trace_id: 'elsewhere',
      name: 'thumbs',
      score: 0.5,
      user_id: 'user-3',
      version: 2,
    },
  ])
  await storage.db.insert('evaluations', [
    {
      id: 'e1',
      timestamp: new Date(noon),
      session_id: 'session-1',
      name: 'helpful',
      label: 'yes',
      evaluator: 'judge',
      version: 1,
    },
  ])
  const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
  await rollups.flush()
  await rollups.stop()
})
afterAll(() => storage.stop())

const within = ({ from, to }: { from: number; to: number }) =>
  calls.filter(({ timestamp }) => timestamp >= from * 1000 && timestamp < to * 1000)
const sum = (values: (number | null)[]) => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}
/** floor(0.95 × n) of the sorted values, as the page says P95 everywhere. */
const p95 = (values: (number | null)[]) => {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b)
  return known[Math.min(Math.floor(known.length * 0.95), known.length - 1)] ?? null
}
const sumsOf = (group: LlmRequest[]) => ({
  requests: group.length,
  errors: group.filter(({ status }) => failed.has(status)).length,
  input_tokens: sum(group.map((call) => call.input_tokens)),
  output_tokens: sum(group.map((call) => call.output_tokens)),
  unpriced: group.filter((call) => call.cost_usd === null).length,
})

const hourBefore = { from: noon - 2 * hour, to: noon - hour }
/** What rows of the last hour were in the hour before. */
const before = (group: LlmRequest[]) =>
  group.length === 0
    ? null
    : {
        requests: group.length,
        errors: group.filter(({ status }) => failed.has(status)).length,
        p95_ms: p95(group.map((call) => call.duration_ms)),
        cost_usd: near(sum(group.map((call) => call.cost_usd))),
      }
const near = (value: number | null) => (value === null ? null : (expect.closeTo(value, 9) as number))

describe('sessions', () => {
  const page = { order: 'last', limit: 100, offset: 0 } as const

  test('each as a recount says, the latest first, with what was answered last', async () => {
    const answer = await sessions(storage.reader, {}, range, page)
    const groups = Map.groupBy(
      within(range).filter(({ session_id }) => session_id !== ''),
      ({ session_id }) => session_id,
    )
    expect(answer.all).toBe(groups.size)
    expect(answer.read_from).toBe(range.from)
    for (const row of answer.sessions) {
      const group = (groups.get(row.session_id) ?? []).toSorted((a, b) => a.timestamp - b.timestamp)
      expect(row).toMatchObject({
        ...sumsOf(group),
        first_ms: Math.floor((group[0]?.timestamp ?? 0) / 1000),
        traces: new Set(group.map(({ trace_id }) => trace_id)).size,
        models: [...new Set(group.map(({ model }) => model))].toSorted(),
        last_user_id: group.findLast(({ user_id }) => user_id !== '')?.user_id ?? '',
      })
      const cost = sum(group.map((call) => call.cost_usd))
      expect(row.cost_usd?.toFixed(9)).toBe(cost?.toFixed(9))
      const said = group.at(-1)?.output ?? ''
      expect(row.last_output).toBe(
        said.length > 2000 ? `${said.slice(0, 2000)}…[cut: ${Buffer.byteLength(said.slice(2000))} bytes]` : said,
      )
    }
    const ends = answer.sessions.map(({ last_ms }) => last_ms)
    expect(ends).toEqual(ends.toSorted((a, b) => b - a))
  })

  test('pages follow each other, filters hold, every order is one', async () => {
    const all = await sessions(storage.reader, {}, range, page)
    const second = await sessions(storage.reader, {}, range, { ...page, limit: 7, offset: 7 })
    expect(second.sessions).toEqual(all.sessions.slice(7, 14))
    const some = await sessions(storage.reader, { model: 'gpt-4o' }, range, page)
    expect(some.sessions.reduce((total, { requests }) => total + requests, 0)).toBe(
      within(range).filter(({ session_id, model }) => session_id !== '' && model === 'gpt-4o').length,
    )
    const own = await sessions(storage.reader, { user_id: 'user-3' }, range, page)
    expect(own.sessions.reduce((total, { requests }) => total + requests, 0)).toBe(
      within(range).filter(({ session_id, user_id }) => session_id !== '' && user_id === 'user-3').length,
    )
    for (const order of sessionOrders)
      expect((await sessions(storage.reader, {}, range, { ...page, order })).all, order).toBe(all.all)
  })

  test('each says what it was in the period before, where one compares and there is one', async () => {
    const lastHour = { from: noon - hour, to: noon }
    const compared = await sessions(storage.reader, {}, lastHour, { ...page, compare: true })
    const earlier = within(hourBefore)
    for (const { session_id, previous } of compared.sessions)
      expect([session_id, previous]).toEqual([
        session_id,
        before(earlier.filter((call) => call.session_id === session_id)),
      ])
    expect(compared.sessions.filter(({ previous }) => previous !== null).length).toBeGreaterThan(20)
    const [alone] = (await sessions(storage.reader, {}, lastHour, page)).sessions
    expect(alone && 'previous' in alone).toBe(false)
    // Nothing was seen in the first half of the two hours before.
    const unseen = await sessions(storage.reader, {}, range, { ...page, compare: true })
    expect(unseen.sessions.every(({ previous }) => previous === null)).toBe(true)
  })

  test('of too many requests the newest hours are read, and it says which', async () => {
    const hours = Map.groupBy(within(range), ({ timestamp }) => Math.floor(timestamp / 1000 / hour) * hour)
    const newest = [...hours.keys()].toSorted((a, b) => b - a)
    const first = hours.get(newest[0] ?? 0)?.length ?? 0
    expect(await newestRaw(storage.reader, range, calls.length)).toEqual(range)
    expect((await newestRaw(storage.reader, range, first)).from).toBe(newest[0])
    // Even when that hour alone is too much.
    const answer = await sessions(storage.reader, {}, whole, page, 1)
    expect(answer.read_from).toBe(newest[0])
    expect(answer.sessions.reduce((total, { requests }) => total + requests, 0)).toBe(
      (hours.get(newest[0] ?? 0) ?? []).filter(({ session_id }) => session_id !== '').length,
    )
  })

  test('one session is told whole, whatever the range, with what was judged', async () => {
    const group = calls.filter(({ session_id }) => session_id === 'session-1')
    const found = await session(storage.reader, 'session-1')
    expect(found.session).toMatchObject(sumsOf(group))
    expect(found.judgements).toContainEqual(
      expect.objectContaining({ kind: 'evaluation', name: 'helpful', label: 'yes', score: null, by: 'judge' }),
    )
    expect(await session(storage.reader, 'nobody')).toEqual({ session: null, judgements: [] })
  })
})

describe('users', () => {
  const page = { order: 'cost', limit: 100, offset: 0 } as const

  test('each as a recount says, the dearest first', async () => {
    const answer = await users(storage.reader, {}, range, page)
    const groups = Map.groupBy(within(range), ({ user_id }) => user_id)
    expect(answer.source).toBe('raw')
    expect(answer.unnamed).toBe(groups.get('')?.length)
    expect(answer.all).toBe(groups.size - 1)
    for (const row of answer.users) {
      const group = groups.get(row.user_id) ?? []
      const uses = Map.groupBy(group, ({ model }) => model)
      expect(row).toMatchObject({
        ...sumsOf(group),
        p95_ms: p95(group.map((call) => call.duration_ms)),
        model_count: uses.size,
        models: [...uses]
          .toSorted((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
          .map(([model]) => model),
        sessions: new Set(group.map(({ session_id }) => session_id).filter((id) => id !== '')).size,
      })
    }
    const costs = answer.users.map(({ cost_usd }) => cost_usd ?? -1)
    expect(costs).toEqual(costs.toSorted((a, b) => b - a))
    expect(answer.users.find(({ user_id }) => user_id === 'user-3')).toMatchObject({
      feedback: 2,
      feedback_score: 0.75,
    })
    expect(answer.users.find(({ user_id }) => user_id === 'user-4')).toMatchObject({
      feedback: 0,
      feedback_score: null,
    })
    for (const order of userOrders)
      expect((await users(storage.reader, {}, range, { ...page, order })).all, order).toBe(answer.all)
  })

  test('from the rollup of a day the sums are those of raw rows, latency that of the newest', async () => {
    const days = { from: Math.floor(whole.from / day) * day, to: whole.to }
    const raw = await users(storage.reader, {}, days, page)
    const rolled = await users(storage.reader, {}, days, page, 1)
    expect([raw.source, rolled.source]).toEqual(['raw', 'users_1d'])
    const sums = ({ users: rows }: typeof raw) =>
      rows.map(({ user_id, requests, errors, input_tokens, output_tokens, unpriced, cost_usd }) => [
        user_id,
        requests,
        errors,
        input_tokens,
        output_tokens,
        unpriced,
        cost_usd?.toFixed(9),
      ])
    expect(sums(rolled)).toEqual(sums(raw))
    expect([rolled.all, rolled.unnamed]).toEqual([raw.all, raw.unnamed])
    expect(rolled.read_from).toBeGreaterThan(days.from)
    const newest = within({ from: rolled.read_from, to: days.to })
    for (const row of rolled.users)
      expect(row.p95_ms).toBe(
        p95(newest.filter(({ user_id }) => user_id === row.user_id).map((call) => call.duration_ms)),
      )
    // What it does not keep apart, and what it can not sort by, is answered from the newest raw rows.
    expect((await users(storage.reader, { model: 'gpt-4o' }, days, page, 1)).source).toBe('raw')
    expect((await users(storage.reader, {}, days, { ...page, order: 'p95' }, 1)).source).toBe('raw')
  })

  test('each says what it was in the period before: of raw rows, filters hold; of whole days, without latency', async () => {
    const lastHour = { from: noon - hour, to: noon }
    const compared = await users(storage.reader, { model: 'gpt-4o' }, lastHour, { ...page, compare: true })
    const earlier = within(hourBefore).filter(({ model }) => model === 'gpt-4o')
    for (const { user_id, previous } of compared.users)
      expect([user_id, previous]).toEqual([user_id, before(earlier.filter((call) => call.user_id === user_id))])
    expect(compared.users.some(({ previous }) => previous !== null)).toBe(true)

    const days = await users(storage.reader, {}, { from: noon - day, to: noon }, { ...page, compare: true }, 1)
    expect(days.source).toBe('users_1d')
    const older = within({ from: noon - 3 * day, to: days.from })
    for (const { user_id, previous } of days.users) {
      const sums = before(older.filter((call) => call.user_id === user_id))
      expect([user_id, previous]).toEqual([user_id, sums && { ...sums, p95_ms: null }])
    }
    expect(days.users.some(({ previous }) => previous !== null)).toBe(true)
    const [alone] = (await users(storage.reader, {}, lastHour, page)).users
    expect(alone && 'previous' in alone).toBe(false)
  })

  test('one user, by model, with what was judged', async () => {
    const answer = await user(storage.reader, {}, range, 'user-3')
    const group = within(range).filter(({ user_id }) => user_id === 'user-3')
    expect(answer.user).toMatchObject(sumsOf(group))
    expect(Object.fromEntries(answer.models.map(({ model, requests }) => [model, requests]))).toEqual(
      Object.fromEntries([...Map.groupBy(group, ({ model }) => model)].map(([model, of]) => [model, of.length])),
    )
    expect(new Set(answer.judgements.map(({ score }) => score))).toEqual(new Set([0.5, 1]))
    const free = await user(storage.reader, { terms: termsOf('duration>=0s') }, range, 'user-3')
    expect([free.user, free.judgements]).toEqual([answer.user, answer.judgements])
    const nobody = await user(storage.reader, {}, range, "x' or 1")
    expect([nobody.user, nobody.models, nobody.judgements]).toEqual([null, [], []])
  })

  test('one user over time adds up to the same, from requests and from whole days', async () => {
    const own = (of: { from: number; to: number }) => within(of).filter(({ user_id }) => user_id === 'user-3')
    const sums = (values: Record<string, (number | null)[]>) =>
      Object.fromEntries(
        Object.entries(values).map(([name, list]) => [
          name,
          list.reduce<number>((sum, value) => sum + (value ?? 0), 0),
        ]),
      )
    const expected = (group: readonly LlmRequest[]) => ({
      requests: group.length,
      errors: group.filter(({ status }) => failed.has(status)).length,
      unpriced: group.filter(({ cost_usd }) => cost_usd === null).length,
      cost_usd: expect.closeTo(
        group.reduce((sum, { cost_usd }) => sum + (cost_usd ?? 0), 0),
        9,
      ) as number,
    })
    const raw = await withPeriodBefore(
      (asked, like) => userSeries(storage.reader, {}, asked, 'user-3', like),
      { from: noon - hour, to: noon },
      true,
    )
    expect([raw.source, raw.read_from]).toEqual(['raw', raw.from])
    expect(sums(raw.values)).toEqual(expected(own(raw)))
    expect(own(raw.previous ?? whole).length).toBeGreaterThan(0)
    expect(sums(raw.previous?.values ?? {})).toEqual(expected(own(raw.previous ?? whole)))

    const rolled = await userSeries(storage.reader, {}, whole, 'user-3', whole, 1)
    expect([rolled.source, rolled.step_ms, rolled.from % day]).toEqual(['users_1d', day, 0])
    expect(sums(rolled.values)).toEqual(expected(own(rolled)))

    // A filter that the rollup does not keep apart: the newest of the requests, and it says since when.
    const filtered = await userSeries(storage.reader, { model: 'gpt-4o' }, whole, 'user-3', whole, 1)
    expect([filtered.source, filtered.read_from > whole.from]).toEqual(['raw', true])
    const newest = own({ from: filtered.read_from, to: whole.to }).filter(({ model }) => model === 'gpt-4o')
    expect(sums(filtered.values)).toEqual(expected(newest))
  })
})
