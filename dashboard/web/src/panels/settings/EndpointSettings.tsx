import { useEndpointSettings, type EndpointSettings as Answer } from '../../data/settings.ts'
import {
  formatAgo,
  formatCount,
  formatExact,
  formatIso,
  formatRatio,
  formatUsdPerHour,
  unknown,
} from '../../lib/format.ts'
import { EndpointLink } from '../NameLink.tsx'
import { Panel } from '../Panel.tsx'
import { Side } from '../Side.tsx'
import { Snippet } from '../Snippet.tsx'
import { Status, TargetState } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'
import { RowTable } from '../alerts/RowTable.tsx'
import { Fixed } from './Fixed.tsx'
import { useRow } from './use-row.ts'

type Declared = Answer['endpoints'][number]
type Undeclared = Answer['undeclared'][number]
type Target = Answer['targets'][number]
type Environment = Answer['environments'][number]

/** What the file declares and how it does, and what traffic shows that no file names. */
export function EndpointSettings() {
  const asked = useEndpointSettings()
  const { row, close } = useRow()
  const { data } = asked
  const open = data?.undeclared.find((one) => idOf(one) === row)
  return (
    <>
      <Panel
        title="Declared endpoints"
        hint="endpoints in inferwatch.yaml, and what was called of them in the range"
        asked={asked}
        height={140}
        wide
        renderEmpty={({ endpoints }) =>
          endpoints.length === 0 ? <p>Endpoints show once endpoints in inferwatch.yaml lists some</p> : null
        }
        table={({ endpoints }) => ({
          columns: ['name', 'key', 'kind', 'upstream', 'requests', 'errors', 'last_ms'],
          rows: endpoints.map(({ name, key, kind, upstream, use }) => [
            name,
            key,
            kind,
            upstream,
            use?.requests ?? 0,
            use?.errors ?? 0,
            use?.last_ms ?? null,
          ]),
        })}
      >
        {({ endpoints, to }) => (
          <Table label="Declared endpoints" columns={declaredColumns(to)} rows={endpoints} id={({ key }) => key} />
        )}
      </Panel>
      <Panel
        title="Seen, not declared"
        hint="What calls name, or leave unnamed, and the file does not declare; a row shows the YAML that does"
        asked={asked}
        height={140}
        wide
        renderEmpty={({ undeclared }) =>
          undeclared.length === 0 ? <p>Every call of the range went to an endpoint that the file declares</p> : null
        }
        table={({ undeclared }) => ({
          columns: ['endpoint', 'providers', 'models', 'environments', 'requests', 'errors', 'last_ms'],
          rows: undeclared.map((one) => [
            one.endpoint,
            one.providers.join(', '),
            one.models.join(', '),
            one.environments.join(', '),
            one.requests,
            one.errors,
            one.last_ms,
          ]),
        })}
      >
        {({ undeclared, more_undeclared, to }) => (
          <>
            <RowTable label="Seen, not declared" columns={undeclaredColumns(to)} rows={undeclared} id={idOf} />
            {more_undeclared > 0 && <p className="panel-empty">{formatExact(more_undeclared)} more are not shown</p>}
          </>
        )}
      </Panel>
      <Panel
        title="Declared metrics pages"
        hint="scrape.targets in inferwatch.yaml; Targets has what was discovered, too"
        asked={asked}
        height={100}
        renderEmpty={({ targets }) =>
          targets.length === 0 ? <p>Metrics pages show once scrape.targets in inferwatch.yaml lists some</p> : null
        }
        table={({ targets }) => ({
          columns: Object.keys(targets[0] ?? {}),
          rows: targets.map((target) => Object.values(target)),
        })}
      >
        {({ targets, to }) => (
          <Table label="Declared metrics pages" columns={targetColumns(to)} rows={targets} id={({ key }) => key} />
        )}
      </Panel>
      <Panel
        title="Environments"
        hint="As calls name them; nothing declares them"
        asked={asked}
        height={100}
        renderEmpty={({ environments }) => (environments.length === 0 ? <p>No call of the range names one</p> : null)}
        table={({ environments }) => ({
          columns: ['environment', 'endpoints'],
          rows: environments.map(({ environment, endpoints }) => [environment, endpoints.join(', ')]),
        })}
      >
        {({ environments }) => (
          <Table
            label="Environments"
            columns={environmentColumns}
            rows={environments}
            id={({ environment }) => environment}
          />
        )}
      </Panel>
      <Side title="Endpoint" opened={open !== undefined} onClose={close}>
        {open && <Declaring use={open} />}
      </Side>
    </>
  )
}

/** None has a name of one space. */
const idOf = ({ endpoint }: Undeclared) => (endpoint === '' ? ' ' : endpoint)

function Declaring({ use }: { use: Undeclared }) {
  return (
    <>
      <h3 className="wrap mono">{use.endpoint || 'Calls that name no endpoint'}</h3>
      <p className="dim">
        {use.endpoint === ''
          ? 'They are told by the host they call: declare where that is, or name the attribute that says it in attribution.endpoint.'
          : 'Declared, it has a place on the pages of endpoints also while nobody calls it, can be probed, priced by the GPU hour and reached through the proxy.'}
      </p>
      <Snippet label="inferwatch.yaml" text={use.snippet} />
    </>
  )
}

