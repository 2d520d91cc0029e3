import { useModels, type ModelRow } from '../data/overview.ts'
import { useThroughput } from '../data/series.ts'
import {
  formatExactly,
  formatPart,
  formatCount,
  formatExact,
  formatMs,
  formatRate,
  formatRatio,
  formatUsd,
  unknown,
  type Maybe,
} from '../lib/format.ts'
import { toggleFilter } from '../lib/search.ts'
import { useSearch } from '../lib/use-search.ts'
import { NothingHere } from './NothingHere.tsx'
import { Panel } from './Panel.tsx'
import { Spark } from './Spark.tsx'
import { ModelSwatch } from './Swatch.tsx'
import { Table, type Column } from './Table.tsx'

const measure = (
  key: Exclude<keyof ModelRow, 'model' | 'providers'>,
  head: string,
  hint: string,
  format: (value: Maybe) => string,
  untold: string,
): Column<ModelRow> => {
  const value = (row: ModelRow) => row[key]
  return {
    key,
    head,
    hint,
    number: true,
    render: (row) => format(value(row)),
    sort: value,
    title: (row) => (value(row) === null ? untold : formatExact(value(row))),
  }
}

/** One row per model; a click filters the page by it. */
export function ModelsTable() {
  const asked = useModels()
  const traffic = useThroughput().data
  const [, change] = useSearch()
  const seconds = asked.data ? (asked.data.to - asked.data.from) / 1000 : 1
  const perSecond = (tokens: number | null) => (tokens === null ? null : tokens / seconds)
  const trend = (model: string) => traffic?.lines.find((line) => line.model === model && !line.other)?.requests ?? []

  const columns: Column<ModelRow>[] = [
    {
      key: 'model',
      head: 'Model',
      render: (row) => <ModelSwatch name={row.model} />,
      sort: (row) => row.model,
      title: (row) => row.providers.filter(Boolean).join(', ') || 'provider unknown',
    },
    {
      key: 'trend',
      head: '',
      wide: true,
      render: (row) => <Spark values={thin(trend(row.model))} width={72} height={18} />,
    },
    measure('requests', 'Requests', 'Calls in the range', formatCount, ''),
    {
      ...measure('errors', 'Errors', 'Errors, rate limits and time-outs as a share of requests', formatCount, ''),
      render: (row) => formatRatio(row.errors / row.requests),
      sort: (row) => row.errors / row.requests,
      title: (row) => formatPart(row.errors, row.requests, 'request'),
    },
    measure('p50_ms', 'P50', 'Median latency', formatMs, 'no request told its duration'),
    measure('p95_ms', 'P95', '95 of 100 requests took no longer', formatMs, 'no request told its duration'),
    measure('p99_ms', 'P99', '99 of 100 requests took no longer', formatMs, 'no request told its duration'),
    measure(
      'ttft_p50_ms',
      'TTFT P50',
      'Time to first token, median',
      formatMs,
      'not streamed, or the client does not measure it',
    ),
    measure(
      'ttft_p95_ms',
      'TTFT P95',
      'Time to first token, P95',
      formatMs,
      'not streamed, or the client does not measure it',
    ),
    measure(
      'tpot_p50_ms',
      'TPOT',
      'Time per output token after the first, median',
      formatMs,
      'needs TTFT and output tokens',
    ),
    ...(['input_tokens', 'output_tokens'] as const).map((key): Column<ModelRow> => ({
      key,
      head: key === 'input_tokens' ? 'Tokens in' : 'Tokens out',
      hint: 'Tokens per second over the range',
      number: true,
      render: (row) => formatRate(perSecond(row[key]), 'tok/s'),
      sort: (row) => row[key],
      title: (row) => (row[key] === null ? 'no request told its tokens' : formatExactly(row[key], 'token')),
    })),
    measure(
      'input_tokens_p50',
      'In P50',
      'Input tokens of a request, median',
      formatCount,
      'no request told its tokens',
    ),
    measure(
      'output_tokens_p50',
      'Out P50',
      'Output tokens of a request, median',
      formatCount,
      'no request told its tokens',
    ),
    {
      ...measure(
        'cost_usd',
        'Spend',
        'Cost of the requests with a known price',
        formatUsd,
        'no price is known for this model',
      ),
      render: (row) => (
        <>
          {formatUsd(row.cost_usd)}
          {row.unpriced > 0 && row.cost_usd !== null && (
            <sup aria-label={`${formatExactly(row.unpriced, 'request')} unpriced`}>*</sup>
          )}
        </>
      ),
      title: (row) =>
        row.unpriced === 0
          ? `$${formatExact(row.cost_usd)}`
          : `${formatPart(row.unpriced, row.requests, 'request')} without a known price`,
    },
  ]
  return (
    <Panel
      title="Models"
      asked={asked}
      height={180}
      wide
      renderEmpty={(data) =>
        data.models.length === 0 ? <NothingHere what="Models show once a request names one" /> : null
      }
      table={(data) => ({
        columns: Object.keys(data.models[0] ?? {}),
        rows: data.models.map((row) =>
          Object.values(row).map((value) => (Array.isArray(value) ? value.join(' ') : (value ?? null))),
        ),
      })}
    >
      {(data) => (
        <Table
          label="Models"
          columns={columns}
          rows={data.models}
          id={({ model }) => model || unknown}
          sortBy="requests"
          onOpen={({ model }) => change((search) => toggleFilter(search, 'model', model))}
          maxHeight={420}
        />
      )}
    </Panel>
  )
}

/** About forty points: more is noise at this size. */
function thin(values: readonly (number | null)[]): (number | null)[] {
  const size = Math.max(Math.ceil(values.length / 40), 1)
  return Array.from({ length: Math.floor(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size).reduce<number>((sum, value) => sum + (value ?? 0), 0),
  )
}
