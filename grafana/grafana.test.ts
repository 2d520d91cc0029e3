import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { testStorage } from '../storage/testing.ts'
import type { Storage } from '../storage/index.ts'
import { alertRules } from './alert-rules.ts'
import { dashboards, files } from './build.ts'
import { lint } from './lint.ts'
import { expandMacros } from './macros.ts'
import { dashboardJson, type Panel } from './panels.ts'
import { deploys, type Kind } from './sql.ts'

const from = Date.UTC(2026, 0, 5, 12) / 1000
const to = from + 3600
const at = (minute: number) => (from + minute * 60) * 1e6

let storage: Storage

beforeAll(async () => {
  storage = await testStorage()
  const request = (minute: number, id: number, rest: object) => ({
    timestamp: at(minute),
    trace_id: String(id),
    span_id: String(id),
    model: 'gpt-4o',
    provider: 'openai',
    endpoint: 'eu',
    environment: 'production',
    team: 'search',
    feature: 'answers',
    status: 'ok',
    finish_reason: 'stop',
    version: 1,
    ...rest,
  })
  const tokens = { input_tokens: 10, cached_input_tokens: 4, output_tokens: 60 }
  await storage.db.insert('requests', [
    request(1, 1, {
      status: 'filtered',
      duration_ms: 1000,
      ttft_ms: 100,
      tpot_ms: 15,
      ...tokens,
      cost_usd: 0.25,
      output_cost_usd: 0.1,
    }),
    request(2, 2, { duration_ms: 3000, ttft_ms: 300, tpot_ms: 46, ...tokens, cost_usd: 0.5, output_cost_usd: 0.2 }),
    // The correction of the second: only it counts.
    request(2, 2, {
      duration_ms: 2000,
      ttft_ms: 300,
      tpot_ms: 29,
      ...tokens,
      cost_usd: 0.5,
      output_cost_usd: 0.2,
      cache_savings_usd: 0.01,
      version: 2,
    }),
    request(3, 3, { duration_ms: 50, status: 'error', error_type: 'APIError', finish_reason: '' }),
    request(4, 4, {
      duration_ms: 70,
      model: "o'brien",
      provider: 'vllm',
      endpoint: 'self-hosted',
      environment: 'staging',
      status: 'cancelled',
    }),
  ])
  const gpu = {
    host: 'node-a',
    gpu: '0',
    uuid: 'GPU-1',
    device: 'NVIDIA H200',
    utilization_ratio: 0.5,
    sm_active_ratio: 0.4,
    tensor_active_ratio: 0.3,
    dram_active_ratio: 0.6,
    memory_total_bytes: 4000,
    power_watts: 300,
    energy_delta_joules: 3000,
    temperature_celsius: 60,
    sm_clock_hz: 1.7e9,
    pcie_tx_bytes_per_second: 10,
    pcie_rx_bytes_per_second: 20,
    ecc_uncorrected: 0,
  }
  await storage.db.insert('gpu_samples', [
    { ...gpu, timestamp: at(1), memory_used_bytes: 1000, throttle_reasons: ['gpu_idle'] },
    { ...gpu, timestamp: at(1), mig_id: '1', utilization_ratio: 0.1, memory_used_bytes: 7 },
    {
      ...gpu,
      timestamp: at(2),
      gpu: '1',
      uuid: 'GPU-2',
      utilization_ratio: 0,
      throttle_reasons: ['hw_slowdown'],
      xid: 79,
    },
  ])
  const server = {
    server: 'vllm',
    instance: 'a:8000',
    endpoint: 'self-hosted',
    model: 'gpt-4o',
    running: 3,
    waiting: 1,
    kv_cache_ratio: 0.75,
  }
  const counted = {
    interval_ms: 10_000,
    input_tokens: 500,
    output_tokens: 200,
    requests_failed: 1,
    preemptions: 2,
    prefix_hits: 30,
    prefix_queries: 40,
    ttft_ms_bounds: [100, 200, 400],
    ttft_ms_counts: [90, 0, 9, 1],
    queue_ms_bounds: [10, 20],
    queue_ms_counts: [0, 0, 5],
  }
  await storage.db.insert('server_samples', [
    { ...server, timestamp: at(1) },
    { ...server, ...counted, timestamp: at(1) + 10e6 },
    { ...server, ...counted, timestamp: at(2), queue_ms_counts: [5, 0, 0] },
  ])
  await storage.db.insert('targets', [
    { timestamp: at(1), url: 'http://a', kind: 'vllm', endpoint: 'self-hosted', state: 'up' },
    { timestamp: at(2), url: 'http://a', kind: 'vllm', endpoint: 'self-hosted', state: 'down', error: 'gone' },
  ])
  const probe = { endpoint: 'self-hosted', probe: 'hello', type: 'completion', duration_ms: 120 }
  await storage.db.insert('probes', [
    { ...probe, timestamp: at(1), ok: true, status: 'ok' },
    { ...probe, timestamp: at(2), ok: false, status: 'timeout' },
  ])
  const mark = { id: 'a', timestamp: at(5), kind: 'deploy', title: 'v2', text: 'new prompt', version: 1 }
  await storage.db.insert('annotations', [
    mark,
    { ...mark, id: 'b', deleted: true },
    { ...mark, id: 'c', kind: 'note' },
  ])
  await storage.rollups.flush()
})

