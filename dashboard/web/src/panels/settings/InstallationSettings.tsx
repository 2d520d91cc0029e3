import { useInstallation, type Installation } from '../../data/settings.ts'
import type { Told } from '../../data/use-question.ts'
import { formatBytes, formatBytesOf, formatExact, formatIso, formatMs, unknown } from '../../lib/format.ts'
import { useSwitch } from '../../lib/use-choice.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Panel } from '../Panel.tsx'
import { Fact } from '../Side.tsx'
import { Status } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'

type Setting = Installation['config']['settings'][number]

const engines: Record<Installation['engine'], string> = {
  embedded: 'embedded ClickHouse',
  server: 'ClickHouse server',
  cluster: 'ClickHouse cluster',
}

/** What runs here, where it keeps what it knows, what is wrong with it, and the configuration in force. */
export function InstallationSettings() {
  const asked: Told<Installation> = useInstallation()
  const [search, change] = useSearch()
  const [onlySet, setOnlySet] = useSwitch('only-set')
  const find = search.find ?? ''
  const shown = ({ config }: Installation) =>
    config.settings.filter((setting) => (!onlySet || setting.origin !== 'default') && isMeant(setting, find))
  return (
    <>
      <Panel title="This installation" asked={asked} height={130} wide>
        {(data) => <Process data={data} />}
      </Panel>
      <Panel
        title="Configuration in force"
        asked={asked}
        height={160}
        wide
        controls={
          <>
            <label className="inline-field find-field">
              <span className="sr-only">Find a setting</span>
              <input
                type="search"
                placeholder="Key, value"
                value={find}
                maxLength={300}
                onChange={({ target }) =>
                  change(({ find: _find, ...rest }) => (target.value === '' ? rest : { ...rest, find: target.value }), {
                    replace: true,
                  })
                }
              />
            </label>
            <button type="button" className="control" aria-pressed={onlySet} onClick={() => setOnlySet(!onlySet)}>
              Only what is set
            </button>
          </>
        }
        renderEmpty={(data) => (shown(data).length === 0 ? <p>No setting is of this name</p> : null)}
        table={(data) => ({
          columns: ['key', 'value', 'from', 'about'],
          rows: shown(data).map(({ path, value, secret, origin, about }) => [
            path,
            secret ? null : value,
            origin,
            about,
          ]),
        })}
      >
        {(data) => (
          <>
            <p className="settings-file dim wrap">
              {data.config.file === null
                ? 'There is no configuration file: the defaults are in force'
                : `${data.config.file}, read ${formatIso(data.config.loaded_at)}`}
            </p>
            <Table label="Configuration in force" columns={columns} rows={shown(data)} id={({ path }) => path} />
          </>
        )}
      </Panel>
    </>
  )
}

function Process({ data }: { data: Installation }) {
  const { lease, disk, warnings, now, started_at } = data
  return (
    <div className="installation">
      <dl className="facts">
        <Fact name="Version" value={data.version} title={`Node ${data.node}, process ${data.pid}`} />
        <Fact
          name="Role"
          value={lease.role}
          title={
            lease.role === 'leader'
              ? 'this process evaluates the alert rules'
              : `${lease.leader ?? 'nobody'} evaluates the alert rules`
          }
        />
        <Fact name="Runs" value={data.rooms.join(', ') || unknown} />
        <Fact name="Storage" value={engines[data.engine]} title={data.addresses.clickhouse} />
        <Fact name="Up for" value={formatMs(now - started_at)} title={`since ${formatIso(started_at)}`} />
        <Fact
          name="Data directory"
          value={formatBytes(disk.bytes)}
          title={[data.data_dir, ...disk.parts.map(({ name, bytes }) => `${name}: ${formatBytes(bytes)}`)].join('\n')}
        />
        <Fact
          name="Disk"
          value={
            disk.total_bytes === null || disk.free_bytes === null
              ? unknown
              : formatBytesOf(disk.total_bytes - disk.free_bytes, disk.total_bytes)
          }
          title={
            disk.free_bytes === null ? 'the system does not say' : `${formatExact(disk.free_bytes)} bytes are free`
          }
        />
      </dl>
      <ul className="warnings" aria-label="Warnings">
        {warnings.length === 0 && (
          <li>
            <Status level="ok" word="Nothing to warn of" />
          </li>
        )}
        {warnings.map(({ level, text, key }) => (
          <li key={text}>
            <Status level={level} word={level} />
            <span className="wrap">{text}</span>
            {key !== '' && <span className="mono dim">{key}</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}

const origins: Record<Setting['origin'], string> = { default: 'default', file: 'file', environment: 'environment' }

const columns: Column<Setting>[] = [
  {
    key: 'path',
    head: 'Key',
    render: ({ path }) => <span className="mono long">{path}</span>,
    title: ({ path, about }) => about || path,
    sort: ({ path }) => path,
  },
  {
    key: 'value',
    head: 'Value',
    render: ({ value, secret }) =>
      secret ? (
        <span className="dim">a secret, not shown</span>
      ) : (
        <span className="wrap mono">{value === '' ? '""' : value}</span>
      ),
  },
  {
    key: 'origin',
    head: 'From',
    render: ({ origin, variables }) =>
      origin === 'environment' ? <span title={variables.join(', ')}>{origins[origin]}</span> : origins[origin],
    sort: ({ origin }) => origin,
  },
]

function isMeant({ path, value, origin }: Setting, find: string): boolean {
  const text = `${path} ${value} ${origin}`.toLowerCase()
  return find
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
