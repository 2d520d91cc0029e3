import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { OffenderKind } from '../../../../api/routes/overview.ts'
import { offenderKinds, offenderWords, useOffenders, type Offender, type Offenders } from '../../data/overview.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import {
  formatExactly,
  formatPart,
  formatCount,
  formatCounted,
  formatExact,
  formatMs,
  formatRatio,
  formatTime,
  formatUsd,
  significant,
} from '../../lib/format.ts'
import { segmentOf } from '../../lib/segment.ts'
import type { Search } from '../../lib/search.ts'
import { useSearch } from '../../lib/use-search.ts'
import { EndpointLink, ModelLink } from '../NameLink.tsx'
import { Panel } from '../Panel.tsx'

interface Ranking {
  title: string
  hint: string
  rows: (data: Offenders) => readonly Offender[]
  value: (row: Offender) => number
  figure: (row: Offender) => string
  note: (row: Offender) => string
  exact: (row: Offender) => string
  empty: (data: Offenders) => string
}

const isThing = ({ by }: Offenders) => by === 'model' || by === 'endpoint'

const rankings = (data: Offenders): Ranking[] => [
  {
    title: 'Most errors',
    hint: 'Errors, rate limits and time-outs',
    rows: ({ failing }) => failing,
    value: ({ errors }) => errors,
    figure: ({ errors }) => formatCount(errors),
    note: ({ errors, requests }) => `${formatRatio(errors / requests)} of ${formatCount(requests)}`,
    exact: ({ errors, requests }) => formatPart(errors, requests, 'request'),
    empty: () => 'No request failed',
  },
  isThing(data)
    ? {
        title: 'Slowest against usual',
        hint: 'P95 in times of that of the week before',
        rows: ({ slow }) => slow,
        value: ({ p95_ms, usual_p95_ms }) => (p95_ms ?? 0) / (usual_p95_ms ?? 1),
        figure: ({ p95_ms, usual_p95_ms }) => `×${significant((p95_ms ?? 0) / (usual_p95_ms ?? 1))}`,
        note: ({ p95_ms, usual_p95_ms }) => `${formatMs(p95_ms)}, usually ${formatMs(usual_p95_ms)}`,
        exact: ({ p95_ms, usual_p95_ms }) => `${formatExact(p95_ms)} ms, usually ${formatExact(usual_p95_ms)} ms`,
        empty: () => 'None is slower than in the week before, or nothing is known of it',
      }
    : {
        title: 'Slowest',
        hint: data.by === 'user' ? 'P95, of 20 requests at least' : 'P95 of the calls of a session',
        rows: ({ slow }) => slow,
        value: ({ p95_ms }) => p95_ms ?? 0,
        figure: ({ p95_ms }) => formatMs(p95_ms),
        note: ({ requests }) => `P95 of ${formatCount(requests)}`,
        exact: ({ p95_ms, requests }) => `${formatExact(p95_ms)} ms, of ${formatExactly(requests, 'request')}`,
        empty: ({ by }) => (by === 'user' ? 'No user made 20 requests' : 'No session told how long its calls took'),
      },
  {
    title: 'Dearest',
    hint: 'Cost of the requests with a known price',
    rows: ({ dear }) => dear,
    value: ({ cost_usd }) => cost_usd ?? 0,
    figure: ({ cost_usd }) => formatUsd(cost_usd),
    note: ({ requests, unpriced }) =>
      `${formatCounted(requests, 'request')}${unpriced > 0 ? `, ${formatCount(unpriced)} unpriced` : ''}`,
    exact: ({ cost_usd }) => `$${formatExact(cost_usd)}`,
    empty: () => 'No request has a known price',
  },
]

/** Who stands out: by errors, by latency, by cost; each leads to its page. */
export function OffendersPanel() {
  const asked = useOffenders()
  const [search, change] = useSearch()
  const by = offenderKinds.find((known) => known === search.by) ?? 'model'
  return (
    <Panel
      title="Worst offenders"
      unit={asked.data ? unitOf(asked.data) : ''}
      asked={asked}
      height={204}
      wide
      controls={
        <div className="toggles" role="group" aria-label="Whom to rank">
          {offenderKinds.map((kind) => (
            <button
              key={kind}
              type="button"
              aria-pressed={kind === by}
              onClick={() =>
                change(({ by: _by, ...rest }) => (kind === 'model' ? rest : { ...rest, by: kind }), { replace: true })
              }
            >
              {offenderWords[kind]}
            </button>
          ))}
        </div>
      }
      table={(data) => ({
        columns: ['ranking', 'name', 'requests', 'errors', 'p95_ms', 'usual_p95_ms', 'cost_usd', 'unpriced'],
        rows: rankings(data).flatMap(({ title, rows }) =>
          rows(data).map((row) => [
            title,
            row.name,
            row.requests,
            row.errors,
            row.p95_ms,
            row.usual_p95_ms,
            row.cost_usd,
            row.unpriced,
          ]),
        ),
      })}
    >
      {(data) => (
        <div className="rankings">
          {rankings(data).map((ranking) => (
            <List key={ranking.title} ranking={ranking} data={data} />
          ))}
        </div>
      )}
    </Panel>
  )
}

/** What was read where not all of the range was. */
function unitOf({ from, to, by, source, counted_from, timed_from }: Offenders): string {
  if (by === 'model' || by === 'endpoint') return ''
  const at = (time: number) => formatTime(time, Math.max(to - time, 86_400_000 + 1))
  const timed = timed_from > from ? `latency from ${at(timed_from)} on` : ''
  if (source !== 'users_1d') return timed === '' ? '' : `newest requests, from ${at(timed_from)} on`
  return [`whole days, from ${at(counted_from)} on`, timed].filter(Boolean).join('; ')
}

function List({ ranking, data }: { ranking: Ranking; data: Offenders }) {
  const { title, hint, rows, value, figure, note, exact, empty } = ranking
  const ranked = rows(data)
  const top = Math.max(...ranked.map(value), 0)
  return (
    <section className="ranking" aria-label={title}>
      <h3 title={hint}>{title}</h3>
      {ranked.length === 0 && <p className="dim">{empty(data)}</p>}
      <ol>
        {ranked.map((row) => (
          <li key={row.name}>
            <i className="ranking-bar" aria-hidden style={{ width: `${top > 0 ? (value(row) / top) * 100 : 0}%` }} />
            <span className="ranking-name" title={row.name}>
              <NamedLink by={data.by} name={row.name} />
            </span>
            <span className="ranking-note">{note(row)}</span>
            <b title={exact(row)}>{figure(row)}</b>
          </li>
        ))}
      </ol>
    </section>
  )
}

function NamedLink({ by, name }: { by: OffenderKind; name: string }): ReactNode {
  if (by === 'model') return <ModelLink name={name} />
  if (by === 'endpoint') return <EndpointLink name={name} />
  const search = ((before: Search) => elsewhere(before)) as never
  return by === 'user' ? (
    <Link to="/users/$user_id" params={{ user_id: segmentOf(name) }} search={search} className="name-link">
      {name}
    </Link>
  ) : (
    <Link to="/sessions/$session_id" params={{ session_id: segmentOf(name) }} search={search} className="name-link">
      {name}
    </Link>
  )
}
