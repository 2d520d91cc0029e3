import { Button } from '@mantine/core'
import { useMemo } from 'react'
import { useModelNames } from '../data/overview.ts'
import { useServers, type ServerNow } from '../data/fleet.ts'
import { serverName } from '../data/servers.ts'
import { formatAgo, formatCount, formatIso, formatRate, formatRatio, unknown } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { JobQueues } from '../panels/JobQueues.tsx'
import { Meter } from '../panels/Meter.tsx'
import { ModelLink } from '../panels/NameLink.tsx'
import { PageProvider, usePage } from '../panels/page-context.tsx'
import { Panel } from '../panels/Panel.tsx'
import { Panels } from '../panels/Panels.tsx'
import { ServerHead } from '../panels/ServerHead.tsx'
import { ServerPanels } from '../panels/ServerPanels.tsx'
import { Table, type Column } from '../panels/Table.tsx'
import { TopologyPanel } from '../panels/TopologyPanel.tsx'

const noServers: readonly ServerNow[] = []

/** Every inference server as it was at its last scrape, what runs where, and how servers did; a row shows one of them alone. */
export default function Servers() {
  const asked = useServers()
  const [{ server }, change] = useSearch()
  const models = useModelNames()
  const names = useMemo(
    () => [
      [...models, ...(asked.data?.servers ?? []).map(({ model }) => model)],
      (asked.data?.servers ?? []).map(serverName),
    ],
    [models, asked.data],
  )
  return (
    <PageProvider names={names}>
      {server !== undefined && <ServerHead instance={server} servers={asked.data?.servers ?? noServers} />}
      <Panels>
        <Panel
          title="Inference servers"
          asked={asked}
          height={120}
          wide
          controls={
            server !== undefined && (
              <Button size="compact-xs" variant="default" onClick={() => change(({ server: _shown, ...rest }) => rest)}>
                Show all servers
              </Button>
            )
          }
          renderEmpty={(data) =>
            data.servers.length === 0 ? (
              <p>Servers show once the metrics page of a vLLM server is listed under scrape.targets</p>
            ) : null
          }
          table={(data) => ({
            columns: Object.keys(data.servers[0] ?? {}),
            rows: data.servers.map((server) => Object.values(server)),
          })}
        >
          {(data) => <ServerTable servers={data.servers} now={data.to} />}
        </Panel>
        <TopologyPanel />
        <ServerPanels instance={server} />
        <JobQueues />
      </Panels>
    </PageProvider>
  )
}

const idOf = ({ instance, model }: ServerNow) => `${instance} ${model}`

function ServerTable({ servers, now }: { servers: readonly ServerNow[]; now: number }) {
  const { color } = usePage()
  const [{ server: shown }, change] = useSearch()
  const open = servers.find(({ instance }) => instance === shown)
  const columns: Column<ServerNow>[] = [
    {
      key: 'instance',
      head: 'Server',
      render: (row) => <span className="mono">{row.instance}</span>,
      title: (row) => row.endpoint,
      sort: (row) => row.instance,
    },
    {
      key: 'model',
      head: 'Model',
      render: (row) => (
        <span className="swatch">
          <i style={{ background: color(row.model) }} />
          <ModelLink name={row.model} />
        </span>
      ),
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
    <Table
      label="Inference servers"
      columns={columns}
      rows={servers}
      id={idOf}
      open={open && idOf(open)}
      onOpen={({ instance }) =>
        change(({ server: before, ...rest }) => (before === instance ? rest : { ...rest, server: instance }))
      }
      maxHeight={420}
    />
  )
}
