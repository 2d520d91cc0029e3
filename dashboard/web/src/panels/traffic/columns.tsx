/** The columns that lists of models and of endpoints share. */
import type { TrafficRow } from '../../data/traffic.ts'
import {
  formatExactly,
  formatPart,
  formatCount,
  formatExact,
  formatMs,
  formatRate,
  formatRatio,
  formatUsd,
  type Maybe,
} from '../../lib/format.ts'
import { Spark } from '../Spark.tsx'
import type { Column } from '../Table.tsx'
import { Change } from './Change.tsx'

/** The period that a list is about. */
export interface Period {
  from: number
  to: number
  comparing: boolean
}

const ratio = (part: Maybe, whole: Maybe) =>
  typeof part === 'number' && typeof whole === 'number' && whole > 0 ? part / whole : null

/** Of everything that was priced; tokens of unpriced requests are among those it is divided by. */
export function perMillionTokens({ cost_usd, input_tokens, output_tokens }: TrafficRow): number | null {
  const tokens = (input_tokens ?? 0) + (output_tokens ?? 0)
  return cost_usd === null || tokens === 0 ? null : (cost_usd / tokens) * 1e6
}

/** A period of which hardly anything was seen is nothing to compare with. */
function previousOf({ previous }: TrafficRow, { from, to }: Period) {
  return previous !== null && previous.first_ms < from - (to - from) / 2 ? previous : null
}

const duration = (
  key: 'p50_ms' | 'p95_ms' | 'p99_ms' | 'ttft_p50_ms' | 'ttft_p95_ms' | 'tpot_p50_ms',
  head: string,
  hint: string,
  untold: string,
): Column<TrafficRow> => ({
  key,
  head,
  hint,
  number: true,
  render: (row) => formatMs(row[key]),
  sort: (row) => row[key],
  title: (row) => (row[key] === null ? untold : `${formatExact(row[key])} ms`),
})

const noDuration = 'no request told its duration'
const noTtft = 'not streamed, or the client does not measure it'

export function trafficColumns(period: Period): Column<TrafficRow>[] {
  const seconds = (period.to - period.from) / 1000
  const change = (
    key: string,
    head: string,
    hint: string,
    value: (row: { requests: number; errors: number; p95_ms: number | null; cost_usd: number | null }) => Maybe,
    format: (value: Maybe) => string,
    rise: 'bad' | 'neutral',
  ): Column<TrafficRow>[] => {
    if (!period.comparing) return []
    const before = (row: TrafficRow) => {
      const previous = previousOf(row, period)
      return previous && value(previous)
    }
    return [
      {
        key,
        head,
        name: `${head} ${hint}`,
        hint: `${hint}, against the period before`,
        number: true,
        wide: true,
        render: (row) => <Change now={value(row)} before={before(row)} format={format} rise={rise} />,
        sort: (row) => {
          const [now, earlier] = [value(row), before(row)]
          return typeof now === 'number' && typeof earlier === 'number' && earlier !== 0 ? now / earlier : null
        },
      },
    ]
  }
  return [
    { key: 'trend', head: 'Trend', wide: true, render: (row) => <Spark values={row.spark} width={72} height={18} /> },
    {
      key: 'requests',
      head: 'Requests',
      hint: 'Calls in the range',
      number: true,
      render: (row) => formatCount(row.requests),
      sort: (row) => row.requests,
      title: (row) => formatExact(row.requests),
    },
    ...change('requests_change', '±', 'Requests', (row) => row.requests, formatCount, 'neutral'),
    {
      key: 'errors',
      head: 'Errors',
      hint: 'Errors, rate limits and time-outs as a share of requests; not what callers cancelled',
      number: true,
      render: (row) => formatRatio(ratio(row.errors, row.requests)),
      sort: (row) => ratio(row.errors, row.requests),
      title: (row) => formatPart(row.errors, row.requests, 'request'),
    },
    duration('p50_ms', 'P50', 'Median latency', noDuration),
    duration('p95_ms', 'P95', '95 of 100 requests took no longer', noDuration),
    ...change('p95_change', '±', 'P95 latency', (row) => row.p95_ms, formatMs, 'bad'),
    duration('p99_ms', 'P99', '99 of 100 requests took no longer', noDuration),
    duration('ttft_p50_ms', 'TTFT P50', 'Time to first token, median', noTtft),
    duration('ttft_p95_ms', 'TTFT P95', 'Time to first token, P95', noTtft),
    duration('tpot_p50_ms', 'TPOT', 'Time per output token after the first, median', 'needs TTFT and output tokens'),
    {
      key: 'output_tokens',
      head: 'Tokens out',
      hint: 'Tokens generated per second over the range',
      number: true,
      render: (row) => formatRate(row.output_tokens === null ? null : row.output_tokens / seconds, 'tok/s'),
      sort: (row) => row.output_tokens,
      title: (row) =>
        row.output_tokens === null ? 'no request told its tokens' : formatExactly(row.output_tokens, 'token'),
    },
    {
      key: 'cached',
      head: 'Cached',
      hint: 'Input tokens read from the prompt cache, as a share of all input tokens',
      number: true,
      render: (row) => formatRatio(ratio(row.cached_input_tokens, row.input_tokens)),
      sort: (row) => ratio(row.cached_input_tokens, row.input_tokens),
      title: (row) =>
        row.cached_input_tokens === null
          ? 'no request told its cached tokens'
          : formatPart(row.cached_input_tokens, row.input_tokens, 'token'),
    },
    {
      key: 'cost_usd',
      head: 'Spend',
      hint: 'Cost of the requests with a known price',
      number: true,
      render: (row) => <Partly row={row} text={formatUsd(row.cost_usd)} />,
      sort: (row) => row.cost_usd,
      title: (row) => (row.unpriced === 0 ? `$${formatExact(row.cost_usd)}` : unpricedWord(row)),
    },
    {
      key: 'per_million',
      head: '$ /1M tokens',
      hint: 'Spend by all tokens, in and out, of the range',
      number: true,
      render: (row) => <Partly row={row} text={formatUsd(perMillionTokens(row))} />,
      sort: perMillionTokens,
      title: (row) =>
        row.unpriced === 0 ? `$${formatExact(perMillionTokens(row))}` : `${unpricedWord(row)}; their tokens count`,
    },
    ...change('cost_change', '±', 'Spend', (row) => row.cost_usd, formatUsd, 'neutral'),
  ]
}

const unpricedWord = ({ unpriced, requests }: TrafficRow) =>
  `${formatPart(unpriced, requests, 'request')} without a known price`

/** Marked when some requests are not in it. */
function Partly({ row, text }: { row: TrafficRow; text: string }) {
  return (
    <>
      {text}
      {row.unpriced > 0 && row.cost_usd !== null && (
        <sup aria-label={`${formatExactly(row.unpriced, 'request')} unpriced`}>*</sup>
      )}
    </>
  )
}
