/** Versions, variants, regions side by side: each against one of them, with whether the difference is more than noise. */
import { useMemo } from 'react'
import { settled } from '../../charts/lines.ts'
import { useBreakdown, type Breakdown, type BreakdownRow } from '../../data/traffic.ts'
import {
  formatPart,
  formatChange,
  formatCount,
  formatExact,
  formatMs,
  formatRatio,
  formatUsd,
  type Maybe,
} from '../../lib/format.ts'
import { errorDifference, percentileDifference, type Difference } from '../../lib/noise.ts'
import { useChoice } from '../../lib/use-choice.ts'
import { useSearch } from '../../lib/use-search.ts'
import { sourceNote } from '../LatencyPanel.tsx'
import { LinePanel, previousOf, type NamedLine } from '../LinePanel.tsx'
import { NothingHere } from '../NothingHere.tsx'
import { PageProvider } from '../page-context.tsx'
import { Panel } from '../Panel.tsx'
import { Swatch } from '../Swatch.tsx'
import { Table, type Column } from '../Table.tsx'
import { boundedNote } from './FlowPanels.tsx'
import type { Thing } from './slos-of.ts'

const words = {
  model_version: 'version',
  variant: 'variant',
  prompt_version: 'prompt version',
  region: 'region',
  provider: 'provider',
  endpoint: 'endpoint',
  model: 'model',
  environment: 'environment',
  team: 'team',
  feature: 'feature',
} as const
type Dimension = keyof typeof words
const dimensions = Object.keys(words) as Dimension[]

const valueWord = (value: string) => value || 'none told'

export function BreakdownPanels({ by }: Pick<Thing, 'by'>) {
  const [search] = useSearch()
  const offered = dimensions.filter((dimension) => dimension !== by)
  const chosen = offered.find((dimension) => dimension === search.by) ?? (by === 'model' ? 'model_version' : 'model')
  const asked = useBreakdown(chosen)
  const names = useMemo(() => [(asked.data?.rows ?? []).map(({ value }) => value)], [asked.data])
  return (
    <PageProvider names={names}>
      <div className="panels">
        <SideBySide dimension={chosen} offered={offered} />
        <OverTime dimension={chosen} />
      </div>
    </PageProvider>
  )
}

const noteOf = (data: Breakdown | undefined) =>
  [
    data && data.all > data.rows.length ? `busiest ${data.rows.length} of ${data.all}` : '',
    sourceNote(data),
    boundedNote(data),
  ]
    .filter(Boolean)
    .join(', ')

function SideBySide({ dimension, offered }: { dimension: Dimension; offered: readonly Dimension[] }) {
  const asked = useBreakdown(dimension)
  const [search, change] = useSearch()
  const baselineOf = ({ rows }: Breakdown) => rows.find(({ value }) => value === search.baseline) ?? rows[0]
  return (
    <Panel
      title="Side by side"
      unit={noteOf(asked.data)}
      hint="Each value against the one in the first row or the one you choose; a click on a row chooses it"
      asked={asked}
      height={180}
      wide
      controls={
        <label className="dimension">
          by
          <select
            aria-label="Compare by"
            value={dimension}
            onChange={(event) => {
              const by = event.currentTarget.value
              change(({ baseline: _baseline, ...rest }) => ({ ...rest, by }))
            }}
          >
            {offered.map((one) => (
              <option key={one} value={one}>
                {words[one]}
              </option>
            ))}
          </select>
        </label>
      }
      renderEmpty={(data) => (data.rows.length === 0 ? <NothingHere what="No request in this range" /> : null)}
      table={({ rows }) => ({
        columns: Object.keys(rows[0] ?? {}),
        rows: rows.map((row) => Object.values(row).map((value) => (Array.isArray(value) ? value.join(' to ') : value))),
      })}
    >
      {(data) => (
        <Table
          label="Side by side"
          columns={columnsOf(words[dimension], baselineOf(data))}
          rows={data.rows}
          id={({ value }) => value}
          open={search.baseline}
          onOpen={({ value }) => change((before) => ({ ...before, baseline: value }), { replace: true })}
        />
      )}
    </Panel>
  )
}

const ratio = ({ errors, requests }: BreakdownRow) => (requests > 0 ? errors / requests : null)
const each = (value: number | null, { requests }: BreakdownRow) => (value === null ? null : value / requests)

