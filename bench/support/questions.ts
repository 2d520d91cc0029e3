/** What is asked of a month of requests, and how long the answer may take. To add a question: a line in one of the lists. */
import { dashboards } from '../../grafana/build.ts'
import { expandMacros } from '../../grafana/macros.ts'
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../../storage/client.ts'
import { contextShare } from '../../storage/queries/context-share.ts'
import { costExplanation } from '../../storage/queries/cost.ts'
import { providersNow } from '../../storage/queries/discovery.ts'
import { endpointsHealth } from '../../storage/queries/endpoint-health.ts'
import { filterValues } from '../../storage/queries/filters.ts'
import { gpuSeries, gpusNow } from '../../storage/queries/gpu.ts'
import { ingestIssues } from '../../storage/queries/ingest.ts'
import { jobQueues } from '../../storage/queries/job-queues.ts'
import { latencySeries } from '../../storage/queries/latency.ts'
import { modelsInUse } from '../../storage/queries/models-in-use.ts'
import { models } from '../../storage/queries/models.ts'
import { offenderKinds, offenders } from '../../storage/queries/offenders.ts'
import { overview } from '../../storage/queries/overview.ts'
import { lastArrivals, presence } from '../../storage/queries/presence.ts'
import { topRequests } from '../../storage/queries/request-top.ts'
import { latestRequests, requestDetail } from '../../storage/queries/requests.ts'
import { readyQuestions } from '../../storage/queries/ready-questions.ts'
import { serversNow } from '../../storage/queries/server.ts'
import { spendSeries } from '../../storage/queries/spend.ts'
import { latestTargets } from '../../storage/queries/targets.ts'
import { throughputSeries } from '../../storage/queries/throughput.ts'
import { todaySpend } from '../../storage/queries/today-spend.ts'
import { tokenGaps } from '../../storage/queries/token-gaps.ts'
import { traceSpans } from '../../storage/queries/trace.ts'
import { outages, uptime } from '../../storage/queries/uptime.ts'
import { vram } from '../../storage/queries/vram.ts'

export const ranges = { '1 h': 3_600_000, '24 h': 86_400_000, '30 d': 30 * 86_400_000 } as const
export type RangeName = keyof typeof ranges

/** A row that is there, for questions about one. */
export interface Example {
  trace_id: string
  span_id: string
  /** Of stored spans. */
  spans_trace_id: string
}

export interface Question {
  group: string
  name: string
  ask: (db: Db, range: TimeRange, example: Example) => Promise<unknown>
  /** Most ms at the 95th percentile; a range without one is measured all the same. */
  aims: Partial<Record<RangeName, number>>
  /** Default: every range. */
  over?: readonly RangeName[]
}

const within = 'timestamp >= {from:DateTime64(3)} AND timestamp < {to:DateTime64(3)}'

/** A question of SQL, bound as the SQL page and rules do: {from:DateTime64(3)} and {to:DateTime64(3)}. */
const sqlQuestion = (
  group: string,
  name: string,
  sql: string,
  aims: Question['aims'] = {},
  over?: Question['over'],
): Question => ({
  group,
  name,
  ask: (db, { from, to }) => db.query(sql, { from: new Date(from), to: new Date(to) }),
  aims,
  ...(over ? { over } : {}),
})

const page = (name: string, ask: Question['ask']): Question => ({
  group: 'page',
  name,
  ask,
  aims: { '1 h': 100, '24 h': 100, '30 d': 100 },
})
const filtered = { model: ['model-3'] }

const pages: Question[] = [
  page('overview', (db, range) => overview(db, {}, range)),
  page('overview of one model', (db, range) => overview(db, filtered, range)),
  page('health of endpoints', (db, range) => endpointsHealth(db, {}, range)),
  page('memory of GPUs', (db, range) => vram(db, range)),
  page('use of context windows', (db, range) => contextShare(db, {}, range)),
  ...offenderKinds.map((by) => page(`worst of each ${by}`, (db, range) => offenders(db, by, {}, range))),
  page('models', (db, range) => models(db, {}, range)),
  page('latency series', (db, range) => latencySeries(db, {}, range)),
  page('throughput series', (db, range) => throughputSeries(db, {}, range)),
  page('spend series', (db, range) => spendSeries(db, {}, range)),
  page('latest 50 requests', (db, range) => latestRequests(db, {}, range, 50)),
  page('slowest requests', (db, range) => topRequests(db, {}, range, 'duration_ms', { down: true, limit: 25 })),
  page('most expensive requests', (db, range) => topRequests(db, {}, range, 'cost_usd', { down: true, limit: 25 })),
  page('latest 50 of one model', (db, range) => latestRequests(db, filtered, range, 50)),
  page('values of filters', (db, range) => filterValues(db, range)),
  page('GPUs now', (db, range) => gpusNow(db, range)),
  page('GPU series', (db, range) => gpuSeries(db, range)),
  page('servers now', (db, range) => serversNow(db, range)),
  page('queues of jobs', (db, range) => jobQueues(db, range)),
  page('targets', (db, range) => latestTargets(db, range)),
  page('uptime', (db, range) => uptime(db, range, range.to)),
  page('outages', (db, range) => outages(db, range)),
  page('inbox', (db, range) => ingestIssues(db, range)),
]

