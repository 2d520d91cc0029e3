/** Which endpoint runs on which servers and GPUs: what is sure, and what could be several things. */
import { useTopology, type TopologyLink } from '../data/servers.ts'
import { formatAgo, formatIso, formatUsdPerHour, unknown } from '../lib/format.ts'
import { EndpointLink, ModelLink, ServerLink } from './NameLink.tsx'
import { Panel } from './Panel.tsx'
import { Status } from './Status.tsx'
import { Table, type Column } from './Table.tsx'

/** As it was at the end of the range; of one server, when one is named. */
export function TopologyPanel({ instance }: { instance?: string }) {
  const asked = useTopology()
  const linksOf = ({ links }: { links: readonly TopologyLink[] }) =>
    links.filter((link) => instance === undefined || link.instance === instance)
  return (
    <Panel
      title="What runs where"
      hint="Which endpoint runs on which servers and GPUs, from the configuration, Kubernetes, addresses and models"
      asked={asked}
      height={160}
      wide
      renderEmpty={(data) =>
        linksOf(data).length === 0 ? (
          <p>Endpoints, servers and GPUs show a minute after the first of them is scraped</p>
        ) : null
      }
      table={(data) => ({
        columns: Object.keys(linksOf(data)[0] ?? {}),
        rows: linksOf(data).map((link) =>
          Object.values(link).map((value) => (Array.isArray(value) ? value.join(' ') : String(value ?? ''))),
        ),
      })}
    >
      {(data) => <Links links={linksOf(data)} now={data.to} />}
    </Panel>
  )
}

const gpusOf = ({ gpu_uuids, mig_ids }: TopologyLink) =>
  gpu_uuids.map((uuid, index) => [uuid, mig_ids[index]].filter(Boolean).join(' MIG '))

const columns = (now: number): Column<TopologyLink>[] => [
  {
    key: 'endpoint',
    head: 'Endpoint',
    render: (link) => (link.endpoint ? <EndpointLink name={link.endpoint} /> : unknown),
    title: (link) => link.why,
    sort: (link) => link.endpoint,
  },
  {
    key: 'instance',
    head: 'Server',
    render: (link) => (link.instance ? <ServerLink instance={link.instance} /> : unknown),
    title: (link) => link.server,
    sort: (link) => link.instance,
  },
  {
    key: 'model',
    head: 'Model',
    wide: true,
    render: (link) => (link.model ? <ModelLink name={link.model} /> : unknown),
    sort: (link) => link.model,
  },
  {
    key: 'gpus',
    head: 'GPUs',
    number: true,
    render: (link) => (link.gpu_uuids.length === 0 ? unknown : link.gpu_uuids.length),
    title: (link) => gpusOf(link).join('\n') || link.why,
    sort: (link) => link.gpu_uuids.length,
  },
  { key: 'host', head: 'on host', render: (link) => link.host || unknown, sort: (link) => link.host },
  {
    key: 'price',
    head: 'A GPU',
    hint: 'Price of one GPU, as configured for the endpoint',
    number: true,
    wide: true,
    render: (link) => formatUsdPerHour(link.gpu_hour_usd),
  },
  { key: 'known', head: 'Known', render: (link) => <Known link={link} />, title: (link) => link.why },
  {
    key: 'since',
    head: 'Since',
    number: true,
    wide: true,
    render: (link) => formatAgo(link.valid_from_ms, now),
    title: (link) =>
      link.valid_to_ms === null
        ? formatIso(link.valid_from_ms)
        : `${formatIso(link.valid_from_ms)} to ${formatIso(link.valid_to_ms)}`,
  },
]

function Links({ links, now }: { links: readonly TopologyLink[]; now: number }) {
  return (
    <Table
      label="What runs where"
      columns={columns(now)}
      rows={links}
      id={(link) => [link.endpoint, link.instance, link.model, link.host, link.valid_from_ms].join(' ')}
      maxHeight={360}
    />
  )
}

const sources: Record<string, string> = {
  config: 'configured',
  kubernetes: 'by its Service',
  host: 'by its address',
  model: 'by its model',
  pod: 'by its pod',
}

function Known({ link }: { link: TopologyLink }) {
  if (link.ambiguous) return <Status level="warning" word="ambiguous" title={link.why} />
  if (link.valid_to_ms !== null) return <Status level="unknown" word="ended" title={link.why} />
  if (link.endpoint === '') return <Status level="unknown" word="endpoint unknown" title={link.why} />
  if (link.gpu_uuids.length === 0) return <Status level="unknown" word="GPUs unknown" title={link.why} />
  return <Status level="ok" word={sources[link.endpoint_source] ?? link.endpoint_source} title={link.why} />
}
