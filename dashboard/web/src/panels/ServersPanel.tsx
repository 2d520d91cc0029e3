import { useNavigate } from '@tanstack/react-router'
import type { ServerNow, Servers } from '../data/fleet.ts'
import type { Asked } from '../data/use-question.ts'
import { formatAgo, formatCount, formatIso, formatRate, formatRatio, unknown } from '../lib/format.ts'
import { segmentOf } from '../lib/segment.ts'
import { Meter } from './Meter.tsx'
import { searchOfServer, ServerLink } from './NameLink.tsx'
import { Panel } from './Panel.tsx'
import { ModelSwatch } from './Swatch.tsx'
import { Table, type Column } from './Table.tsx'

interface ServersPanelProps {
  asked: Asked<Servers>
  /** Of one server, a row each of its models; else of all, and a row opens one's page. */
  instance?: string
}

/** Servers as they were at their last scrape. */
export function ServersPanel({ asked, instance }: ServersPanelProps) {
  const rowsOf = ({ servers }: Servers) => servers.filter((row) => instance === undefined || row.instance === instance)
  const title = instance === undefined ? 'Inference servers' : 'At its last scrape'
  return (
    <Panel
      title={title}
      asked={asked}
      height={120}
      wide
      renderEmpty={(data) =>
        rowsOf(data).length === 0 ? (
          <p>Servers show once the metrics page of a vLLM server is listed under scrape.targets</p>
        ) : null
      }
      table={(data) => ({
        columns: Object.keys(rowsOf(data)[0] ?? {}),
        rows: rowsOf(data).map((row) => Object.values(row)),
      })}
    >
      {(data) => <ServerTable label={title} servers={rowsOf(data)} now={data.to} linked={instance === undefined} />}
    </Panel>
  )
}

const idOf = ({ instance, model }: ServerNow) => `${instance} ${model}`

const nameColumn: Column<ServerNow> = {
  key: 'instance',
  head: 'Server',
  render: ({ instance }) => <ServerLink instance={instance} />,
  title: (row) => row.endpoint,
  sort: (row) => row.instance,
}

interface ServerTableProps {
  label: string
  servers: readonly ServerNow[]
  now: number
  /** Whether each is named and leads to its page. */
  linked: boolean
}

function ServerTable({ label, servers, now, linked }: ServerTableProps) {
  const navigate = useNavigate()
  const open = ({ instance }: ServerNow) =>
    void navigate({
      to: '/servers/$server',
      params: { server: segmentOf(instance) },
      search: searchOfServer as never,
    })
  const columns: Column<ServerNow>[] = [
    ...(linked ? [nameColumn] : []),
    {
      key: 'model',
      head: 'Model',
      render: (row) => <ModelSwatch name={row.model} />,
      sort: (row) => row.model,
    },
    { key: 'server', head: 'Kind', wide: true, render: (row) => row.server },
    {
      key: 'version',
      head: 'Version',
      hint: 'As the server tells it; asked after a restart and every 5 minutes',
      wide: true,
      render: (row) => row.version ?? unknown,
      title: (row) => row.version ?? 'the server does not tell it beside its metrics page',
      sort: (row) => row.version,
    },
    {
      key: 'running',
      head: 'Running',
      hint: 'Requests being processed',
      number: true,
      render: (row) => formatCount(row.running),
      sort: (row) => row.running,
    },
    {
      key: 'waiting',
      head: 'Queue',
      hint: 'Requests waiting for a place in the batch',
      number: true,
      render: (row) => formatCount(row.waiting),
      sort: (row) => row.waiting,
    },
    {
      key: 'kv',
      head: 'KV cache',
      hint: 'Share of the memory for attention keys and values that is in use; near 100 % requests are preempted',
      render: (row) => <Meter ratio={row.kv_cache_ratio} text={formatRatio(row.kv_cache_ratio)} />,
      sort: (row) => row.kv_cache_ratio,
    },
    {
      key: 'out',
      head: 'Tokens out',
      number: true,
      render: (row) => formatRate(row.output_tokens_per_second, 'tok/s'),
      sort: (row) => row.output_tokens_per_second,
    },
    {
      key: 'in',
      head: 'Tokens in',
      number: true,
      wide: true,
      render: (row) => formatRate(row.input_tokens_per_second, 'tok/s'),
      sort: (row) => row.input_tokens_per_second,
    },
    {
      key: 'hits',
      head: 'Prefix hits',
      hint: 'Share of prompt tokens found in the prefix cache',
      number: true,
      wide: true,
      render: (row) => formatRatio(row.prefix_hit_ratio),
      sort: (row) => row.prefix_hit_ratio,
    },
    {
      key: 'preemptions',
      head: 'Preemptions',
      hint: 'Requests thrown out of the batch for lack of KV cache, in the range',
      number: true,
      wide: true,
      render: (row) => formatCount(row.preemptions),
      sort: (row) => row.preemptions,
    },
    {
      key: 'restarts',
      head: 'Restarts',
      hint: 'Counters that went backwards in the range',
      number: true,
      wide: true,
      render: (row) => formatCount(row.restarts),
      sort: (row) => row.restarts,
    },
    {
      key: 'age',
      head: 'Sampled',
      number: true,
      render: (row) => formatAgo(row.timestamp_ms, now),
      title: (row) => formatIso(row.timestamp_ms),
    },
  ]
  return (
    <Table label={label} columns={columns} rows={servers} id={idOf} {...(linked && { onOpen: open })} maxHeight={420} />
  )
}