const once: readonly RangeName[] = ['30 d']

/** Asked by commands, or by nobody yet: nothing waits for them. */
const others: Question[] = [
  { group: 'other', name: 'gaps between tokens', ask: (db, range) => tokenGaps(db, {}, range), aims: {} },
  { group: 'other', name: 'models in use', ask: (db, range) => modelsInUse(db, range), aims: {} },
]
const one = (name: string, ask: Question['ask'], aim = 100): Question => ({
  group: 'page',
  name,
  ask,
  aims: { '30 d': aim },
  over: once,
})

const single: Question[] = [
  one('which tables have rows', (db) => presence(db)),
  one('last arrivals', (db) => lastArrivals(db, Date.now() - 60_000)),
  one('spend of today', (db, { to }) => todaySpend(db, {}, to, 'UTC')),
  one('providers now', (db, range) => providersNow(db, range.from)),
  one('one request by its ids', (db, _, { trace_id, span_id }) => requestDetail(db, trace_id, span_id), 50),
  one('what one request cost and why', (db, _, { trace_id, span_id }) => costExplanation(db, trace_id, span_id)),
  one('spans of one trace by id', (db, _, { spans_trace_id }) => traceSpans(db, spans_trace_id), 50),
]

const raw = { '1 h': 30, '24 h': 100 }
const sql: Question[] = [
  sqlQuestion(
    'raw',
    'P50, P95, P99, cost, errors per model',
    `SELECT model, quantilesTDigest(0.5, 0.95, 0.99)(duration_ms), sum(cost_usd), countIf(status != 'ok') FROM requests
    WHERE ${within} GROUP BY model`,
    raw,
  ),
  sqlQuestion(
    'raw',
    'requests and cost per minute',
    `SELECT toStartOfMinute(timestamp) AS minute, count(), sum(cost_usd) FROM requests WHERE ${within} GROUP BY minute`,
    raw,
  ),
  sqlQuestion(
    'raw',
    'top 10 users by spend',
    `SELECT user_id, sum(cost_usd) AS usd FROM requests WHERE ${within} GROUP BY user_id ORDER BY usd DESC LIMIT 10`,
    { ...raw, '30 d': 1000 },
  ),
  sqlQuestion(
    'raw',
    'last 100 errors of a model',
    `SELECT timestamp, trace_id, error_type FROM requests WHERE ${within} AND model = 'model-3' AND status = 'error'
    ORDER BY timestamp DESC LIMIT 100`,
    raw,
  ),
  sqlQuestion(
    'raw',
    'P95 TTFT by length of the prompt',
    `SELECT intDiv(input_tokens, 500) * 500 AS tokens, quantileTDigest(0.95)(ttft_ms) FROM requests WHERE ${within} GROUP BY tokens`,
    raw,
  ),
  sqlQuestion(
    'rollup',
    'spend per team and day',
    `SELECT toDate(timestamp) AS day, team, sum(cost_usd) FROM requests_1d
    WHERE timestamp >= toStartOfDay({from:DateTime64(3)}) AND timestamp < {to:DateTime64(3)} GROUP BY day, team`,
    { '30 d': 100 },
    once,
  ),
  sqlQuestion(
    'rollup',
    'slowest hour of each model',
    `SELECT model, argMax((hour, provider, endpoint), duration_p95_ms), max(duration_p95_ms) FROM v_latency_hourly
    WHERE hour >= toStartOfHour({from:DateTime64(3)}) AND hour < {to:DateTime64(3)} GROUP BY model`,
    { '30 d': 100 },
    once,
  ),
  sqlQuestion(
    'rollup',
    'GPU hours by utilisation',
    `SELECT host, gpu, sum(utilization_ratio_sum) / sum(utilization_ratio_count) FROM gpu_1h WHERE ${within} GROUP BY host, gpu`,
    { '30 d': 100 },
    once,
  ),
]

/** Every panel of the dashboards for Grafana, with nothing chosen. */
const panels: Question[] = Object.entries(dashboards).flatMap(([file, { rows, variables }]) =>
  rows.flatMap((row) =>
    row.panels.map((panel) => ({
      group: file.replace('.json', ''),
      name: panel.title,
      ask: (db: Db, range: TimeRange) =>
        db.query(
          expandMacros(panel.sql, {
            from: Math.floor(range.from / 1000),
            to: Math.floor(range.to / 1000),
            intervalSeconds: stepFor(range) / 1000,
            variables: Object.fromEntries(variables.map(({ name }) => [name, []])),
          }),
        ),
      aims: raw,
    })),
  ),
)

/** The questions that the SQL page has ready: those over each request are raw ones, the others read rollups. */
const ready: Question[] = readyQuestions.map(({ title, sql: text }) =>
  sqlQuestion('ready', title, text, /\bv_requests\b/.test(text) ? raw : { '1 h': 100, '24 h': 100, '30 d': 100 }),
)

export const questions: readonly Question[] = [...pages, ...single, ...sql, ...ready, ...panels, ...others]
