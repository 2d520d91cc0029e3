import { useUptime, type OutageRow, type UptimeRow } from '../data/uptime.ts'
import {
  formatAgo,
  formatCount,
  formatExactly,
  formatIso,
  formatMonth,
  formatMs,
  formatPart,
  formatRate,
  formatUsd,
} from '../lib/format.ts'
import { Meter } from '../panels/Meter.tsx'
import { EndpointLink } from '../panels/NameLink.tsx'
import { Panel } from '../panels/Panel.tsx'
import { Panels } from '../panels/Panels.tsx'
import { Status, type Level } from '../panels/Status.tsx'
import { Table, type Column } from '../panels/Table.tsx'

/** Whether endpoints are up, how much of the month’s error budget is left, and when they were not. */
export default function Uptime() {
  const asked = useUptime()
  const month = asked.data ? formatMonth(asked.data.from) : 'this month'
  return (
    <Panels>
      <Panel
        title={`Endpoints in ${month}`}
        hint="What probes saw, over the calendar month in UTC; time without probes counts neither as up nor as down"
        asked={asked}
        height={200}
        wide
        renderEmpty={(data) =>
          data.probes.length === 0 ? <p>Endpoints show once endpoints[].probes in inferwatch.yaml lists some</p> : null
        }
        table={(data) => ({
          columns: Object.keys(data.probes[0] ?? {}),
          rows: data.probes.map(({ last, ...row }) => [...Object.values(row), last.error]),
        })}
      >
        {(data) => (
          <Table
            label="Endpoints"
            columns={probeColumns(data.now)}
            rows={data.probes}
            id={(row) => `${row.endpoint} ${row.probe}`}
          />
        )}
      </Panel>
      <Panel
        title="Outages"
        hint="Failed probes in a row, from the first of them to the next good one"
        asked={asked}
        height={160}
        wide
        renderEmpty={(data) => (data.outages.length === 0 ? <p>No probe failed in {month}</p> : null)}
        table={(data) => ({
          columns: Object.keys(data.outages[0] ?? {}),
          rows: data.outages.map((row) => Object.values({ ...row, cold_start: Number(row.cold_start) })),
        })}
      >
        {(data) => (
          <Table
            label="Outages"
            columns={outageColumns(data.now)}
            rows={data.outages}
            id={(row) => `${row.endpoint} ${row.probe} ${row.from_ms}`}
          />
        )}
      </Panel>
    </Panels>
  )
}

/** To the hundredth of a percent, where an objective is missed or met. */
const percent = (ratio: number | null) => (ratio === null ? '—' : `${(Math.floor(ratio * 1e5) / 1e3).toFixed(3)} %`)

function stateOf({ last }: UptimeRow, now: number): [Level, string] {
  if (now > last.until_ms) return ['unknown', 'not probed']
  return last.ok ? ['ok', 'up'] : ['critical', 'down']
}

const soonDays = 14

const probed: Column<{ endpoint: string; probe: string }> = {
  key: 'endpoint',
  head: 'Endpoint',
  render: (row) => (
    <span className="wrap">
      <b>
        <EndpointLink name={row.endpoint} />
      </b>{' '}
      <span className="dim">{row.probe}</span>
    </span>
  ),
  sort: (row) => `${row.endpoint} ${row.probe}`,
}

const probeColumns = (now: number): Column<UptimeRow>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => {
      const [level, word] = stateOf(row, now)
      return <Status level={level} word={word} title={row.last.error || undefined} />
    },
    sort: (row) => stateOf(row, now)[1],
  },
  probed,
  {
    key: 'uptime',
    head: 'Up',
    hint: 'Share of the time that probes know of',
    number: true,
    render: (row) => percent(row.uptime_ratio),
    title: (row) => `${formatPart(row.failed, row.probes, 'probe')} failed`,
    sort: (row) => row.uptime_ratio,
  },
  {
    key: 'budget',
    head: 'Error budget left',
    hint: 'How long it may still be down this month',
    render: (row) => (
      <Meter
        ratio={row.budget_left_ms / row.budget_ms}
        text={row.budget_left_ms < 0 ? `overspent by ${formatMs(-row.budget_left_ms)}` : formatMs(row.budget_left_ms)}
      />
    ),
    title: (row) => `of ${formatMs(row.budget_ms)}, for an objective of ${percent(row.objective_ratio)}`,
    sort: (row) => row.budget_left_ms,
  },
  {
    key: 'ttft',
    head: 'TTFT',
    hint: 'Median time to first token of the probes that went well',
    number: true,
    render: (row) => formatMs(row.ttft_p50_ms),
    sort: (row) => row.ttft_p50_ms,
  },
  {
    key: 'speed',
    head: 'Speed',
    hint: 'Median of output tokens per second after the first',
    number: true,
    wide: true,
    render: (row) => formatRate(row.tokens_per_second_p50, 'tok/s'),
    sort: (row) => row.tokens_per_second_p50,
  },
  {
    key: 'cold',
    head: 'Cold starts',
    hint: 'Probes that waited for the model to be loaded',
    number: true,
    wide: true,
    render: (row) => formatCount(row.cold_starts),
    sort: (row) => row.cold_starts,
  },
  {
    key: 'certificate',
    head: 'Certificate',
    hint: 'Days until it ends',
    number: true,
    wide: true,
    render: (row) => <Certificate days={row.last.certificate_days} />,
    sort: (row) => row.last.certificate_days,
  },
  {
    key: 'cost',
    head: 'Cost of probing',
    hint: 'This month; unknown where the model has no known price',
    number: true,
    wide: true,
    render: (row) => formatUsd(row.cost_usd),
    sort: (row) => row.cost_usd,
  },
  {
    key: 'last',
    head: 'Last',
    number: true,
    render: (row) => formatAgo(row.last.timestamp_ms, now),
    title: (row) => formatIso(row.last.timestamp_ms),
    sort: (row) => row.last.timestamp_ms,
  },
  {
    key: 'error',
    head: 'What is wrong',
    wide: true,
    render: (row) => <span className="wrap">{row.last.error}</span>,
  },
]

function Certificate({ days }: { days: number | null }) {
  if (days === null) return <>—</>
  const text = formatExactly(Math.floor(days), 'day')
  if (days < 0) return <Status level="critical" word="expired" />
  return days < soonDays ? <Status level="warning" word={text} /> : <>{text}</>
}

const outageColumns = (now: number): Column<OutageRow>[] => [
  probed,
  {
    key: 'from',
    head: 'Began',
    number: true,
    render: (row) => formatAgo(row.from_ms, now),
    title: (row) => formatIso(row.from_ms),
    sort: (row) => row.from_ms,
  },
  {
    key: 'length',
    head: 'Lasted',
    number: true,
    render: (row) =>
      row.to_ms === null ? (
        <Status level="critical" word={`${formatMs(now - row.from_ms)} so far`} />
      ) : (
        formatMs(row.to_ms - row.from_ms)
      ),
    sort: (row) => (row.to_ms ?? now) - row.from_ms,
  },
  { key: 'failed', head: 'Probes', number: true, wide: true, render: (row) => formatCount(row.failed) },
  {
    key: 'kind',
    head: 'Cold start',
    hint: 'Every failed probe says that the model was being loaded',
    wide: true,
    render: (row) => (row.cold_start ? 'yes' : ''),
  },
  { key: 'error', head: 'First error', render: (row) => <span className="wrap">{row.error}</span> },
]