function columnsOf(head: string, baseline: BreakdownRow | undefined): Column<BreakdownRow>[] {
  const compared = (row: BreakdownRow) => (row === baseline ? undefined : baseline)
  const percentile = (
    key: 'p50_ms' | 'p95_ms',
    of: 'p50_interval' | 'p95_interval',
    word: string,
  ): Column<BreakdownRow> => ({
    key,
    head: word,
    hint: `${word} latency; the interval on hover holds that of all such requests in 95 of 100 cases`,
    number: true,
    render: (row) => {
      const other = compared(row)
      return (
        <>
          {formatMs(row[key])}
          {other && <Versus now={row[key]} before={other[key]} difference={percentileDifference(row[of], other[of])} />}
        </>
      )
    },
    sort: (row) => row[key],
    title: (row) => {
      const interval = row[of]
      return interval === null ? 'too few requests for an interval' : interval.map((ms) => formatMs(ms)).join(' to ')
    },
  })
  const plain = (
    key: string,
    word: string,
    hint: string,
    value: (row: BreakdownRow) => Maybe,
    format: (value: Maybe) => string,
  ): Column<BreakdownRow> => ({
    key,
    head: word,
    hint,
    number: true,
    render: (row) => {
      const other = compared(row)
      return (
        <>
          {format(value(row))}
          <span className="versus">{other && formatChange(value(row), value(other)).text}</span>
        </>
      )
    },
    sort: (row) => value(row) ?? null,
    title: (row) => formatExact(value(row)),
  })
  return [
    {
      key: 'value',
      head: head.charAt(0).toUpperCase() + head.slice(1),
      render: (row) => (
        <Swatch of={row.value}>
          {valueWord(row.value)}
          {row === baseline && <span className="dim"> baseline</span>}
        </Swatch>
      ),
      title: (row) => row.value,
      sort: (row) => row.value,
    },
    {
      key: 'requests',
      head: 'Requests',
      number: true,
      render: (row) => formatCount(row.requests),
      sort: (row) => row.requests,
      title: (row) => formatExact(row.requests),
    },
    {
      key: 'errors',
      head: 'Errors',
      hint: 'Errors, rate limits and time-outs as a share of requests; the difference is tested as one of two proportions, at 95 %',
      number: true,
      render: (row) => {
        const other = compared(row)
        return (
          <>
            {formatRatio(ratio(row))}
            {other ? (
              <Versus now={ratio(row)} before={ratio(other)} difference={errorDifference(row, other)} />
            ) : (
              <span className="versus" />
            )}
          </>
        )
      },
      sort: ratio,
      title: (row) => formatPart(row.errors, row.requests, 'request'),
    },
    percentile('p50_ms', 'p50_interval', 'P50'),
    percentile('p95_ms', 'p95_interval', 'P95'),
    plain('ttft_p50_ms', 'TTFT P50', 'Time to first token, median', (row) => row.ttft_p50_ms, formatMs),
    plain('input_tokens', 'In', 'Input tokens of a request, mean', (row) => each(row.input_tokens, row), formatCount),
    plain(
      'output_tokens',
      'Out',
      'Output tokens of a request, mean',
      (row) => each(row.output_tokens, row),
      formatCount,
    ),
    plain(
      'cost_usd',
      'Cost each',
      'Cost of a request, mean over those with a known price',
      ({ cost_usd, requests, unpriced }) =>
        cost_usd === null || requests === unpriced ? null : cost_usd / (requests - unpriced),
      formatUsd,
    ),
  ]
}

const verdicts: Record<Difference, { mark: string; news: 'bad' | 'good' | 'neutral'; why: string }> = {
  more: { mark: '▲', news: 'bad', why: 'More than the baseline, beyond noise' },
  less: { mark: '▼', news: 'good', why: 'Less than the baseline, beyond noise' },
  noise: { mark: '≈', news: 'neutral', why: 'Within noise: as likely by chance' },
  'too few': { mark: '?', news: 'neutral', why: 'Too few requests to tell from noise' },
}

/** The change, and whether to believe it: a mark and a word on hover, never a colour alone. */
function Versus({ now, before, difference }: { now: Maybe; before: Maybe; difference: Difference }) {
  const { mark, news, why } = verdicts[difference]
  return (
    <span className="versus" data-news={news} data-difference={difference} title={why}>
      {formatChange(now, before).text} <span aria-hidden>{mark}</span>
      <span className="sr-only">{why}</span>
    </span>
  )
}

const measures = { p50_ms: 'P50', p95_ms: 'P95', errors: 'Errors' } as const
type Measure = keyof typeof measures
const measureNames = Object.keys(measures) as Measure[]

function OverTime({ dimension }: { dimension: Dimension }) {
  const asked = useBreakdown(dimension)
  const [measure, setMeasure] = useChoice('side-by-side', measureNames, 'p95_ms')
  const lines = useMemo(
    () =>
      (data: Breakdown): NamedLine[] =>
        data.lines.map((line) => ({
          name: valueWord(line.value),
          colorOf: line.value,
          values: settled(
            data,
            measure === 'errors'
              ? line.requests.map((requests, index) => (requests ? (line.errors[index] ?? 0) / requests : null))
              : line[measure],
          ),
        })),
    [measure],
  )
  return (
    <LinePanel
      title={`${measures[measure]} by ${words[dimension]}`}
      unit={noteOf(asked.data)}
      hint="The same requests over time, a line for each value"
      asked={asked}
      frame={(data) => data}
      lines={lines}
      previous={previousOf}
      format={measure === 'errors' ? formatRatio : formatMs}
      scalable={measure !== 'errors'}
      wide
      controls={
        <div className="toggles" role="group" aria-label="What the lines show">
          {measureNames.map((one) => (
            <button key={one} type="button" aria-pressed={one === measure} onClick={() => setMeasure(one)}>
              {measures[one]}
            </button>
          ))}
        </div>
      }
      empty={<NothingHere what="No request in this range" />}
    />
  )
}
