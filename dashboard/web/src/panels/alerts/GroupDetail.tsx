import { Link } from '@tanstack/react-router'
import type { AlertGroup, GroupChannel, GroupMember } from '../../data/alert-groups.ts'
import { formatCounted, formatAgo, formatIso, formatUntil } from '../../lib/format.ts'
import { Fact, SideSection } from '../Side.tsx'
import { Status } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'
import { channelNext, groupState, lastTold, saidBy, setText } from './group-words.ts'
import { GroupActions } from './GroupActions.tsx'
import { MutedBy } from './MutedBy.tsx'
import { SilenceLink } from './SilenceLink.tsx'
import { labelText } from './words.ts'

/** One group: its alerts, who was told of them, and what people said. */
export function GroupDetail({ group, now }: { group: AlertGroup; now: number }) {
  const { acknowledged, comments } = group
  return (
    <div className="request">
      <header className="request-head">
        <h2 className="wrap">{setText(group.labels)}</h2>
        <Status {...groupState(group)} />
      </header>
      <dl className="facts">
        <Fact name="Told to" value={group.receiver} title={group.key} />
        <Fact name="Last told" value={formatAgo(lastTold(group), now)} title={formatIso(lastTold(group))} />
        <Fact name="Next look" value={formatUntil(group.next_flush_at, now)} title={formatIso(group.next_flush_at)} />
      </dl>
      {acknowledged && (
        <p className="wrap">
          <b>{`Acknowledged by ${saidBy(acknowledged, now)}`}</b>
          {acknowledged.comment !== '' && `: ${acknowledged.comment}`}
          <span className="dim"> Until it changes, nobody is told again.</span>
        </p>
      )}
      <SideSection title="Alerts">
        <ul className="members">
          {group.alerts.map((alert) => (
            <Member key={alert.fingerprint} alert={alert} now={now} />
          ))}
        </ul>
      </SideSection>
      <GroupActions group={group} />
      <SideSection title="Channels">
        <Table
          label="Channels of the group"
          columns={channelColumns(now)}
          rows={group.channels}
          id={({ channel }) => channel}
        />
      </SideSection>
      {comments.length > 0 && (
        <SideSection title="Comments">
          {comments.toReversed().map((comment) => (
            <figure key={`${comment.at} ${comment.by} ${comment.text}`} className="message">
              <figcaption title={formatIso(comment.at)}>{saidBy(comment, now)}</figcaption>
              <p className="wrap">{comment.text}</p>
            </figure>
          ))}
        </SideSection>
      )}
    </div>
  )
}

function Member({ alert, now }: { alert: GroupMember; now: number }) {
  const over = alert.ends_at !== null
  return (
    <li>
      <div className="member-head">
        <Status level={over ? 'ok' : 'critical'} word={over ? 'resolved' : 'firing'} />
        <b>{alert.labels.alertname}</b>
        <span className="dim" title={formatIso(alert.ends_at ?? alert.starts_at)}>
          {formatAgo(alert.ends_at ?? alert.starts_at, now)}
        </span>
        {!over && <SilenceLink labels={alert.labels} />}
      </div>
      <span className="dim member-labels">{labelText(alert.labels)}</span>
      <MutedBy reasons={alert.muted_by} />
      {/^https?:/.test(alert.generator_url ?? '') && (
        <a href={alert.generator_url} className="panel-link" rel="noreferrer">
          Where it comes from
        </a>
      )}
    </li>
  )
}

/** Beside an alert: the groups that tell of it, and a way to take them on. */
export function GroupsOf({ groups, fingerprint, now }: { groups: AlertGroup[]; fingerprint: string; now: number }) {
  return groups.map((group) => (
    <SideSection key={group.id} title={`Told to ${group.receiver}`}>
      <p>
        <Status {...groupState(group)} />{' '}
        <span className="dim">
          {lastTold(group) === null ? 'not told yet' : `last told ${formatAgo(lastTold(group), now)}`}
          {group.acknowledged && `, acknowledged by ${saidBy(group.acknowledged, now)}`}
        </span>{' '}
        <Link to="/alerts" search={(before) => ({ ...before, view: 'groups', row: group.id })} className="panel-link">
          Open its group
        </Link>
      </p>
      <MutedBy reasons={group.alerts.find((alert) => alert.fingerprint === fingerprint)?.muted_by ?? []} />
      <GroupActions group={group} />
    </SideSection>
  ))
}

const channelColumns = (now: number): Column<GroupChannel>[] => [
  {
    key: 'channel',
    head: 'Channel',
    render: ({ channel, healthy, last_error }) => (
      <Status level={healthy ? 'ok' : 'critical'} word={channel} title={last_error || undefined} />
    ),
  },
  {
    key: 'told',
    head: 'Told',
    number: true,
    render: ({ told_at }) => formatAgo(told_at, now),
    title: ({ told_at, told }) => `${formatIso(told_at)}, of ${formatCounted(told.length, 'alert')}`,
  },
  { key: 'next', head: 'Next', render: (row) => channelNext(row, now) },
]
