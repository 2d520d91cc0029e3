import type { RequestRow } from '../data/requests.ts'
import {
  formatExactly,
  formatAgo,
  formatCount,
  formatExact,
  formatIso,
  formatMs,
  formatUsd,
  unknown,
} from '../lib/format.ts'
import { CutName } from './CutName.tsx'
import { RequestStatus } from './Status.tsx'
import type { Column } from './Table.tsx'

const time = ({ timestamp_us }: RequestRow) => timestamp_us / 1000

/** The columns of a request list; `now` in epoch ms is what ages are told against. */
export function requestColumns(now: number, color: (model: string) => string): Column<RequestRow>[] {
  return [
    {
      key: 'timestamp',
      head: 'Time',
      width: 96,
      short: true,
      render: (row) => <span className="nowrap">{formatAgo(time(row), now)}</span>,
      title: (row) => formatIso(time(row)),
    },
    {
      key: 'model',
      head: 'Model',
      width: 144,
      render: (row) => (
        <span className="swatch">
          <i style={{ background: color(row.model) }} />
          <CutName name={row.model || 'no model name'} />
        </span>
      ),
      title: (row) => [row.model, row.provider].filter(Boolean).join('\n'),
    },
    {
      key: 'status',
      head: 'Status',
      width: 98,
      short: true,
      render: (row) => (
        <RequestStatus
          status={row.status}
          why={[row.http_status, row.error_type].filter(Boolean).join(' ') || undefined}
        />
      ),
    },
    {
      key: 'duration_ms',
      head: 'Latency',
      width: 78,
      number: true,
      render: (row) => formatMs(row.duration_ms),
      title: (row) => (row.duration_ms === null ? 'the client did not tell' : `${formatExact(row.duration_ms)} ms`),
    },
    {
      key: 'ttft_ms',
      head: 'TTFT',
      width: 74,
      hint: 'Time to first token',
      number: true,
      render: (row) => formatMs(row.ttft_ms),
      title: (row) =>
        row.ttft_ms === null
          ? row.streamed
            ? 'the client does not measure it'
            : 'not streamed'
          : `${formatExact(row.ttft_ms)} ms`,
    },
    ...(['input_tokens', 'output_tokens'] as const).map((key): Column<RequestRow> => ({
      key,
      head: key === 'input_tokens' ? 'In' : 'Out',
      width: 56,
      hint: key === 'input_tokens' ? 'Input tokens' : 'Output tokens',
      number: true,
      render: (row) => formatCount(row[key]),
      title: (row) => (row[key] === null ? 'the client did not tell' : formatExactly(row[key], 'token')),
    })),
    {
      key: 'cost_usd',
      head: 'Cost',
      width: 86,
      number: true,
      render: (row) => formatUsd(row.cost_usd),
      title: (row) =>
        row.cost_usd === null
          ? 'no price is known, or no tokens'
          : `$${formatExact(row.cost_usd)} (${row.cost_source})`,
    },
    {
      key: 'service',
      head: 'Service',
      wide: true,
      width: 112,
      render: (row) => row.service,
      title: (row) => row.endpoint,
    },
    { key: 'team', head: 'Team', wide: true, width: 78, render: (row) => row.team },
    {
      key: 'user',
      head: 'User',
      width: 80,
      wide: true,
      render: (row) => <span className="clip">{row.user_id}</span>,
      title: (row) => row.user_id,
    },
  ]
}

/** Every column that the list of requests may have: the usual ones first. */
export function allRequestColumns(now: number, color: (model: string) => string): Column<RequestRow>[] {
  const text = (key: TextKey, head: string, width = 110): Column<RequestRow> => ({
    key,
    head,
    width,
    render: (row) => row[key],
    title: (row) => row[key],
  })
  return [
    ...requestColumns(now, color),
    text('error_type', 'Error type', 150),
    {
      key: 'http_status',
      head: 'HTTP',
      hint: 'HTTP status',
      number: true,
      width: 64,
      render: (row) => row.http_status ?? unknown,
    },
    text('finish_reason', 'Finish', 90),
    {
      key: 'tpot_ms',
      head: 'TPOT',
      hint: 'Time per output token',
      number: true,
      render: (row) => formatMs(row.tpot_ms),
      title: (row) => (row.tpot_ms === null ? 'needs TTFT and output tokens' : `${formatExact(row.tpot_ms)} ms`),
    },
    {
      key: 'cached_input_tokens',
      head: 'Cached',
      hint: 'Input tokens read from the prompt cache',
      number: true,
      render: (row) => formatCount(row.cached_input_tokens),
      title: (row) => (row.cached_input_tokens === null ? 'the client did not tell' : undefined),
    },
    {
      key: 'attempt',
      head: 'Attempt',
      hint: '1 is the first try',
      number: true,
      width: 76,
      render: (row) => row.attempt,
    },
    text('provider', 'Provider'),
    text('endpoint', 'Endpoint', 130),
    text('environment', 'Environment'),
    text('feature', 'Feature'),
    text('operation', 'Operation'),
    text('region', 'Region'),
    text('instance', 'Instance', 130),
    text('session_id', 'Session', 140),
    text('prompt_name', 'Prompt', 130),
    text('trace_id', 'Trace', 250),
  ]
}

type TextKey = {
  [Key in keyof RequestRow]: RequestRow[Key] extends string ? Key : never
}[keyof RequestRow]

export const usualColumns = [
  'timestamp',
  'model',
  'status',
  'duration_ms',
  'ttft_ms',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'service',
  'team',
  'user',
]