afterAll(() => storage?.stop())

const specs = Object.values(dashboards)
const panelsOf = (uid: string) => specs.find((spec) => spec.uid === uid)?.rows.flatMap((row) => row.panels) ?? []
const questions = specs.flatMap((spec) =>
  spec.rows.flatMap((row) => row.panels.map((panel) => [`${spec.title}: ${panel.title}`, panel, spec] as const)),
)
const none = { model: [], environment: [], provider: [], endpoint: [], instance: [], host: [], device: [], team: [] }

const expand = (sql: string, variables: Record<string, string[]>, since = from, until = to) =>
  expandMacros(sql, { from: since, to: until, intervalSeconds: 60, variables })

/** As the reader, with the profile's `final = 1`: what Grafana's user of docker-compose.yml may do. */
const run = (sql: string, variables: Record<string, string[]> = none, since = from, until = to) =>
  storage.reader.query<Record<string, unknown>>(expand(sql, variables, since, until))

/** Columns of an answer by what Grafana makes of their types. */
async function kindsOf(sql: string): Promise<Record<string, Kind | 'other'>> {
  const columns = await storage.db.query<{ name: string; type: string }>(`DESCRIBE (${expand(sql, none)})`)
  return Object.fromEntries(columns.map(({ name, type }) => [name, kindOf(type)]))
}

function kindOf(type: string): Kind | 'other' {
  const plain = type.replace(/^(LowCardinality|Nullable)\((.*)\)$/, '$2').replace(/^Nullable\((.*)\)$/, '$1')
  if (plain.startsWith('DateTime')) return 'time'
  if (/^(U?Int|Float)\d+$/.test(plain)) return 'number'
  return plain === 'String' ? 'text' : 'other'
}

test('checked-in files are what the script writes', async () => {
  const written = await files()
  for (const folder of ['dashboards', 'provisioning/alerting'])
    for (const file of readdirSync(join(import.meta.dirname, folder)))
      expect([...written.keys()]).toContain(`${folder}/${file}`)
  for (const [path, text] of written) expect(readFileSync(join(import.meta.dirname, path), 'utf8'), path).toBe(text)
})

