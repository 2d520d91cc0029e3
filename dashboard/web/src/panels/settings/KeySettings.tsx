import { useKeySettings, type KeyRow, type KeySettings as Answer } from '../../data/settings.ts'
import { formatAgo, formatIso, formatUntil, unknown } from '../../lib/format.ts'
import { Panel } from '../Panel.tsx'
import { Side } from '../Side.tsx'
import { Snippet } from '../Snippet.tsx'
import { Status, type Level } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'
import { RowTable } from '../alerts/RowTable.tsx'
import { Fixed } from './Fixed.tsx'
import { limitsOf } from './key-words.ts'
import { KeyForm } from './KeyForm.tsx'
import { KeySide } from './KeySide.tsx'
import { useRow } from './use-row.ts'

type FileKey = Answer['in_file'][number]

/** Who may do what. Values of keys are shown nowhere: one that is made, this once. */
export function KeySettings() {
  const asked = useKeySettings()
  const { row, open, close } = useRow()
  const { data } = asked
  const key = data?.virtual.find((one) => idOf(one) === row)
  return (
    <>
      <Panel
        title="Virtual keys"
        hint="Clients call through the proxy with them, in place of the vendor’s key"
        asked={asked}
        height={160}
        wide
        controls={
          data?.made_here && (
            <button type="button" className="control" onClick={() => open('new')}>
              New key
            </button>
          )
        }
        renderEmpty={({ virtual, made_here }) =>
          virtual.length > 0 ? null : (
            <p>
              {made_here
                ? 'Keys show once one is made here, by inferwatch keys create, or stands in proxy.keys'
                : 'The process that runs the proxy has its keys'}
            </p>
          )
        }
        table={({ virtual }) => ({
          columns: ['name', 'state', 'team', 'user', 'endpoints', 'created_at', 'created_by', 'last_ms', 'expires_at'],
          rows: virtual.map((one) => [
            one.name,
            one.state,
            one.team,
            one.user,
            one.endpoints?.join(', ') ?? 'all',
            one.created_at,
            one.created_by,
            one.last_ms,
            one.expires_at,
          ]),
        })}
      >
        {({ virtual, to }) => <RowTable label="Virtual keys" columns={keyColumns(to)} rows={virtual} id={idOf} />}
      </Panel>
      <Panel
        title="Keys in the file"
        hint="Their values are not shown; the file says them, or the variable that it names"
        asked={asked}
        height={120}
        wide
        renderEmpty={({ in_file }) =>
          in_file.length === 0 ? <p>None: who reaches this machine’s own addresses needs no key</p> : null
        }
        table={({ in_file }) => ({
          columns: ['key', 'kind', 'name', 'role', 'origin'],
          rows: in_file.map(({ key, kind, name, role, origin }) => [key, kind, name, role, origin]),
        })}
      >
        {({ in_file }) => <Table label="Keys in the file" columns={fileColumns} rows={in_file} id={(one) => one.key} />}
      </Panel>
      <section className="panel panel-wide settings-note" aria-label="How to change them">
        <p className="dim">
          These keys are the file’s alone, so that whoever sees this page cannot give themselves more rights. To change
          one, give the variable that the file names another value and restart; keys of ingest and of the proxy change
          as soon as the file is saved.
        </p>
        <Snippet label="inferwatch.yaml" text={fileExample} />
      </section>
      <Side title="Key" opened={row === 'new' || key !== undefined} onClose={close}>
        {row === 'new' ? <KeyForm endpoints={endpointsOf(data)} /> : key && <KeySide key={row} of={key} />}
      </Side>
    </>
  )
}

const fileExample = `dashboard: { api_keys: ["\${INFERWATCH_DASHBOARD_KEY}"] }  # openssl rand -base64 24
ingest: { api_keys: ["\${INFERWATCH_INGEST_KEY}"] }
proxy: { api_keys: ["\${INFERWATCH_PROXY_KEY}"] }
`

