import { useNavigate } from '@tanstack/react-router'
import { useUsers, type UserRow } from '../../data/people.ts'
import {
  formatExactly,
  formatAgo,
  formatCount,
  formatExact,
  formatIso,
  formatMs,
  formatTime,
  significant,
  unknown,
} from '../../lib/format.ts'
import { segmentOf } from '../../lib/segment.ts'
import { useSearch } from '../../lib/use-search.ts'
import type { Column } from '../Table.tsx'
import { changeColumn } from './change-column.tsx'
import { ListedTable, ReadFrom } from './ListedTable.tsx'
import { modelsColumn, sumColumns } from './SessionList.tsx'
import { useListed } from './use-listed.ts'

const orders = {
  cost: 'Dearest first',
  requests: 'Most requests first',
  errors: 'Most errors first',
  error_ratio: 'Highest share of errors first',
  tokens: 'Most tokens first',
  p95: 'Slowest P95 first',
  sessions: 'Most sessions first',
  last: 'Seen last first',
} as const
type Order = keyof typeof orders
const names = Object.keys(orders) as Order[]

/** End users of the range: spend, errors, latency, models, sessions, feedback. */
export function UserList() {
  const { order, offset, go } = useListed(names, 'cost')
  const asked = useUsers({ order, offset })
  const navigate = useNavigate()
  const [{ row: _row, ...search }] = useSearch()
  const comparing = search.compare === 'on'
  return (
    <ListedTable
      title="Users"
      asked={asked}
      rows={(data) => data.users}
      all={(data) => data.all}
      columns={columns(asked.data?.to ?? 0, comparing)}
      id={({ user_id }) => user_id}
      onOpen={({ user_id }) =>
        void navigate({ to: '/users/$user_id', params: { user_id: segmentOf(user_id) }, search: search as never })
      }
      orders={orders}
      order={order}
      offset={offset}
      go={go}
      empty="No call of the range names a user: spans say it in user.id, proxied calls in the header x-inferwatch-user"
      renderNote={(data) => (
        <>
          {data.source === 'raw' ? (
            <ReadFrom from={data.from} read_from={data.read_from} />
          ) : (
            `Sums are of whole days since ${formatTime(data.from, 30 * 86_400_000)}, some minutes behind; P95, models, sessions and last seen of the requests since ${formatTime(data.read_from, 7 * 86_400_000)}. `
          )}
          {data.unnamed > 0 && `Without a user: ${formatExactly(data.unnamed, 'request')}.`}
        </>
      )}
    />
  )
}

function columns(now: number, comparing: boolean): Column<UserRow>[] {
  return [
    {
      key: 'user',
      head: 'User',
      render: (row) => <span className="clip">{row.user_id}</span>,
      title: (row) => row.user_id,
    },
    ...sumColumns<UserRow>(comparing),
    {
      key: 'p95',
      head: 'P95',
      hint: '95 of 100 requests took no longer than this',
      number: true,
      render: (row) => formatMs(row.p95_ms),
      title: (row) =>
        row.p95_ms === null ? 'no request that was read told its duration' : `${formatExact(row.p95_ms)} ms`,
    },
    ...(comparing ? changeColumn<UserRow>('P95', 'p95_ms', formatMs, 'bad') : []),
    {
      key: 'sessions',
      head: 'Sessions',
      number: true,
      wide: true,
      render: (row) => formatCount(row.sessions),
    },
    {
      key: 'feedback',
      head: 'Feedback',
      hint: 'Judgements that the user gave, and the mean of their scores',
      number: true,
      wide: true,
      render: (row) => feedbackWords(row),
    },
    modelsColumn(),
    {
      key: 'last',
      head: 'Seen',
      wide: true,
      render: (row) => <span className="nowrap">{formatAgo(row.last_ms, now)}</span>,
      title: (row) => formatIso(row.last_ms),
    },
  ]
}

export function feedbackWords({ feedback, feedback_score }: Pick<UserRow, 'feedback' | 'feedback_score'>): string {
  if (feedback === 0) return unknown
  return feedback_score === null
    ? formatCount(feedback)
    : `${formatCount(feedback)}, mean ${significant(feedback_score)}`
}