describe('every panel asks something that ClickHouse answers, in the shape that it says', () => {
  test.each(questions)('%s', async (_, { sql, columns }, spec) => {
    expect(await kindsOf(sql)).toEqual(columns)
    expect((await run(sql)).length).toBeGreaterThan(0)
    // With every variable chosen, to nothing that is there.
    const chosen = Object.fromEntries(spec.variables.map(({ name }) => [name, ["o'brien", 'nothing']]))
    await expect(run(sql, { ...none, ...chosen })).resolves.toBeDefined()
  })

  test.each(questions.filter(([, { type }]) => type === 'stat'))('%s is one number', async (_, { sql, columns }) => {
    const [name = ''] = Object.keys(columns)
    expect(await run(sql)).toEqual([{ [name]: expect.any(Number) }])
  })

  test.each(questions.filter(([, { type }]) => type === 'timeseries'))(
    '%s is a time series, with something known of each value',
    async (_, { sql, columns }) => {
      expect(sql).toMatch(/ORDER BY time$/)
      const rows = await run(sql)
      expect(rows[0]?.['time']).toMatch(/^2026-01-05 12:0\d:00$/)
      for (const name of Object.keys(columns).filter((name) => columns[name] === 'number'))
        expect(rows.map((row) => row[name])).toContainEqual(expect.any(Number))
    },
  )

  const variables = specs.flatMap((spec) =>
    spec.variables.map(({ name, sql }) => [`${spec.title}: $${name}`, name, sql] as const),
  )
  test.each(variables)('%s', async (_, name, sql) => {
    const values = (await run(sql)).map((row) => row[name])
    expect(values).toEqual([...new Set(values)])
    expect(values).toContain(expectedValue[name])
  })
  const expectedValue: Record<string, string> = {
    model: "o'brien",
    environment: 'production',
    provider: 'openai',
    endpoint: 'self-hosted',
    instance: 'a:8000',
    host: 'node-a',
    device: 'NVIDIA H200',
    team: 'search',
  }

  test('deploys, but no other marks and none that was taken back', async () => {
    expect(await kindsOf(deploys.sql)).toEqual(deploys.columns)
    const time = '2026-01-05 12:05:00.000'
    expect(await run(deploys.sql)).toEqual([{ time, timeEnd: time, title: 'v2', text: 'new prompt', tags: 'deploy' }])
  })
})

