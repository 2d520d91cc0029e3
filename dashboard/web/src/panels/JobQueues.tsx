import { useJobQueues, type JobQueueRow } from '../data/fleet.ts'
import { formatAgo, formatCount, formatIso, formatMs, formatRate, formatUsd } from '../lib/format.ts'
import { Panel } from './Panel.tsx'
import { Table, type Column } from './Table.tsx'

/** Queues of batch jobs; nothing where no exporter of one is scraped. */
export function JobQueues() {
  const asked = useJobQueues()
  if (!asked.data || asked.data.queues.length === 0) return null
  return (
    <Panel
      title="Job queues"
      hint="As their exporters see them; a job costs what its endpoint's calls cost, where the queue has an endpoint to itself"
      asked={asked}
      height={160}
      wide
      table={(data) => ({
        columns: Object.keys(data.queues[0] ?? {}),
        rows: data.queues.map((row) => Object.values(row)),
      })}
    >
      {(data) => (
        <Table
          label="Job queues"
          columns={queueColumns(data.to)}
          rows={data.queues}
          id={(row) => `${row.system} ${row.queue}`}
        />
      )}
    </Panel>
  )
}

const queueColumns = (now: number): Column<JobQueueRow>[] => [
  {
    key: 'queue',
    head: 'Queue',
    render: (row) => (
      <span className="wrap">
        <b>{row.queue}</b> <span className="dim">{row.system}</span>
      </span>
    ),
    title: (row) => row.endpoint || undefined,
    sort: (row) => `${row.system} ${row.queue}`,
  },
  {
    key: 'waiting',
    head: 'Waiting',
    hint: 'Jobs that nobody works on yet',
    number: true,
    render: (row) => formatCount(row.waiting),
    sort: (row) => row.waiting,
  },
  {
    key: 'running',
    head: 'Running',
    number: true,
    render: (row) => formatCount(row.running),
    sort: (row) => row.running,
  },
  {
    key: 'oldest',
    head: 'Oldest',
    hint: 'How long the oldest job has been waiting',
    number: true,
    render: (row) => formatMs(row.oldest_age_ms),
    sort: (row) => row.oldest_age_ms,
  },
  {
    key: 'consumers',
    head: 'Consumers',
    number: true,
    wide: true,
    render: (row) => formatCount(row.consumers),
    sort: (row) => row.consumers,
  },
  {
    key: 'done',
    head: 'Done',
    hint: 'Jobs done in the range',
    number: true,
    render: (row) => formatCount(row.done),
    title: (row) => formatRate(row.done_per_second, 'jobs/s'),
    sort: (row) => row.done,
  },
  {
    key: 'failed',
    head: 'Failed',
    number: true,
    wide: true,
    render: (row) => formatCount(row.failed),
    sort: (row) => row.failed,
  },
  {
    key: 'cost',
    head: 'Cost',
    hint: 'Of all calls of its endpoint in the range',
    number: true,
    wide: true,
    render: (row) => formatUsd(row.cost_usd),
    sort: (row) => row.cost_usd,
  },
  {
    key: 'job',
    head: 'Per job',
    number: true,
    wide: true,
    render: (row) => formatUsd(row.cost_per_job_usd),
    sort: (row) => row.cost_per_job_usd,
  },
  {
    key: 'age',
    head: 'Sampled',
    number: true,
    render: (row) => formatAgo(row.timestamp_ms, now),
    title: (row) => formatIso(row.timestamp_ms),
  },
]