/** The name of a revoked key may be given again. */
const idOf = ({ name, created_at }: KeyRow) => `${name} ${created_at ?? ''}`

const endpointsOf = (data: Answer | undefined) =>
  [...new Set((data?.virtual ?? []).flatMap(({ endpoints }) => endpoints ?? []))].toSorted()

const levels: Record<KeyRow['state'], Level> = { active: 'ok', expired: 'warning', revoked: 'unknown' }

const keyColumns = (now: number): Column<KeyRow>[] => [
  {
    key: 'state',
    head: 'State',
    render: ({ state }) => <Status level={levels[state]} word={state} />,
    sort: ({ state }) => state,
  },
  {
    key: 'name',
    head: 'Name',
    render: ({ name }) => <span className="long">{name}</span>,
    title: ({ name }) => name,
    sort: ({ name }) => name,
  },
  { key: 'team', head: 'Team', wide: true, render: ({ team }) => team || unknown, sort: ({ team }) => team },
  {
    key: 'endpoints',
    head: 'May call',
    wide: true,
    render: ({ endpoints }) => <span className="long">{endpoints?.join(', ') ?? 'all endpoints'}</span>,
    title: ({ endpoints }) => endpoints?.join(', '),
  },
  { key: 'limits', head: 'Used of its limits', wide: true, render: (row) => limitsOf(row).join(', ') || 'no limits' },
  {
    key: 'created',
    head: 'Made',
    number: true,
    wide: true,
    render: ({ created_at }) => formatAgo(created_at, now),
    title: ({ created_at, created_by }) =>
      created_at === null
        ? 'the file does not say'
        : `${formatIso(created_at)}${created_by ? `, by ${created_by}` : ''}`,
    sort: ({ created_at }) => created_at,
  },
  {
    key: 'expires',
    head: 'Until',
    number: true,
    wide: true,
    render: ({ expires_at }) => (expires_at === null ? 'for ever' : formatUntil(expires_at, now)),
    title: ({ expires_at }) => (expires_at === null ? undefined : formatIso(expires_at)),
    sort: ({ expires_at }) => expires_at,
  },
  {
    key: 'last',
    head: 'Last used',
    number: true,
    render: ({ last_ms }) => formatAgo(last_ms, now),
    title: ({ last_ms, last_day }) =>
      last_ms === null ? 'not in the last 90 days' : `${last_day ? 'on the day of ' : ''}${formatIso(last_ms)}`,
    sort: ({ last_ms }) => last_ms,
  },
  {
    key: 'where',
    head: 'Set by',
    wide: true,
    render: ({ key, created_by }) => (key === null ? created_by || 'keys create' : <Fixed at={key} />),
  },
]

const kindWords: Record<FileKey['kind'], string> = {
  dashboard: 'Dashboard and API',
  ingest: 'OTLP',
  proxy: 'Proxy',
  sql: 'SQL user',
  upstream: 'Vendor’s key',
}

const fileColumns: Column<FileKey>[] = [
  { key: 'kind', head: 'Kind', render: ({ kind }) => kindWords[kind], sort: ({ kind }) => kind },
  {
    key: 'name',
    head: 'Name',
    render: ({ name }) => <span className="long">{name || unknown}</span>,
    title: ({ name }) => name || 'the file gives it none',
    sort: ({ name }) => name,
  },
  { key: 'role', head: 'What it may', wide: true, render: ({ role }) => <span className="wrap">{role}</span> },
  {
    key: 'value',
    head: 'Value',
    wide: true,
    render: ({ variables }) =>
      variables.length > 0 ? (
        <span className="mono">{variables.map((name) => `\${${name}}`).join(' ')}</span>
      ) : (
        'in the file'
      ),
    title: () => 'not shown',
  },
  { key: 'where', head: 'Set by', render: ({ key }) => <Fixed at={key} /> },
]
