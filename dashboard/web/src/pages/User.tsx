import { Link, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useUser, type UserModel, type UserPage } from '../data/people.ts'
import {
  formatExactly,
  formatPart,
  formatCount,
  formatDateTime,
  formatExact,
  formatIso,
  formatMs,
  formatRatio,
  formatTime,
  formatUsd,
} from '../lib/format.ts'
import { nameIn } from '../lib/segment.ts'
import { useSearch } from '../lib/use-search.ts'
import { NothingHere } from '../panels/NothingHere.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { Panel } from '../panels/Panel.tsx'
import { Judgements } from '../panels/people/Judgements.tsx'
import { ReadFrom } from '../panels/people/ListedTable.tsx'
import { SessionList, sumColumns } from '../panels/people/SessionList.tsx'
import { userLines, UserRequestsPanel, UserSpendPanel } from '../panels/people/UserCharts.tsx'
import { feedbackWords } from '../panels/people/UserList.tsx'
import { Fact } from '../panels/Side.tsx'
import { ModelSwatch } from '../panels/Swatch.tsx'
import { Table, type Column } from '../panels/Table.tsx'
import { Panels } from '../panels/Panels.tsx'
import '../styles/people.css'

/** One end user in the range: spend, errors, latency, models, sessions, feedback. */
export default function User() {
  const { user_id: segment = '' } = useParams({ strict: false })
  const user_id = nameIn(segment)
  const asked = useUser(user_id)
  const names = useMemo(() => [(asked.data?.models ?? []).map(({ model }) => model), userLines], [asked.data])
  return (
    <PageProvider names={names}>
      <Panels>
        <Panel
          title={`User ${user_id}`}
          asked={asked}
          height={80}
          wide
          controls={<RequestsLink user_id={user_id} />}
          renderEmpty={(data) =>
            data.user === null ? <NothingHere what="No request of this user in this range" /> : null
          }
        >
          {(data) => data.user && <Facts user={data.user} page={data} />}
        </Panel>
        <UserSpendPanel user_id={user_id} />
        <UserRequestsPanel user_id={user_id} />
        <Panel
          title="Models"
          asked={asked}
          height={160}
          wide
          renderEmpty={(data) =>
            data.models.length === 0 ? <p>Models show once the user has a request in the range</p> : null
          }
          table={(data) => ({
            columns: Object.keys(data.models[0] ?? {}),
            rows: data.models.map((row) => Object.values(row)),
          })}
        >
          {(data) => <Models models={data.models} />}
        </Panel>
        <Judgements asked={asked} />
        <SessionList title="Sessions" user_id={user_id} />
      </Panels>
    </PageProvider>
  )
}

function RequestsLink({ user_id }: { user_id: string }) {
  const [{ row: _row, ...search }] = useSearch()
  return (
    <Link
      to="/requests"
      search={{ ...search, filters: { ...search.filters, user_id: [user_id] } } as never}
      className="panel-link"
    >
      All requests
    </Link>
  )
}

function Facts({ user, page }: { user: NonNullable<UserPage['user']>; page: UserPage }) {
  return (
    <div className="people-facts">
      <dl className="facts">
        <Fact
          name="Cost"
          value={formatUsd(user.cost_usd)}
          title={
            user.unpriced > 0
              ? `without ${formatExactly(user.unpriced, 'request')} whose cost is unknown`
              : `$${formatExact(user.cost_usd)}`
          }
        />
        <Fact name="Requests" value={formatExact(user.requests)} />
        <Fact
          name="Errors"
          value={formatRatio(user.errors / user.requests)}
          title={formatPart(user.errors, user.requests, 'request')}
        />
        <Fact name="P95" value={formatMs(user.p95_ms)} title="95 of 100 requests took no longer than this" />
        <Fact name="Tokens in" value={formatCount(user.input_tokens)} title={formatExact(user.input_tokens)} />
        <Fact name="Tokens out" value={formatCount(user.output_tokens)} title={formatExact(user.output_tokens)} />
        <Fact name="Sessions" value={formatCount(user.sessions)} />
        <Fact name="Feedback" value={feedbackWords(user)} title="Judgements that the user gave, and their mean" />
        <Fact name="Seen" value={formatDateTime(user.last_ms)} title={formatIso(user.last_ms)} />
      </dl>
      <p className="dim">
        {page.source === 'raw' ? (
          <ReadFrom from={page.from} read_from={page.read_from} />
        ) : (
          `Sums are of whole days since ${formatTime(page.from, 30 * 86_400_000)}; P95, models, sessions of the requests since ${formatTime(page.read_from, 7 * 86_400_000)}.`
        )}
      </p>
    </div>
  )
}

function Models({ models }: { models: readonly UserModel[] }) {
  const columns: Column<UserModel>[] = [
    {
      key: 'model',
      head: 'Model',
      render: (row) => <ModelSwatch name={row.model} />,
    },
    ...sumColumns<UserModel>(),
    { key: 'p95', head: 'P95', number: true, render: (row) => formatMs(row.p95_ms), sort: (row) => row.p95_ms },
  ]
  return <Table label="Models" columns={columns} rows={models} id={({ model }) => model} />
}
