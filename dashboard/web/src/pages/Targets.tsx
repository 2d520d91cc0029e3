import { droppedRows, useTargets, type DroppedRow, type ProviderRow, type TargetRow } from '../data/targets.ts'
import { formatAgo, formatCount, formatCounted, formatExact, formatIso, formatMs } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { Panel } from '../panels/Panel.tsx'
import { Panels } from '../panels/Panels.tsx'
import { Status, TargetState } from '../panels/Status.tsx'
import { Table, type Column } from '../panels/Table.tsx'
import { TargetDrawer } from '../panels/TargetDrawer.tsx'

/** Every metrics page that is scraped, where it was found, and what was found but is not scraped. */
export default function Targets() {
  const asked = useTargets()
  const { data } = asked
  return (
    <Panels>
      <Panel
        title="Scrape targets"
        hint="Metrics pages of inference servers and GPU exporters; a row shows its labels and what to do"
        asked={asked}
        height={240}
        wide
        renderEmpty={({ targets }) => (targets.length === 0 ? <NoTargets /> : null)}
        table={({ targets }) => ({
          columns: Object.keys(targets[0] ?? {}),
          rows: targets.map((row) =>
            Object.values({ ...row, labels: JSON.stringify(row.labels), missing: JSON.stringify(row.missing) }),
          ),
        })}
      >
        {({ targets, to }) => (
          <OpeningTable label="Scrape targets" columns={targetColumns(to)} rows={targets} id={urlOf} />
        )}
      </Panel>
      <Panel
        title="Discovery"
        hint="Where targets are looked for, and what came of it"
        asked={asked}
        height={100}
        wide
        renderEmpty={({ providers }) =>
          providers.length === 0 ? <p>Providers show once scrape.discovery in inferwatch.yaml names some</p> : null
        }
        table={({ providers }) => ({
          columns: Object.keys(providers[0] ?? {}),
          rows: providers.map((row) => Object.values({ ...row, dropped_targets: JSON.stringify(row.dropped_targets) })),
        })}
      >
        {({ providers, to }) => (
          <Table label="Discovery" columns={providerColumns(to)} rows={providers} id={(row) => row.provider} />
        )}
      </Panel>
      {data !== undefined && droppedRows(data).length > 0 && (
        <Panel
          title="Found, but not scraped"
          hint="What relabelling dropped or nothing asked for; a row shows the labels that decided"
          asked={asked}
          height={160}
          wide
          table={(answer) => ({
            columns: ['provider', 'address', 'reason', 'labels'],
            rows: droppedRows(answer).map((row) => [row.provider, row.address, row.reason, JSON.stringify(row.labels)]),
          })}
        >
          {(answer) => <Dropped rows={droppedRows(answer)} providers={answer.providers} />}
        </Panel>
      )}
      <TargetDrawer targets={data?.targets ?? []} dropped={data ? droppedRows(data) : []} now={data?.to ?? 0} />
    </Panels>
  )
}

const urlOf = (row: TargetRow) => row.url

/** Of a page that answers, how much it lacks; empty where it has all that its kind measures. */
function lacksOf({ state, missing }: TargetRow): string {
  // Without a name to look for, no page of the kind has the measure.
  const absent = missing.filter(({ names }) => names.length > 0)
  if (state !== 'up' || absent.length === 0) return ''
  // A page of which nothing can be read names no measure.
  return absent.some(({ measure }) => measure === '')
    ? 'lacks all measures'
    : `lacks ${formatCounted(absent.length, 'measure')}`
}

function NoTargets() {
  return (
    <p>
      Targets show once scrape.targets in inferwatch.yaml lists metrics pages, or scrape.discovery says where to look
      for them
    </p>
  )
}

function Dropped({ rows, providers }: { rows: readonly DroppedRow[]; providers: readonly ProviderRow[] }) {
  const all = providers.reduce((sum, { dropped }) => sum + dropped, 0)
  return (
    <>
      <OpeningTable label="Found, but not scraped" columns={droppedColumns} rows={rows} id={(row) => row.id} />
      {all > rows.length && (
        <p className="panel-empty">
          {rows.length} of {formatExact(all)} are shown
        </p>
      )}
    </>
  )
}

interface OpeningTableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  id: (row: Row) => string
}

/** Its rows open beside the page. */
function OpeningTable<Row>({ label, columns, rows, id }: OpeningTableProps<Row>) {
  const [search, change] = useSearch()
  return (
    <Table
      label={label}
      columns={columns}
      rows={rows}
      id={id}
      open={search.target}
      onOpen={(row) => change((before) => ({ ...before, target: id(row) }), { replace: search.target !== undefined })}
    />
  )
}

