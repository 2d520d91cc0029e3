/** Example rules for Grafana's own alerting, over the same tables. Inferwatch's own alerts need none of them. */
import { plugin } from './panels.ts'
import { isError, type Question } from './sql.ts'

export interface AlertRule extends Question {
  uid: string
  title: string
  summary: string
  severity: 'page' | 'ticket'
  /** Fires while the number of a row is above. */
  above: number
  /** How far back the query looks, in seconds. */
  window: number
  for: string
}

const datasourceUid = 'inferwatch-clickhouse'
const recent = '$__timeFilter(timestamp)'

/** One number a row; texts become labels of the alert. */
const perLabel = (label: string, number: Record<string, string>, rest: string): Question => {
  const [[name, sql] = ['', '']] = Object.entries(number)
  return {
    sql: `SELECT ${label}, ${sql} AS ${name}\n${rest}\nGROUP BY ${label}\nLIMIT 1000`,
    columns: { [label]: 'text', [name]: 'number' },
  }
}

export const alertRules: AlertRule[] = [
  {
    uid: 'inferwatch-error-ratio',
    title: 'LLM error ratio',
    summary: 'More than 5 % of the requests to {{ $labels.model }} fail',
    severity: 'page',
    above: 0.05,
    window: 600,
    for: '5m',
    // Of a few requests, one that fails is no news.
    ...perLabel(
      'model',
      { error_ratio: `if(count() < 20, 0, countIf(${isError}) / count())` },
      `FROM requests\nWHERE ${recent}`,
    ),
  },
  {
    uid: 'inferwatch-latency',
    title: 'LLM P95 latency',
    summary: 'One request in twenty to {{ $labels.model }} takes longer than 30 s',
    severity: 'page',
    above: 30_000,
    window: 600,
    for: '5m',
    ...perLabel(
      'model',
      { p95_ms: 'quantile(0.95)(duration_ms)' },
      `FROM requests\nWHERE ${recent} AND duration_ms IS NOT NULL`,
    ),
  },
  {
    uid: 'inferwatch-spend',
    title: 'LLM spend',
    summary: 'Team {{ $labels.team }} spends more than 100 dollars an hour',
    severity: 'ticket',
    above: 100,
    window: 3600,
    for: '10m',
    ...perLabel(
      'team',
      { usd_per_hour: 'toFloat64(sum(cost_usd))' },
      `FROM requests\nWHERE ${recent} AND cost_usd IS NOT NULL`,
    ),
  },
  {
    uid: 'inferwatch-kv-cache',
    title: 'KV cache full',
    summary: 'Server {{ $labels.instance }} has its KV cache more than 95 % full: requests wait or are preempted',
    severity: 'ticket',
    above: 0.95,
    window: 300,
    for: '5m',
    ...perLabel(
      'instance',
      { kv_cache: 'avg(kv_cache_ratio)' },
      `FROM server_samples\nWHERE ${recent} AND kv_cache_ratio IS NOT NULL`,
    ),
  },
  {
    uid: 'inferwatch-gpu-temperature',
    title: 'GPU hot',
    summary: 'A GPU of {{ $labels.host }} is above 85 °C',
    severity: 'ticket',
    above: 85,
    window: 300,
    for: '5m',
    ...perLabel(
      'host',
      { celsius: 'max(temperature_celsius)' },
      `FROM gpu_samples\nWHERE ${recent} AND temperature_celsius IS NOT NULL`,
    ),
  },
  {
    uid: 'inferwatch-target-down',
    title: 'Scrape target down',
    summary: '{{ $labels.url }} is not scraped',
    severity: 'ticket',
    above: 0.5,
    window: 600,
    for: '5m',
    ...perLabel('url', { down: "argMax(state, timestamp) = 'down'" }, `FROM targets\nWHERE ${recent}`),
  },
]

/** The provisioning file: paused until somebody wants them, since Inferwatch alerts by itself. */
export function alertingJson(rules: readonly AlertRule[]): object {
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name: 'inferwatch', folder: 'Inferwatch', interval: '1m', rules: rules.map(ruleJson) }],
  }
}

function ruleJson({ uid, title, summary, severity, above, window, sql, ...rule }: AlertRule): object {
  const relativeTimeRange = { from: window, to: 0 }
  return {
    uid,
    title,
    condition: 'B',
    data: [
      {
        refId: 'A',
        relativeTimeRange,
        datasourceUid,
        model: {
          refId: 'A',
          datasource: { type: plugin, uid: datasourceUid },
          editorType: 'sql',
          queryType: 'table',
          format: 1,
          rawSql: literal(sql),
        },
      },
      {
        refId: 'B',
        relativeTimeRange,
        datasourceUid: '__expr__',
        model: {
          refId: 'B',
          type: 'threshold',
          datasource: { type: '__expr__', uid: '__expr__' },
          expression: 'A',
          conditions: [{ evaluator: { type: 'gt', params: [above] } }],
        },
      },
    ],
    noDataState: 'OK',
    execErrState: 'Error',
    for: rule.for,
    annotations: { summary: literal(summary) },
    labels: { severity },
    isPaused: true,
  }
}

/** Provisioning files read `$NAME` as a variable of the environment. */
const literal = (text: string) => text.replaceAll('$', '$$$$')