function lastColumn<Row>(of: (row: Row) => { last_ms: number; last_hour: boolean } | null, now: number): Column<Row> {
  return {
    key: 'last',
    head: 'Last call',
    number: true,
    render: (row) => formatAgo(of(row)?.last_ms, now),
    title: (row) => {
      const last = of(row)
      if (last === null) return 'not called in the range'
      return last.last_hour ? `within the hour of ${formatIso(last.last_ms)}` : formatIso(last.last_ms)
    },
    sort: (row) => of(row)?.last_ms ?? null,
  }
}

const declaredColumns = (now: number): Column<Declared>[] => [
  {
    key: 'state',
    head: 'State',
    render: ({ use }) =>
      use ? (
        <Status level="ok" word="called" />
      ) : (
        <Status level="unknown" word="quiet" title="not called in the range" />
      ),
    sort: ({ use }) => (use ? 0 : 1),
  },
  { key: 'name', head: 'Endpoint', render: ({ name }) => <EndpointLink name={name} />, sort: ({ name }) => name },
  { key: 'kind', head: 'Kind', wide: true, render: ({ kind }) => kind, sort: ({ kind }) => kind },
  {
    key: 'upstream',
    head: 'Upstream',
    wide: true,
    render: ({ upstream }) => <span className="mono long">{upstream ?? unknown}</span>,
    title: ({ upstream }) => upstream ?? 'none: it cannot be called through the proxy',
  },
  {
    key: 'proxied',
    head: 'Proxy',
    wide: true,
    render: ({ proxied }) => <span className="mono">{proxied ?? unknown}</span>,
    title: ({ proxied }) => (proxied === null ? 'needs an upstream, and proxy.enabled' : undefined),
  },
  {
    key: 'gpu',
    head: 'GPU price',
    number: true,
    wide: true,
    render: ({ gpu_hour_usd }) => formatUsdPerHour(gpu_hour_usd),
    title: ({ gpu_hour_usd }) => (gpu_hour_usd === null ? 'gpu_hour_usd is not given' : undefined),
    sort: ({ gpu_hour_usd }) => gpu_hour_usd,
  },
  {
    key: 'requests',
    head: 'Requests',
    number: true,
    render: ({ use }) => formatCount(use?.requests ?? 0),
    title: ({ use }) => formatExact(use?.requests ?? 0),
    sort: ({ use }) => use?.requests ?? 0,
  },
  {
    key: 'errors',
    head: 'Errors',
    number: true,
    wide: true,
    render: ({ use }) => formatRatio(use && use.errors / use.requests),
    title: ({ use }) =>
      use ? `${formatExact(use.errors)} of ${formatExact(use.requests)}` : 'not called in the range',
    sort: ({ use }) => use && use.errors / use.requests,
  },
  lastColumn(({ use }) => use, now),
  { key: 'where', head: 'Set by', wide: true, render: ({ key }) => <Fixed at={key} /> },
]

const undeclaredColumns = (now: number): Column<Undeclared>[] => [
  {
    key: 'endpoint',
    head: 'Endpoint',
    render: ({ endpoint }) => <span className="long">{endpoint || <span className="dim">none named</span>}</span>,
    title: ({ endpoint }) => endpoint || 'the calls name no endpoint',
    sort: ({ endpoint }) => endpoint,
  },
  {
    key: 'providers',
    head: 'Providers',
    wide: true,
    render: ({ providers }) => listed(providers),
    title: all('providers'),
  },
  { key: 'models', head: 'Models', wide: true, render: ({ models }) => listed(models), title: all('models') },
  {
    key: 'environments',
    head: 'Environments',
    wide: true,
    render: ({ environments }) => listed(environments),
    title: all('environments'),
  },
  {
    key: 'requests',
    head: 'Requests',
    number: true,
    render: ({ requests }) => formatCount(requests),
    title: ({ requests }) => formatExact(requests),
    sort: ({ requests }) => requests,
  },
  lastColumn((use) => use, now),
]

const named = (values: readonly string[]) => values.filter((value) => value !== '')
const all = (field: 'providers' | 'models' | 'environments') => (row: Undeclared) =>
  named(row[field]).join(', ') || undefined

/** The first two; a list of more says how many. */
function listed(values: readonly string[]) {
  const [first, second, ...more] = named(values)
  if (first === undefined) return unknown
  const shown = second === undefined ? first : `${first}, ${second}`
  return <span className="long names">{more.length > 0 ? `${shown} and ${more.length} more` : shown}</span>
}

const targetColumns = (now: number): Column<Target>[] => [
  {
    key: 'state',
    head: 'State',
    render: ({ state, error }) => (
      <span title={error || undefined}>
        {state === null ? <Status level="unknown" word="not tried" /> : <TargetState state={state} />}
      </span>
    ),
    sort: ({ state }) => state,
  },
  { key: 'url', head: 'Page', render: ({ url }) => <span className="wrap mono">{url}</span>, sort: ({ url }) => url },
  {
    key: 'last',
    head: 'Last',
    number: true,
    wide: true,
    render: ({ last_ms }) => formatAgo(last_ms, now),
    title: ({ last_ms }) => (last_ms === null ? 'not tried in the range' : formatIso(last_ms)),
  },
  { key: 'where', head: 'Set by', wide: true, render: ({ key }) => <Fixed at={key} /> },
]

const environmentColumns: Column<Environment>[] = [
  {
    key: 'environment',
    head: 'Environment',
    render: ({ environment }) => <span className="long">{environment || <span className="dim">none named</span>}</span>,
    sort: ({ environment }) => environment,
  },
  {
    key: 'endpoints',
    head: 'Endpoints',
    render: ({ endpoints }) => listed(endpoints),
    title: ({ endpoints }) => named(endpoints).join(', ') || undefined,
  },
]
