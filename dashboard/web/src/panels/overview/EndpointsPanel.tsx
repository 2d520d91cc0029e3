import { Link, useNavigate } from '@tanstack/react-router'
import { useAlerts, type ActiveAlert } from '../../data/alerts.ts'
import { useEndpointsHealth, type EndpointHealth, type EndpointsHealth } from '../../data/overview.ts'
import { useSlos } from '../../data/slos.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import {
  formatExactly,
  formatPart,
  formatCount,
  formatCounted,
  formatExact,
  formatMs,
  formatRate,
  formatRatio,
  significant,
  unknown,
} from '../../lib/format.ts'
import { segmentOf } from '../../lib/segment.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Meter } from '../Meter.tsx'
import { EndpointLink, searchOfOne } from '../NameLink.tsx'
import { NothingHere } from '../NothingHere.tsx'
import { Panel } from '../Panel.tsx'
import { Status } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'
import { sloWord } from '../alerts/slo-words.ts'
import { slosOf, worst, type SloOf } from '../traffic/slos-of.ts'
import { endpointState, firesFor, inWords, slowerThanUsual, worstFirst, type EndpointState } from './endpoint-state.ts'
import { ErrorSpark } from './ErrorSpark.tsx'

interface Row extends EndpointHealth {
  state: EndpointState
  slo: SloOf | undefined
  alerts: ActiveAlert[]
}

/** So many rows before the rest is folded away: the skeleton is as high. */
const shownFirst = 8
const rowHeight = 29
const headHeight = 28

/** Every endpoint at a glance, the worst first. What objectives and alerts say comes when it comes: each source may fail by itself. */
export function EndpointsPanel() {
  const asked = useEndpointsHealth()
  const slos = useSlos().data?.slos
  const active = useAlerts().data?.active
  const [search, change] = useSearch()
  const navigate = useNavigate()
  const all = search.view === 'all'
  const rowsOf = ({ endpoints }: EndpointsHealth): Row[] =>
    worstFirst(
      endpoints.map((endpoint): Row => {
        const own = slosOf(slos ?? [], { by: 'endpoint', name: endpoint.name })
        const alerts = (active ?? []).filter((alert) => firesFor(alert, endpoint))
        return { ...endpoint, state: endpointState(endpoint, own, alerts), slo: worst(own), alerts }
      }),
    )
  const fold = (view: 'all' | null) =>
    change(({ view: _view, ...rest }) => (view === null ? rest : { ...rest, view }), { replace: true })
  return (
    <Panel
      title="Endpoints"
      hint="Each beside what is usual of it: the week before. Failing: a grave alert, a budget that burns, or 10 % errors; degraded: another alert, a budget overspent, twice the usual errors or P95"
      unit={asked.data ? unitOf(asked.data, rowsOf(asked.data)) : ''}
      asked={asked}
      height={headHeight + 5 * rowHeight}
      wide
      renderEmpty={({ endpoints }) =>
        endpoints.length === 0 ? <NothingHere what="Endpoints show once a request names one" /> : null
      }
      table={(data) => tableOf(rowsOf(data))}
    >
      {(data) => {
        const rows = rowsOf(data)
        const shown = all ? rows : rows.slice(0, shownFirst)
        return (
          <>
            <div className="health">
              <Table
                label="Endpoints"
                columns={columnsOf(data)}
                rows={shown}
                id={({ name }) => name}
                onOpen={({ name }) =>
                  void navigate({
                    to: '/endpoints/$endpoint',
                    params: { endpoint: segmentOf(name) },
                    search: searchOfOne('endpoint') as never,
                  })
                }
                {...(all && { maxHeight: 640 })}
              />
            </div>
            {rows.length > shownFirst && (
              <div className="panel-foot">
                <button type="button" className="panel-link fold" onClick={() => fold(all ? null : 'all')}>
                  {all ? `Show the worst ${shownFirst}` : `Show all ${rows.length}`}
                </button>
              </div>
            )}
          </>
        )
      }}
    </Panel>
  )
}

function unitOf({ unnamed, left_out }: EndpointsHealth, rows: readonly Row[]): string {
  const beyond = left_out > 0 ? `${formatCount(left_out)} less busy ones left out` : ''
  const nameless = unnamed > 0 ? `${formatCounted(unnamed, 'request')} without one` : ''
  return [inWords(rows), beyond, nameless].filter(Boolean).join(' · ')
}

