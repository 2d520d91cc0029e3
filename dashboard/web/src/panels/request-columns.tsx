import type { RequestRow } from '../data/requests.ts'
import { formatAgo, formatCount, formatExact, formatIso, formatMs, formatUsd } from '../lib/format.ts'
import { RequestStatus } from './Status.tsx'
import type { Column } from './Table.tsx'

const time = ({ timestamp_us }: RequestRow) => timestamp_us / 1000

/** The columns of a request list; `now` in epoch ms is what ages are told against. */
export function requestColumns(now: number, color: (model: string) => string): Column<RequestRow>[] {
  return [
    {
      key: 'timestamp',
      head: 'Time',
      render: (row) => <span className="nowrap">{formatAgo(time(row), now)}</span>,
      title: (row) => formatIso(time(row)),
    },
    {
      key: 'model',
      head: 'Model',
      render: (row) => (
        <span className="swatch">
          <i style={{ background: color(row.model) }} />
          {row.model || 'no model name'}
        </span>
      ),
      title: (row) => row.provider,
    },
    {
      key: 'status',
      head: 'Status',
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
      number: true,
      render: (row) => formatMs(row.duration_ms),
      title: (row) => (row.duration_ms === null ? 'the client did not tell' : `${formatExact(row.duration_ms)} ms`),
    },
    {
      key: 'ttft_ms',
      head: 'TTFT',
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
      hint: key === 'input_tokens' ? 'Input tokens' : 'Output tokens',
      number: true,
      render: (row) => formatCount(row[key]),
      title: (row) => (row[key] === null ? 'the client did not tell' : `${formatExact(row[key])} tokens`),
    })),
    {
      key: 'cost_usd',
      head: 'Cost',
      number: true,
      render: (row) => formatUsd(row.cost_usd),
      title: (row) =>
        row.cost_usd === null
          ? 'no price is known, or no tokens'
          : `$${formatExact(row.cost_usd)} (${row.cost_source})`,
    },
    { key: 'service', head: 'Service', wide: true, render: (row) => row.service, title: (row) => row.endpoint },
    { key: 'team', head: 'Team', wide: true, render: (row) => row.team },
    {
      key: 'user',
      head: 'User',
      wide: true,
      render: (row) => <span className="clip">{row.user_id}</span>,
      title: (row) => row.user_id,
    },
  ]
}