describe('alert rules', () => {
  test.each(alertRules.map((rule) => [rule.title, rule] as const))('%s', async (_, { sql, columns }) => {
    expect(await kindsOf(sql)).toEqual(columns)
    expect((await run(sql)).length).toBeGreaterThan(0)
    expect(Object.values(columns).filter((kind) => kind === 'number')).toHaveLength(1)
  })

  test('a target that is down, and one that is not', async () => {
    const rule = alertRules.find(({ title }) => title === 'Scrape target down')
    expect(await run(rule?.sql ?? '')).toEqual([{ url: 'http://a', down: 1 }])
  })

  test('say which label their summary names, and are paused', () => {
    const { groups } = parse(
      readFileSync(join(import.meta.dirname, 'provisioning/alerting/inferwatch.yaml'), 'utf8'),
    ) as {
      groups: { rules: { uid: string; isPaused: boolean; data: { model: { rawSql?: string } }[] }[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.map(({ uid }) => uid)).toEqual(alertRules.map(({ uid }) => uid))
    for (const rule of rules) {
      expect(rule.isPaused).toBe(true)
      // `$NAME` would be a variable of Grafana's environment.
      expect(rule.data[0]?.model.rawSql).toMatch(/\$\$__timeFilter/)
    }
    for (const { summary, columns } of alertRules)
      for (const [, label] of summary.matchAll(/\$labels\.(\w+)/g)) expect(columns[label ?? '']).toBe('text')
  })
})

describe('by hand', () => {
  const asked = (uid: string, title: string, model: string[] = [], since = from, until = to) => {
    const panel: Panel | undefined = panelsOf(uid).find((candidate) => candidate.title === title)
    return run(panel?.sql ?? '', { ...none, model }, since, until)
  }
  const value = (title: string, model: string[] = []) => asked('inferwatch-overview', title, model)

  test('totals', async () => {
    expect(await value('Requests')).toEqual([{ requests: 4 }])
    expect(await value('Error ratio')).toEqual([{ error_ratio: 0.25 }])
    expect(await value('Spend')).toEqual([{ spend_usd: 0.75 }])
    expect(await value('Requests without a price')).toEqual([{ unpriced: 2 }])
    expect(await value('P50 latency', ["o'brien"])).toEqual([{ p50_ms: 70 }])
  })

  test('without requests, numbers are unknown rather than NaN', async () => {
    // As text, since the client of these tests makes null of NaN; Grafana's shows it.
    for (const [title, panel, spec] of questions.filter(([, { type }]) => type === 'stat')) {
      const chosen = Object.fromEntries(spec.variables.map(({ name }) => [name, ['none']]))
      const [row] = await run(`SELECT * APPLY toString FROM (\n${panel.sql}\n)`, { ...none, ...chosen })
      expect([null, '0'], title).toContain(Object.values(row ?? {})[0])
    }
  })

  test('over time', async () => {
    expect((await value('Output tokens per second'))[0]).toEqual({
      time: '2026-01-05 12:01:00',
      model: 'gpt-4o',
      tokens: 1,
    })
    expect((await value('Spend per hour'))[1]).toMatchObject({ usd_per_hour: 30 })
    expect((await value('Latency'))[1]).toMatchObject({ p50: 2000, p95: 2000 })
  })

  test('percentiles over days: the digests of whole hours say what requests say', async () => {
    const days = from - 3 * 86_400
    const both = (uid: string, title: string, model: string[] = ['gpt-4o']) =>
      Promise.all([asked(uid, title, model), asked(uid, title, model, days)])
    expect(await both('inferwatch-overview', 'P50 latency')).toEqual([[{ p50_ms: 1000 }], [{ p50_ms: 1000 }]])
    expect(await both('inferwatch-model', 'P95 time to first token', ["o'brien"])).toEqual([
      [{ p95_ms: null }],
      [{ p95_ms: null }],
    ])
    const tokens = { tokens_in: 20, tokens_out: 120, spend_usd: 0.75 }
    const unknown = { tokens_in: null, tokens_out: null, spend_usd: null }
    const rows = [
      { model: 'gpt-4o', provider: 'openai', requests: 3, errors: 1, p50_ms: 1000, ...tokens },
      { model: "o'brien", provider: 'vllm', requests: 1, errors: 0, p50_ms: 70, p95_ms: 70, ...unknown },
    ]
    expect(await both('inferwatch-overview', 'Models', [])).toMatchObject([rows, rows])
    // One hour, not its minutes.
    expect(await asked('inferwatch-overview', 'Latency', ['gpt-4o'], days)).toEqual([
      { time: '2026-01-05 12:00:00', model: 'gpt-4o', p50: 1000, p95: expect.any(Number) },
    ])
  })

  test('a range as a whole: the hours in it from their digests, what it cuts from requests', async () => {
    const begin = from - 10 * 86_400
    const calls = Array.from({ length: 420 }, (_, minute) => ({
      timestamp: (begin + minute * 60) * 1e6,
      trace_id: `minute ${minute}`,
      span_id: 'span',
      model: 'gpt-4o',
      provider: 'openai',
      environment: 'production',
      status: minute % 5 === 0 ? 'timeout' : 'ok',
      duration_ms: 1 + ((minute * 7919) % 1000),
      ...(minute % 3 === 0 ? { output_tokens: minute, cost_usd: minute / 1024 } : {}),
      version: 1,
    }))
    await storage.db.insert('requests', calls)
    await storage.rollups.flush()
    const [first, last] = [17, 5 * 60 + 40]
    const range = [begin + first * 60, begin + last * 60] as const
    const counted = calls.slice(first, last + 1)
    const durations = counted.map(({ duration_ms }) => duration_ms).toSorted((a, b) => a - b)
    const sum = (values: (number | undefined)[]) => values.reduce<number>((total, value = 0) => total + value, 0)
    const check = async () => {
      const rows = await asked('inferwatch-overview', 'Models', [], ...range)
      expect(rows).toEqual([
        {
          model: 'gpt-4o',
          provider: 'openai',
          requests: counted.length,
          errors: counted.filter(({ status }) => status === 'timeout').length,
          p50_ms: expect.closeTo(durations[Math.floor(durations.length / 2)] ?? NaN, -1),
          p95_ms: expect.closeTo(durations[Math.floor(durations.length * 0.95)] ?? NaN, -1),
          tokens_in: null,
          tokens_out: sum(counted.map(({ output_tokens }) => output_tokens)),
          spend_usd: sum(counted.map(({ cost_usd }) => cost_usd)),
        },
      ])
      for (const [title, name] of [
        ['P50 latency', 'p50_ms'],
        ['P95 latency', 'p95_ms'],
      ] as const)
        expect(await asked('inferwatch-overview', title, [], ...range)).toEqual([{ [name]: rows[0]?.[name] }])
      expect(await asked('inferwatch-model', 'P95 time to first token', [], ...range)).toEqual([{ p95_ms: null }])
    }
    await check()
    const perSecond = await asked('inferwatch-model', 'Requests per second', [], ...range)
    expect(perSecond).toEqual(
      counted.map(({ timestamp, status }) => ({
        time: new Date(timestamp / 1000).toISOString().slice(0, 19).replace('T', ' '),
        status,
        requests: 1 / 60,
      })),
    )
    // The hours in it are not counted again, nor read from anywhere else.
    await storage.db.command(
      'ALTER TABLE requests DELETE WHERE timestamp >= {since:DateTime} AND timestamp < {until:DateTime} SETTINGS mutations_sync = 2',
      { since: begin + 3600, until: begin + 5 * 3600 },
    )
    await check()
  })

  test('two days are 48 hours: fewer, over two midnights, are read from requests', async () => {
    const since = from - 40 * 3600
    expect(new Date(since * 1000).getUTCDate()).toBe(new Date(to * 1000).getUTCDate() - 2)
    expect((await asked('inferwatch-overview', 'Latency', ['gpt-4o'], since)).length).toBeGreaterThan(1)
  })

  test('GPUs are whole ones, targets their newest state', async () => {
    expect((await value('GPU memory'))[0]).toEqual({
      time: '2026-01-05 12:01:00',
      gpu_name: 'node-a gpu 0',
      used: 1000,
    })
    expect(await value('Scrape targets')).toMatchObject([{ url: 'http://a', state: 'down', error: 'gone' }])
  })

  test('models: errors by type, the slowest request with its trace', async () => {
    expect(await asked('inferwatch-model', 'Errors per second by type')).toEqual([
      { time: '2026-01-05 12:03:00', error: 'APIError', errors: 1 / 60 },
    ])
    const [slowest] = await asked('inferwatch-model', 'Slowest requests')
    expect(slowest).toMatchObject({ duration_ms: 2000, trace_id: '2', span_id: '2', spend_usd: 0.5 })
    expect(await asked('inferwatch-model', 'Cost per 1,000 requests')).toEqual([{ usd: 375 }])
    expect((await asked('inferwatch-model', 'Prompt cache'))[0]).toMatchObject({ cached: 0.4 })
  })

  test('servers: rates per second of what samples cover, P95 up to its bucket', async () => {
    const [tokens] = await asked('inferwatch-endpoint', 'Tokens per second')
    expect(tokens).toMatchObject({ instance: 'a:8000', tokens_in: 50, tokens_out: 20 })
    const [p95] = await asked('inferwatch-endpoint', 'P95 time to first token, of the server')
    expect(p95).toMatchObject({ p95_below: 400 })
    expect(await asked('inferwatch-endpoint', 'Probes that failed')).toEqual([{ failed_ratio: 0.5 }])
  })

  test('a P95 beyond the last bound is unknown', async () => {
    const [p95] = await asked('inferwatch-endpoint', 'P95 time in the queue')
    expect(p95).toMatchObject({ p95_below: null })
  })

  test('the fleet: whole GPUs, idle ones, what the exporter says of each', async () => {
    expect(await asked('inferwatch-gpus', 'GPUs')).toMatchObject([{ gpus: 2 }])
    expect(await asked('inferwatch-gpus', 'Utilisation')).toEqual([{ utilisation: 0.25 }])
    expect(await asked('inferwatch-gpus', 'Idle GPUs')).toEqual([{ idle: 1 }])
    // An idle GPU clocks down too: that is nobody's trouble.
    expect(await asked('inferwatch-gpus', 'Held down')).toEqual([{ throttled: 0.5 }])
  })

  test('cost: from the rollup of an hour the same as from requests', async () => {
    expect(await asked('inferwatch-cost', 'Spend')).toEqual([{ spend_usd: 0.75 }])
    expect(await asked('inferwatch-cost', 'Spend', ["o'brien"])).toEqual([{ spend_usd: null }])
    expect(await asked('inferwatch-cost', 'Cost of a request')).toEqual([{ usd: 0.375 }])
    expect(await asked('inferwatch-cost', 'Saved by prompt caching')).toEqual([{ saved_usd: 0.01 }])
    expect((await asked('inferwatch-cost', 'Teams'))[0]).toMatchObject({ team: 'search', calls: 4, spend_usd: 0.75 })
    expect(await asked('inferwatch-cost', 'Most expensive requests')).toMatchObject([
      { spend_usd: 0.5, trace_id: '2' },
      { spend_usd: 0.25, trace_id: '1' },
    ])
  })

  test('users: from single requests, and from the rollup of a day over days where it keeps apart what is chosen', async () => {
    const users = (model: string[], since: number) => asked('inferwatch-cost', 'Users', model, since)
    const all = { user_id: '', spend_usd: 0.75, calls: 4, without_price: 2, tokens_in: 20, tokens_out: 120 }
    const days = from - 3 * 86_400
    expect(await users([], from)).toEqual([all])
    expect(await users([], days)).toEqual([all])
    const one = [{ ...all, spend_usd: null, calls: 1, without_price: 1, tokens_in: 0, tokens_out: 0 }]
    for (const since of [from, days]) expect(await users(["o'brien"], since)).toEqual(one)
    // Of two environments.
    await storage.db.command('ALTER TABLE users_1d UPDATE requests = 9 WHERE 1 SETTINGS mutations_sync = 2')
    expect(await Promise.all([users([], from), users([], days)])).toMatchObject([[{ calls: 4 }], [{ calls: 18 }]])
    expect(await users(["o'brien"], days)).toEqual(one)
  })
})

test.each(Object.entries(dashboards))('%s has nothing to mend', (_, spec) => {
  expect(lint(JSON.parse(JSON.stringify(dashboardJson(spec))))).toEqual([])
})

test.each(questions)('%s: units and links are of columns that are there', (_, { columns, units = {}, links = {} }) => {
  const named = [...Object.keys(units), ...Object.keys(links)]
  const read = Object.values(links).flatMap(({ url }) =>
    [...url.matchAll(/__data\.fields\.(\w+)/g)].map(([, column]) => column ?? ''),
  )
  expect(Object.keys(columns)).toEqual(expect.arrayContaining([...named, ...read]))
})

test('links lead to pages and dashboards that exist', () => {
  const source = readFileSync(join(import.meta.dirname, '../dashboard/web/src/frame/pages.ts'), 'utf8')
  const pages = [...source.matchAll(/to: '(\S+)'/g)].map(([, path]) => `\${inferwatch:raw}${path}`)
  const places = [...pages, ...specs.map(({ uid }) => `/d/${uid}`)]
  const links = [...specs.map(({ page }) => page), ...questions.flatMap(([, { links = {} }]) => Object.values(links))]
  for (const { url } of links) expect(places).toContain(url.split('?')[0])
})

test('dashboards have names of their own', () => {
  expect(new Set(specs.map(({ uid }) => uid)).size).toBe(specs.length)
  expect(new Set(specs.map(({ title }) => title)).size).toBe(specs.length)
})

test('an unknown macro is an error', () => {
  const context = { from, to, intervalSeconds: 60, variables: {} }
  expect(() => expandMacros('SELECT $__nonsense', context)).toThrow('$__nonsense')
  expect(() => expandMacros('SELECT ${model:singlequote}', context)).toThrow('$model')
})

test('provisioning files name the same things as docker-compose.yml', () => {
  const read = (file: string) => parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as unknown
  const compose = read('../docker-compose.yml') as { services: { grafana: { volumes: string[] } } }
  const provider = read('provisioning/dashboards/inferwatch.yaml') as { providers: { options: { path: string } }[] }
  expect(compose.services.grafana.volumes).toContain(`./grafana/dashboards:${provider.providers[0]?.options.path}:ro`)
  const sources = read('provisioning/datasources/inferwatch.yaml') as {
    datasources: { uid: string; type: string; jsonData?: { username: string; port: number; host: string } }[]
  }
  const [clickhouse] = sources.datasources
  expect(clickhouse).toMatchObject({
    type: 'grafana-clickhouse-datasource',
    jsonData: { host: 'clickhouse', port: 8123 },
  })
  expect(sources.datasources[1]).toMatchObject({ type: 'prometheus', url: 'http://prometheus:9090' })
  const ids = new Set(sources.datasources.map(({ uid }) => uid))
  const alerting = read('provisioning/alerting/inferwatch.yaml') as {
    groups: { rules: { data: { datasourceUid: string }[] }[] }[]
  }
  for (const { data } of alerting.groups.flatMap(({ rules }) => rules)) expect(ids).toContain(data[0]?.datasourceUid)
  const users = readFileSync(join(import.meta.dirname, 'clickhouse-users.xml'), 'utf8')
  expect(users).toContain(`<${clickhouse?.jsonData?.username}>`)
})