const columnsOf = ({ from, to }: EndpointsHealth): Column<Row>[] => [
  {
    key: 'state',
    head: 'Status',
    render: ({ state: { level, word, reasons } }) => <Status level={level} word={word} title={reasons.join('\n')} />,
  },
  {
    key: 'name',
    head: 'Endpoint',
    render: ({ name }) => (
      <b className="swatch">
        <EndpointLink name={name} />
      </b>
    ),
    title: ({ name }) => name,
  },
  {
    key: 'course',
    head: 'Requests, errors',
    hint: 'Over the range; errors in red, on the same scale',
    wide: true,
    render: ({ spark }) => <ErrorSpark requests={spark.requests.slice(0, -1)} errors={spark.errors.slice(0, -1)} />,
  },
  {
    key: 'requests',
    head: 'Rate',
    hint: 'Requests per hour over the range',
    number: true,
    wide: true,
    render: ({ requests }) => formatRate((requests / (to - from)) * 3_600_000, 'req/h'),
    title: ({ requests }) => formatExactly(requests, 'request'),
  },
  {
    key: 'errors',
    head: 'Errors',
    hint: 'Errors, rate limits and time-outs as a share of requests',
    number: true,
    render: ({ requests, errors }) => (requests === 0 ? unknown : formatRatio(errors / requests)),
    title: ({ requests, errors }) => (requests === 0 ? 'no requests' : formatPart(errors, requests, 'request')),
  },
  {
    key: 'p95_ms',
    head: 'P95',
    hint: '95 of 100 requests took no longer',
    number: true,
    render: ({ p95_ms }) => formatMs(p95_ms),
    title: ({ p95_ms }) => (p95_ms === null ? 'no request told its duration' : `${formatExact(p95_ms)} ms`),
  },
  {
    key: 'usual',
    head: 'of usual',
    hint: 'P95 in times of that of the week before',
    number: true,
    wide: true,
    render: (row) => {
      const times = slowerThanUsual(row)
      return <span className="dim">{times === null ? unknown : `×${significant(times, 2)}`}</span>
    },
    title: ({ usual }) =>
      usual
        ? `usually ${formatMs(usual.p95_ms)}, of ${formatExactly(usual.requests, 'request')}`
        : 'nothing in the week before',
  },
  {
    key: 'slo',
    head: 'SLO budget left',
    hint: 'Of the objective of this endpoint that is worst off',
    render: ({ slo }) =>
      slo?.group ? (
        <Meter ratio={slo.group.budget_left_ratio} text={formatRatio(Math.max(slo.group.budget_left_ratio, 0))} />
      ) : (
        unknown
      ),
    title: ({ slo }) => (slo ? `${slo.slo.rule}: ${sloWord(slo.slo.slo)}` : 'no objective names it'),
  },
  {
    key: 'alerts',
    head: 'Alerts',
    number: true,
    render: ({ alerts }) =>
      alerts.length === 0 ? (
        <span className="dim">0</span>
      ) : (
        <Link
          to="/alerts"
          search={((before: Parameters<typeof elsewhere>[0]) => elsewhere(before)) as never}
          className="alert-count"
          onClick={(event) => event.stopPropagation()}
        >
          {alerts.length} firing
        </Link>
      ),
    title: ({ alerts }) => alerts.map(({ labels, rule }) => labels.alertname ?? rule).join('\n') || 'none fires',
  },
  {
    key: 'why',
    head: 'Why',
    render: ({ state: { reasons } }) => <span className="why">{reasons.join(', ')}</span>,
    title: ({ state: { reasons } }) => reasons.join('\n'),
  },
]

const tableOf = (rows: readonly Row[]) => ({
  columns: [
    'status',
    'endpoint',
    'requests',
    'errors',
    'p95_ms',
    'usual_p95_ms',
    'slo_budget_left_ratio',
    'alerts',
    'why',
  ],
  rows: rows.map(({ state, name, requests, errors, p95_ms, usual, slo, alerts }) => [
    state.word,
    name,
    requests,
    errors,
    p95_ms,
    usual?.p95_ms ?? null,
    slo?.group?.budget_left_ratio ?? null,
    alerts.length,
    state.reasons.join(', '),
  ]),
})