const targetColumns = (now: number): Column<TargetRow>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => <TargetState state={row.state} />,
    // Pages that lack something stand together.
    sort: (row) => `${row.state} ${lacksOf(row) === '' ? 1 : 0}`,
  },
  {
    key: 'url',
    head: 'Target',
    render: (row) => (
      <span className="wrap">
        <span className="mono">{row.url}</span>
        {lacksOf(row) !== '' && (
          <span className="issue-subject">
            <Status level="unknown" word={lacksOf(row)} />
          </span>
        )}
      </span>
    ),
    title: (row) => (lacksOf(row) === '' ? undefined : 'Its row says which, why, and what to change'),
    sort: (row) => row.url,
  },
  {
    key: 'kind',
    head: 'Kind',
    wide: true,
    render: (row) => row.kind || '—',
    title: (row) => (row.kind === '' ? 'no page was recognised yet' : undefined),
    sort: (row) => row.kind,
  },
  {
    key: 'endpoint',
    head: 'Endpoint',
    wide: true,
    render: (row) => row.endpoint || '—',
    title: (row) => (row.endpoint === '' ? 'it says none, and no endpoint has its address as upstream' : undefined),
    sort: (row) => row.endpoint,
  },
  {
    key: 'source',
    head: 'From',
    hint: 'static: listed in the configuration; otherwise the provider that discovered it',
    wide: true,
    render: (row) => row.source || '—',
    sort: (row) => row.source,
  },
  {
    key: 'duration',
    head: 'Scrape',
    hint: 'Time that the last scrape took',
    number: true,
    wide: true,
    render: (row) => formatMs(row.duration_ms),
    sort: (row) => row.duration_ms,
  },
  {
    key: 'series',
    head: 'Series',
    hint: 'Series on the page',
    number: true,
    wide: true,
    render: (row) => formatCount(row.series),
    title: (row) => formatExact(row.series),
    sort: (row) => row.series,
  },
  {
    key: 'samples',
    head: 'Samples',
    hint: 'Samples stored from the page',
    number: true,
    wide: true,
    render: (row) => formatCount(row.samples),
    title: (row) => formatExact(row.samples),
    sort: (row) => row.samples,
  },
  {
    key: 'age',
    head: 'Last',
    hint: 'Its state is written when it changes, and once a minute',
    number: true,
    render: (row) => formatAgo(row.timestamp_ms, now),
    title: (row) => formatIso(row.timestamp_ms),
    sort: (row) => row.timestamp_ms,
  },
  { key: 'error', head: 'What is wrong', wide: true, render: (row) => <span className="wrap">{row.error}</span> },
]

const providerColumns = (now: number): Column<ProviderRow>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) =>
      row.error === '' ? <Status level="ok" word="in order" /> : <Status level="warning" word="in trouble" />,
    sort: (row) => (row.error === '' ? 1 : 0),
  },
  {
    key: 'provider',
    head: 'Provider',
    render: (row) => (
      <span className="wrap">
        {row.provider}
        {row.error !== '' && <span className="issue-subject dim">{row.error}</span>}
      </span>
    ),
    title: (row) => row.type,
    sort: (row) => row.provider,
  },
  {
    key: 'refreshed',
    head: 'Answered',
    hint: 'When it was last asked with success',
    number: true,
    wide: true,
    render: (row) => (row.refreshed_ms === null ? '—' : formatAgo(row.refreshed_ms, now)),
    title: (row) => (row.refreshed_ms === null ? 'it never answered' : formatIso(row.refreshed_ms)),
  },
  {
    key: 'found',
    head: 'Found',
    hint: 'Addresses, before relabelling',
    number: true,
    wide: true,
    render: (row) => formatCount(row.found),
    title: (row) => formatExact(row.found),
  },
  {
    key: 'targets',
    head: 'Scraped',
    number: true,
    wide: true,
    render: (row) => formatCount(row.targets),
    title: (row) => formatExact(row.targets),
  },
  {
    key: 'dropped',
    head: 'Dropped',
    hint: 'By relabelling, or since nothing asked for them',
    number: true,
    wide: true,
    render: (row) => formatCount(row.dropped),
    title: (row) => formatExact(row.dropped),
  },
  {
    key: 'refused',
    head: 'Refused',
    hint: 'Beyond scrape.discovery.max_targets',
    number: true,
    wide: true,
    render: (row) => formatCount(row.refused),
    title: (row) => formatExact(row.refused),
  },
]

const droppedColumns: Column<DroppedRow>[] = [
  {
    key: 'address',
    head: 'Address',
    render: (row) => (
      <>
        <span className="mono">{row.address || '—'}</span>
        <span className="issue-subject dim">{nameOf(row.labels)}</span>
      </>
    ),
    sort: (row) => row.address,
  },
  { key: 'provider', head: 'Provider', wide: true, render: (row) => row.provider, sort: (row) => row.provider },
  {
    key: 'reason',
    head: 'Why',
    render: (row) => <span className="wrap">{row.reason}</span>,
    sort: (row) => row.reason,
  },
]

/** What people call it: namespace and pod or service. */
function nameOf(labels: Record<string, string>): string {
  const { __meta_kubernetes_namespace: namespace, __meta_kubernetes_pod_name: pod } = labels
  return [namespace, pod ?? labels['__meta_kubernetes_service_name']].filter((part) => part !== undefined).join(' / ')
}
