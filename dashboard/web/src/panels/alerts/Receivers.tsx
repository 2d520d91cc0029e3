import { Button } from '@mantine/core'
import { useTestNotification, type Alerts, type ChannelView } from '../../data/alerts.ts'
import { formatAgo, formatIso } from '../../lib/format.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { Status } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'

/** Who can be told, how that went last, and a way to try it. */
export function Receivers({ rows, now }: { rows: readonly ChannelView[]; now: number }) {
  const receivers = [...new Set(rows.map(({ receiver }) => receiver))]
  return (
    <>
      <Table label="Channels" columns={columns(now)} rows={rows} id={(row) => `${row.receiver} ${row.channel}`} />
      <div className="receiver-tests">
        {receivers.map((receiver) => (
          <TestReceiver key={receiver} receiver={receiver} />
        ))}
      </div>
    </>
  )
}

export const channelTable = ({ channels }: Alerts): DataTable => ({
  columns: ['receiver', 'channel', 'healthy', 'queued', 'last_attempt_at', 'last_success_at', 'last_error'],
  rows: channels.map((row) => [
    row.receiver,
    row.channel,
    row.last_attempt_at === null ? null : String(row.healthy),
    row.queued,
    isoOf(row.last_attempt_at),
    isoOf(row.last_success_at),
    row.last_error,
  ]),
})

function TestReceiver({ receiver }: { receiver: string }) {
  const test = useTestNotification()
  const failed = test.data?.channels.filter(({ ok }) => !ok) ?? []
  return (
    <div className="receiver-test">
      <Button
        size="compact-sm"
        variant="default"
        loading={test.isPending}
        onClick={() => test.mutate(receiver)}
        title="Sends an alert that is none, firing and then resolved"
      >
        {`Send a test to ${receiver}`}
      </Button>
      <span role="status">
        {test.isSuccess && failed.length === 0 && <Status level="ok" word="arrived on every channel" />}
        {test.error && <Status level="critical" word={test.error.message} />}
      </span>
      {failed.map(({ channel, error }) => (
        <p key={channel} className="request-error wrap">{`${channel}: ${error}`}</p>
      ))}
    </div>
  )
}

const columns = (now: number): Column<ChannelView>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) =>
      row.last_attempt_at === null ? (
        <Status level="unknown" word="unused" title="Nothing was sent yet" />
      ) : (
        <Status level={row.healthy ? 'ok' : 'critical'} word={row.healthy ? 'ok' : 'failing'} />
      ),
    sort: (row) => (row.healthy ? 1 : 0),
  },
  { key: 'receiver', head: 'Receiver', render: (row) => <b>{row.receiver}</b>, sort: (row) => row.receiver },
  { key: 'channel', head: 'Channel', render: (row) => row.channel, sort: (row) => row.channel },
  { key: 'queued', head: 'Waiting', number: true, render: (row) => String(row.queued), sort: (row) => row.queued },
  {
    key: 'sent',
    head: 'Last sent',
    number: true,
    render: (row) => formatAgo(row.last_success_at, now),
    title: (row) => formatIso(row.last_success_at),
    sort: (row) => row.last_success_at,
  },
  { key: 'error', head: 'Last error', render: (row) => <span className="wrap">{row.last_error}</span> },
]
