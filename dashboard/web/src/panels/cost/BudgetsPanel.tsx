import { useBudgets, type Budget } from '../../data/spend.ts'
import { formatCounted, formatExact, formatRatio, formatTime, formatUsd } from '../../lib/format.ts'
import { Meter } from '../Meter.tsx'
import { Panel } from '../Panel.tsx'
import { Table, type Column } from '../Table.tsx'
import { RuleLink } from '../alerts/RuleLink.tsx'
import { labelText } from '../alerts/words.ts'

interface Row {
  budget: Budget
  /** Null of a budget that nothing was spent of. */
  group: Budget['groups'][number] | null
}

const rowsOf = (budgets: readonly Budget[]): Row[] =>
  budgets.flatMap((budget) =>
    (budget.groups.length > 0 ? budget.groups : [null]).map((group): Row => ({ budget, group })),
  )

const groupWord = ({ budget, group }: Row) =>
  labelText(group?.labels ?? {}) || (budget.budget.by.length > 0 && !group ? 'nothing spent' : 'all requests')

/** How much of each budget is gone, and where its period is likely to end. */
export function BudgetsPanel() {
  const asked = useBudgets()
  return (
    <Panel
      title="Budgets"
      hint="Rules of the kind budget, over the period that now is in"
      asked={asked}
      height={300}
      renderEmpty={({ budgets }) =>
        budgets.length === 0 ? (
          <p>Budgets show once a rule file holds a rule of kind budget: amount, period, by</p>
        ) : null
      }
      table={({ budgets }) => ({
        columns: ['rule', 'group', 'period', 'amount_usd', 'spent_usd', 'forecast_usd', 'requests_without_price'],
        rows: rowsOf(budgets).map((row) => [
          row.budget.rule,
          groupWord(row),
          row.budget.period.name,
          row.budget.budget.amount_usd,
          row.group?.spent_usd ?? null,
          row.group?.forecast_usd ?? null,
          row.group?.unpriced ?? null,
        ]),
      })}
    >
      {({ budgets }) => (
        <Table
          label="Budgets"
          columns={columns}
          rows={rowsOf(budgets)}
          id={(row) => `${row.budget.group} ${row.budget.id} ${groupWord(row)}`}
        />
      )}
    </Panel>
  )
}

const spentRatio = ({ budget, group }: Row) => (group ? group.spent_usd / budget.budget.amount_usd : null)
const endRatio = ({ budget, group }: Row) =>
  group?.forecast_usd === null || group === null ? null : group.forecast_usd / budget.budget.amount_usd

const columns: Column<Row>[] = [
  {
    key: 'rule',
    head: 'Budget',
    render: ({ budget }) => <RuleLink rule={budget} />,
    sort: ({ budget }) => budget.rule,
  },
  { key: 'group', head: 'Of', render: groupWord, sort: groupWord },
  {
    key: 'amount',
    head: 'Amount',
    number: true,
    render: ({ budget }) => `${formatUsd(budget.budget.amount_usd)} a ${budget.budget.period}`,
    sort: ({ budget }) => budget.budget.amount_usd,
  },
  {
    key: 'spent',
    head: 'Spent',
    render: (row) => (
      <Meter
        ratio={spentRatio(row)}
        over={(spentRatio(row) ?? 0) > 1}
        text={row.group ? `${formatUsd(row.group.spent_usd)}, ${formatRatio(spentRatio(row))}` : '—'}
      />
    ),
    title: ({ group }) =>
      group && group.unpriced > 0
        ? `$${formatExact(group.spent_usd)}; ${formatCounted(group.unpriced, 'request')} of unknown price are not in it`
        : group
          ? `$${formatExact(group.spent_usd)}`
          : 'No request of the period has a known price',
    sort: spentRatio,
  },
  {
    key: 'forecast',
    head: 'Expected',
    hint: 'At its end, at the mean of the last seven full days',
    number: true,
    render: (row) => (
      <span data-over={(endRatio(row) ?? 0) > 1} className="budget-end">
        {row.group?.forecast_usd === null || row.group === null
          ? '—'
          : `${formatUsd(row.group.forecast_usd)}, ${formatRatio(endRatio(row))}`}
      </span>
    ),
    title: (row) => (endRatio(row) === null ? 'Too few days are known' : undefined),
    sort: endRatio,
  },
  {
    key: 'ends',
    head: 'Ends',
    number: true,
    render: ({ budget }) => formatTime(budget.period.to, 7 * 86_400_001),
    sort: ({ budget }) => budget.period.to,
  },
]
