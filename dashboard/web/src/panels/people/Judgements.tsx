import { Link } from '@tanstack/react-router'
import type { Judgement } from '../../data/people.ts'
import type { Asked } from '../../data/use-question.ts'
import { inTrace } from '../../lib/elsewhere.ts'
import { formatDateTime, formatIso, significant, unknown } from '../../lib/format.ts'
import { Panel } from '../Panel.tsx'
import { Table, type Column } from '../Table.tsx'

/** What people, models and rules said of answers. */
export function Judgements<T extends { judgements: readonly Judgement[] }>({ asked }: { asked: Asked<T> }) {
  return (
    <Panel
      title="Feedback and evaluations"
      hint="What people, models and rules said of answers"
      asked={asked}
      height={64}
      wide
      renderEmpty={({ judgements }) =>
        judgements.length === 0 ? (
          <p>Feedback shows once clients send gen_ai.evaluation.result, or annotate spans</p>
        ) : null
      }
      table={({ judgements }) => ({
        columns: Object.keys(judgements[0] ?? {}),
        rows: judgements.map((row) => Object.values(row)),
      })}
    >
      {({ judgements }) => (
        <Table
          label="Feedback and evaluations"
          columns={columns}
          rows={judgements}
          id={(row) => [row.kind, row.timestamp_ms, row.trace_id, row.span_id, row.name, row.by].join(' ')}
          maxHeight={320}
        />
      )}
    </Panel>
  )
}

const columns: Column<Judgement>[] = [
  {
    key: 'time',
    head: 'Time',
    render: (row) => formatDateTime(row.timestamp_ms),
    title: (row) => formatIso(row.timestamp_ms),
  },
  { key: 'kind', head: 'Kind', wide: true, render: (row) => row.kind },
  { key: 'name', head: 'What', render: (row) => row.name },
  {
    key: 'score',
    head: 'Score',
    number: true,
    render: (row) => (row.score === null ? unknown : significant(row.score)),
  },
  { key: 'label', head: 'Word', render: (row) => <span className="clip">{row.label}</span>, title: (row) => row.label },
  { key: 'text', head: 'Why', wide: true, render: (row) => <span className="wrap">{row.text}</span> },
  {
    key: 'by',
    head: 'By',
    wide: true,
    render: (row) => <span className="clip">{row.by}</span>,
    title: (row) => row.by,
  },
  {
    key: 'trace',
    head: 'Trace',
    render: (row) =>
      row.trace_id === '' ? (
        unknown
      ) : (
        <Link
          to="/traces/$trace_id"
          params={{ trace_id: row.trace_id }}
          search={inTrace(row.span_id) as never}
          className="panel-link mono"
        >
          {row.trace_id.slice(0, 8)}
        </Link>
      ),
  },
]
