import { useNavigate } from '@tanstack/react-router'
import { useSessions, type SessionRow } from '../../data/people.ts'
import { previewOf } from '../../lib/conversation.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import {
  formatExactly,
  formatPart,
  formatAgo,
  formatCount,
  formatExact,
  formatIso,
  formatMs,
  formatUsd,
} from '../../lib/format.ts'
import { useSearch } from '../../lib/use-search.ts'
import type { Column } from '../Table.tsx'
import { changeColumn, type Before } from './change-column.tsx'
import { ListedTable, ReadFrom } from './ListedTable.tsx'
import { useListed } from './use-listed.ts'

const orders = {
  last: 'Latest first',
  first: 'Begun last first',
  length: 'Longest first',
  requests: 'Most requests first',
  errors: 'Most errors first',
  tokens: 'Most tokens first',
  cost: 'Dearest first',
} as const
type Order = keyof typeof orders
const names = Object.keys(orders) as Order[]

/** Conversations of the range; of one user, when one is named. */
export function SessionList({ title = 'Sessions', user_id }: { title?: string; user_id?: string }) {
  const { order, offset, go } = useListed(names, 'last')
  const asked = useSessions({ order, offset }, user_id)
  const navigate = useNavigate()
  const [{ compare }] = useSearch()
  return (
    <ListedTable
      title={title}
      asked={asked}
      rows={(data) => data.sessions}
      all={(data) => data.all}
      columns={columns(asked.data?.to ?? 0, user_id === undefined, compare === 'on')}
      id={({ session_id }) => session_id}
      onOpen={({ session_id }) =>
        void navigate({ to: '/sessions/$session_id', params: { session_id }, search: elsewhere as never })
      }
      orders={orders}
      order={order}
      offset={offset}
      go={go}
      empty="No call of the range names a session: clients send session.id or gen_ai.conversation.id"
      renderNote={(data) => <ReadFrom from={data.from} read_from={data.read_from} />}
    />
  )
}

function columns(now: number, named: boolean, comparing: boolean): Column<SessionRow>[] {
  const user: Column<SessionRow> = {
    key: 'user',
    head: 'User',
    wide: true,
    render: (row) => <span className="clip">{row.last_user_id}</span>,
    title: (row) => row.last_user_id,
  }
  return [
    {
      key: 'session',
      head: 'Session',
      render: (row) => <span className="clip mono">{row.session_id}</span>,
      title: (row) => row.session_id,
    },
    {
      key: 'first',
      head: 'Start',
      render: (row) => <span className="nowrap">{formatAgo(row.first_ms, now)}</span>,
      title: (row) => formatIso(row.first_ms),
    },
    {
      key: 'length',
      head: 'Length',
      hint: 'From the start of its first call to the end of its last, in the range',
      number: true,
      render: (row) => formatMs(row.last_ms - row.first_ms),
    },
    ...sumColumns<SessionRow>(comparing),
    ...(named ? [user] : []),
    modelsColumn(),
    {
      key: 'said',
      head: 'Last answer',
      hint: 'Where content is kept',
      wide: true,
      render: (row) => <span className="clip preview">{previewOf(row.last_output, 'assistant')}</span>,
      title: (row) => previewOf(row.last_output, 'assistant'),
    },
  ]
}

interface Sums {
  requests: number
  errors: number
  input_tokens: number | null
  output_tokens: number | null
  cost_usd: number | null
  unpriced: number
  previous?: Before
}

/** Requests, errors, tokens and cost of whatever a row stands for; each of what is compared beside its change. */
export function sumColumns<Row extends Sums>(comparing = false): Column<Row>[] {
  const change: typeof changeColumn<Row> = (...about) => (comparing ? changeColumn<Row>(...about) : [])
  return [
    {
      key: 'requests',
      head: 'Requests',
      number: true,
      render: (row) => formatCount(row.requests),
      title: (row) => formatExact(row.requests),
    },
    ...change('Requests', 'requests', formatCount, 'neutral'),
    {
      key: 'errors',
      head: 'Errors',
      hint: 'Errors, rate limits and time-outs',
      number: true,
      render: (row) => formatCount(row.errors),
      title: (row) => formatPart(row.errors, row.requests, 'request'),
    },
    ...change('Errors', 'errors', formatCount, 'bad'),
    {
      key: 'input',
      head: 'In',
      hint: 'Input tokens',
      number: true,
      wide: true,
      render: (row) => formatCount(row.input_tokens),
      title: (row) => (row.input_tokens === null ? 'no client told' : formatExact(row.input_tokens)),
    },
    {
      key: 'output',
      head: 'Out',
      hint: 'Output tokens',
      number: true,
      wide: true,
      render: (row) => formatCount(row.output_tokens),
      title: (row) => (row.output_tokens === null ? 'no client told' : formatExact(row.output_tokens)),
    },
    {
      key: 'cost',
      head: 'Cost',
      number: true,
      render: (row) => formatUsd(row.cost_usd),
      title: (row) =>
        row.cost_usd === null
          ? 'no price is known, or no tokens'
          : `$${formatExact(row.cost_usd)}${row.unpriced > 0 ? `, without ${formatExactly(row.unpriced, 'request')} whose cost is unknown` : ''}`,
    },
    ...change('Cost', 'cost_usd', formatUsd, 'neutral'),
  ]
}

export function modelsColumn<Row extends { models: string[]; model_count: number | null }>(): Column<Row> {
  const words = ({ models, model_count }: Row) =>
    models.map((model) => model || 'no model name').join(', ') +
    (model_count !== null && model_count > models.length ? ` and ${model_count - models.length} more` : '')
  return {
    key: 'models',
    head: 'Models',
    wide: true,
    render: (row) => <span className="clip models">{words(row)}</span>,
    title: words,
  }
}
