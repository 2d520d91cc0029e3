import type { GpuHistory, useGpuHistory } from '../../data/fleet.ts'
import { formatAgo, formatIso, formatUsdPerHour, unknown } from '../../lib/format.ts'
import { EndpointLink, ModelLink, ServerLink } from '../NameLink.tsx'
import { Panel } from '../Panel.tsx'
import { Status } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'

type Use = GpuHistory['uses'][number]

/** Which endpoints, servers and models ran on the GPU, and since when. */
export function UsesPanel({ asked }: { asked: ReturnType<typeof useGpuHistory> }) {
  return (
    <Panel
      title="What ran on it"
      asked={asked}
      height={120}
      wide
      renderEmpty={({ uses }) =>
        uses.length === 0 ? <p>Nothing is known to have run on it: name its host under gpus of an endpoint</p> : null
      }
      table={({ uses }) => ({
        columns: ['endpoint', 'server', 'instance', 'model', 'from', 'to', 'gpu_hour_usd', 'ambiguous'],
        rows: uses.map(({ endpoint, server, instance, model, from_ms, to_ms, gpu_hour_usd, ambiguous }) => [
          endpoint,
          server,
          instance,
          model,
          formatIso(from_ms),
          to_ms === null ? '' : formatIso(to_ms),
          gpu_hour_usd,
          String(ambiguous),
        ]),
      })}
    >
      {({ uses, to }) => (
        <Table
          label="What ran on it"
          columns={columns(to)}
          rows={uses}
          id={({ endpoint, instance, model, from_ms }) => [endpoint, instance, model, from_ms].join(' ')}
          maxHeight={260}
        />
      )}
    </Panel>
  )
}

const columns = (now: number): Column<Use>[] => [
  {
    key: 'model',
    head: 'Model',
    render: ({ model }) => (model ? <ModelLink name={model} /> : unknown),
    sort: ({ model }) => model,
  },
  {
    key: 'endpoint',
    head: 'Endpoint',
    render: ({ endpoint }) => (endpoint ? <EndpointLink name={endpoint} /> : unknown),
    sort: ({ endpoint }) => endpoint,
  },
  {
    key: 'instance',
    head: 'Server',
    render: ({ instance }) => (instance ? <ServerLink instance={instance} /> : unknown),
    sort: ({ instance }) => instance,
  },
  { key: 'price', head: '$ /h', number: true, render: ({ gpu_hour_usd }) => formatUsdPerHour(gpu_hour_usd) },
  {
    key: 'known',
    head: 'Known',
    render: ({ ambiguous, to_ms, why }) =>
      ambiguous ? (
        <Status level="warning" word="ambiguous" title={why} />
      ) : to_ms === null ? (
        <Status level="ok" word="runs" title={why} />
      ) : (
        <Status level="unknown" word="ended" title={why} />
      ),
  },
  {
    key: 'since',
    head: 'Since',
    number: true,
    render: ({ from_ms }) => formatAgo(from_ms, now),
    title: ({ from_ms, to_ms }) => `${formatIso(from_ms)} to ${to_ms === null ? 'now' : formatIso(to_ms)}`,
    sort: ({ from_ms }) => from_ms,
  },
]

type Xid = GpuHistory['xids'][number]

/** Errors that the driver reported of the GPU. */
export function XidPanel({ asked }: { asked: ReturnType<typeof useGpuHistory> }) {
  return (
    <Panel
      title="XID errors"
      hint="Exporters tell the last code for as long as they run: last seen is when they last did, not when it happened"
      asked={asked}
      height={180}
      renderEmpty={({ xids }) => (xids.length === 0 ? <p>The driver reported none in this range</p> : null)}
      table={({ xids, previous }) => ({
        columns: ['xid', 'first', 'last', 'samples', ...(previous ? ['last_before'] : [])],
        rows: xids.map(({ xid, first_ms, last_ms, samples }) => [
          xid,
          formatIso(first_ms),
          formatIso(last_ms),
          samples,
          ...(previous ? [formatIso(lastIn(previous.xids, xid))] : []),
        ]),
      })}
    >
      {({ xids, to, previous }) => (
        <Table label="XID errors" columns={xidColumns(to, previous)} rows={xids} id={({ xid }) => String(xid)} />
      )}
    </Panel>
  )
}

/** When a code was last seen in a period, epoch ms. */
const lastIn = (xids: readonly Xid[], code: number) => xids.find(({ xid }) => xid === code)?.last_ms ?? null

const xidColumns = (now: number, previous: GpuHistory['previous']): Column<Xid>[] => [
  { key: 'xid', head: 'Code', number: true, render: ({ xid }) => xid, sort: ({ xid }) => xid },
  {
    key: 'first',
    head: 'First seen',
    number: true,
    render: ({ first_ms }) => formatAgo(first_ms, now),
    title: ({ first_ms }) => formatIso(first_ms),
    sort: ({ first_ms }) => first_ms,
  },
  {
    key: 'last',
    head: 'Last seen',
    number: true,
    render: ({ last_ms }) => formatAgo(last_ms, now),
    title: ({ last_ms }) => formatIso(last_ms),
    sort: ({ last_ms }) => last_ms,
  },
  ...(previous ? [beforeColumn(now, previous.xids)] : []),
]

/** Whether a code is new. */
const beforeColumn = (now: number, before: readonly Xid[]): Column<Xid> => ({
  key: 'before',
  head: 'Period before',
  hint: 'When the code was last seen in the period before',
  number: true,
  render: ({ xid }) => {
    const last = lastIn(before, xid)
    return last === null ? 'not seen' : formatAgo(last, now)
  },
  title: ({ xid }) => formatIso(lastIn(before, xid)),
  sort: ({ xid }) => lastIn(before, xid),
})
