import { useRule, type EvaluationRecord, type RuleView } from '../../data/alerts.ts'
import { formatAgo, formatExactly, formatIso, formatMs } from '../../lib/format.ts'
import { Failure, PanelSkeleton } from '../states.tsx'
import { Status, type Level } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'
import { ValueLine } from './ValueLine.tsx'
import { exactly, formatValue, thresholdOf } from './words.ts'

/** How a rule's last evaluations went, the newest first. */
export function RuleEvaluations({ rule }: { rule: RuleView }) {
  const { data, error, isPending, refetch, dataUpdatedAt } = useRule(rule)
  const { missed_ticks, caught_up } = rule
  if (isPending) return <PanelSkeleton height={120} />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  const { evaluations } = data
  return (
    <>
      {missed_ticks > 0 && (
        <p className="dim">
          {`Evaluations of its group that were not made in time since the start: ${missed_ticks}, of them made later: ${caught_up}`}
        </p>
      )}
      {evaluations.length > 1 && (
        <ValueLine
          values={evaluations.map(({ value }) => value)}
          threshold={rule.threshold?.value ?? null}
          label={`Values of the last ${formatExactly(evaluations.length, 'evaluation')}; it fires ${thresholdOf(rule)}`}
        />
      )}
      {evaluations.length > 0 && (
        <Table
          label="Last evaluations"
          columns={columns(rule, dataUpdatedAt)}
          rows={evaluations.toReversed()}
          id={({ at, caught_up: late }) => `${at} ${late}`}
          maxHeight={260}
        />
      )}
    </>
  )
}

const outcomes: Record<EvaluationRecord['outcome'], [Level, string]> = {
  ok: ['ok', 'ok'],
  no_data: ['unknown', 'no data'],
  error: ['critical', 'failed'],
}

const columns = (rule: RuleView, now: number): Column<EvaluationRecord>[] => [
  {
    key: 'at',
    head: 'For',
    hint: 'The moment that it was for',
    render: ({ at }) => formatAgo(at, now),
    title: ({ at }) => formatIso(at),
  },
  {
    key: 'outcome',
    head: 'Outcome',
    render: ({ outcome, caught_up }) => {
      const [level, word] = outcomes[outcome]
      return (
        <>
          <Status level={level} word={word} />
          {caught_up && (
            <span className="dim" title="It was missed, and made later from stored data">
              {' caught up'}
            </span>
          )}
        </>
      )
    },
  },
  {
    key: 'value',
    head: 'Value',
    hint: 'The one furthest beyond the threshold; none when none was',
    number: true,
    render: ({ value }) => formatValue(value, rule.unit),
    title: ({ value }) => exactly(value) ?? 'Nothing was beyond the threshold',
  },
  {
    key: 'instances',
    head: 'Beyond',
    hint: 'How many results were beyond the threshold',
    number: true,
    wide: true,
    render: ({ instances }) => String(instances),
  },
  {
    key: 'took',
    head: 'Took',
    number: true,
    render: ({ duration_ms }) => formatMs(duration_ms),
    title: ({ shared_with }) => (shared_with > 0 ? `One query for this and ${shared_with} other rules` : undefined),
  },
  {
    key: 'shared',
    head: 'Shared',
    hint: 'How many other rules the same query answered',
    number: true,
    wide: true,
    render: ({ shared_with }) => (shared_with === 0 ? '' : String(shared_with)),
  },
  { key: 'error', head: 'Error', render: ({ error, doubt }) => <span className="wrap">{error || doubt}</span> },
]
