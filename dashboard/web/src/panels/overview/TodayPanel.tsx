import { Link } from '@tanstack/react-router'
import { useToday, type TodaySpend } from '../../data/overview.ts'
import { useBudgets, type Budget } from '../../data/spend.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import { formatChange, formatCount, formatDay, formatExact, formatRatio, formatUsd, unknown } from '../../lib/format.ts'
import type { Search } from '../../lib/search.ts'
import { Panel } from '../Panel.tsx'
import { labelText } from '../alerts/words.ts'
import { budgetName } from './budget-name.ts'

/** What today cost so far, beside the days before, and how much of each budget is gone. */
export function TodayPanel() {
  const asked = useToday()
  return (
    <Panel
      title="Spend today"
      hint="Cost of today’s requests with a known price; days begin in the zone that times are shown in"
      unit={asked.data ? unitOf(asked.data) : ''}
      asked={asked}
      height={250}
      table={({ before, today }) => ({
        columns: ['day', 'cost_usd', 'by_now_usd', 'requests', 'requests_without_price'],
        rows: [...before, today].map((day) => [
          new Date(day.at).toISOString(),
          day.cost_usd,
          day.by_now_usd,
          day.requests,
          day.unpriced,
        ]),
      })}
    >
      {(data) => (
        <>
          <div className="today">
            <Figure data={data} />
            <Days data={data} />
          </div>
          <Budgets />
        </>
      )}
    </Panel>
  )
}

const unitOf = ({ today }: TodaySpend) =>
  today.unpriced > 0 && today.unpriced < today.requests ? `without ${formatCount(today.unpriced)} unpriced` : ''

function Figure({ data: { today, usual_by_now_usd, before } }: { data: TodaySpend }) {
  const { text, ratio } = formatChange(today.cost_usd, usual_by_now_usd)
  const news = ratio === null || Math.abs(ratio) < 0.01 ? 'neutral' : ratio > 0 ? 'bad' : 'good'
  const why = today.requests === 0 ? 'no requests yet today' : 'no request of today has a known price'
  return (
    <div className="today-figure">
      <p className="number-value" title={today.cost_usd === null ? why : `$${formatExact(today.cost_usd)}`}>
        {formatUsd(today.cost_usd)}
      </p>
      {ratio === null ? (
        <span className="delta">{today.cost_usd === null ? why : 'nothing before by this time'}</span>
      ) : (
        <span className="delta" data-news={news} title={`${formatUsd(usual_by_now_usd)} by this time`}>
          {text} on {before.length === 1 ? 'yesterday' : 'the days before'} by this time
        </span>
      )}
    </div>
  )
}

/** A bar a day: by this time of it dark, the rest light. */
function Days({ data: { before, today } }: { data: TodaySpend }) {
  const days = [...before, today]
  const top = Math.max(...days.map(({ cost_usd }) => cost_usd ?? 0))
  const share = (usd: number | null) => `${top > 0 ? ((usd ?? 0) / top) * 100 : 0}%`
  return (
    <ol className="days" aria-label="Spend of each day">
      {days.map((day) => (
        <li
          key={day.at}
          data-today={day === today}
          title={`${formatDay(day.at)}: ${formatUsd(day.cost_usd)}${day === today ? ' so far' : `, ${formatUsd(day.by_now_usd)} by this time`}`}
        >
          <span className="sr-only">
            {formatDay(day.at)}: {formatUsd(day.cost_usd)}
          </span>
          <i className="days-bar" aria-hidden>
            <i style={{ height: share(day.cost_usd) }} />
            <i style={{ height: share(day.by_now_usd) }} />
          </i>
          <small aria-hidden>{formatDay(day.at).slice(0, 2)}</small>
        </li>
      ))}
    </ol>
  )
}

interface Row {
  budget: Budget
  group: Budget['groups'][number] | null
}

/** So many are shown, those that are nearest to their end first. */
const shown = 3

const ratioOf = ({ budget, group }: Row) => (group ? group.spent_usd / budget.budget.amount_usd : 0)
const endOf = ({ budget, group }: Row) => (group?.forecast_usd ?? 0) / budget.budget.amount_usd

/** Nothing until its own answer comes: spend does not wait for it. */
function Budgets() {
  const { data, error } = useBudgets()
  if (error && !data) return <p className="budgets-note dim">Budgets could not be asked for: {error.message}</p>
  if (!data) return <div className="budgets skeleton" />
  const rows = data.budgets
    .flatMap((budget) => (budget.groups.length > 0 ? budget.groups : [null]).map((group): Row => ({ budget, group })))
    .toSorted((a, b) => Math.max(ratioOf(b), endOf(b)) - Math.max(ratioOf(a), endOf(a)))
  return (
    <>
      {rows.length === 0 ? (
        <p className="budgets-note dim">
          No budget is set.{' '}
          <Link to="/alerts/rule" search={((before: Search) => ({ ...elsewhere(before), view: 'budget' })) as never}>
            Write one
          </Link>
        </p>
      ) : (
        <ul className="budgets" aria-label="Budgets">
          {rows.slice(0, shown).map((row) => (
            <BudgetLine key={`${row.budget.group} ${row.budget.id} ${labelText(row.group?.labels ?? {})}`} row={row} />
          ))}
        </ul>
      )}
      <div className="panel-foot">
        <Link to="/cost" search={elsewhere as never} className="panel-link">
          {rows.length > shown ? `Spend, and all ${rows.length} budgets` : 'Spend by model, team and day'}
        </Link>
      </div>
    </>
  )
}

function BudgetLine({ row }: { row: Row }) {
  const { budget, group } = row
  const { amount_usd, period } = budget.budget
  const [first, then] = budgetName(budget.rule, group?.labels ?? {})
  const [gone, end] = [ratioOf(row), endOf(row)]
  const state = gone >= 1 ? 'over' : end > 1 ? 'will' : 'fits'
  const words = {
    over: gone > 1 ? 'overspent' : 'spent',
    will: `will end at ${formatRatio(end)}`,
    fits: group?.forecast_usd ? `will end at ${formatRatio(end)}` : '',
  }
  return (
    <li className="budget" data-state={state}>
      <span className="budget-name" title={[first, then, `of ${budget.group}`].filter(Boolean).join(' ')}>
        {first} <span className="dim">{then}</span>
      </span>
      <span className="budget-track" aria-hidden>
        <i style={{ width: `${Math.min(gone, 1) * 100}%` }} />
        {end > 0 && <b style={{ left: `${Math.min(end, 1) * 100}%` }} />}
      </span>
      <span className="budget-words" title={group ? `$${formatExact(group.spent_usd)}` : 'nothing spent'}>
        {group ? formatUsd(group.spent_usd) : unknown} of {formatUsd(amount_usd)}{' '}
        {period === 'day' ? 'today' : `this ${period}`}
        {words[state] !== '' && <small> · {words[state]}</small>}
      </span>
    </li>
  )
}
