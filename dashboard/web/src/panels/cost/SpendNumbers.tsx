import { useSpendBy, useSpendUsers, type Spend } from '../../data/spend.ts'
import {
  formatChange,
  formatCounted,
  formatExact,
  formatRatio,
  formatSpan,
  formatUsd,
  unknown,
  type Maybe,
} from '../../lib/format.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Spark } from '../Spark.tsx'
import { Failure } from '../states.tsx'
import { cachedShare, perMillionTokens, perRequest } from './unit-costs.ts'

interface ActiveUsers {
  users: number | null
  cost_usd: number | null
}

interface Figure {
  title: string
  hint: string
  value: Maybe
  before?: Maybe
  /** Less of it is good news. */
  isCost: boolean
  note: string
  course?: (number | null)[]
}

/** What it costs in all, and by the piece. */
export function SpendNumbers() {
  const { data, error, refetch, isPlaceholderData } = useSpendBy()
  const users = useSpendUsers().data
  if (error && !data) return <Failure error={error} retry={() => void refetch()} height={104} />
  if (!data) return <Skeletons />
  return (
    <div className="numbers" data-dimmed={isPlaceholderData || error !== null}>
      {figuresOf(data, users).map((figure) => (
        <Number key={figure.title} figure={figure} span={data.to - data.from} />
      ))}
    </div>
  )
}

const titles = ['Spend', 'Per request', 'Per 1M tokens', 'Per user', 'Saved by caching']

function Skeletons() {
  return (
    <div className="numbers">
      {titles.map((title) => (
        <div key={title} className="number skeleton spend-number" />
      ))}
    </div>
  )
}

function figuresOf(
  { current, previous, comparable, groups, times }: Spend,
  users: (ActiveUsers & { previous?: ActiveUsers | undefined }) | undefined,
): Figure[] {
  const course = times.map((_, index) =>
    groups.reduce<number | null>((sum, { cost_usd }) => {
      const cost = cost_usd[index] ?? null
      return cost === null ? sum : (sum ?? 0) + cost
    }, null),
  )
  // A period that had hardly begun is nothing to compare with.
  const before = (value: number | null) => (comparable ? value : null)
  const unpriced = current.unpriced > 0 ? `without ${formatCounted(current.unpriced, 'request')} of unknown price` : ''
  return [
    {
      title: 'Spend',
      hint: 'Cost of all requests with a known price',
      value: current.cost_usd,
      before: before(previous.cost_usd),
      isCost: true,
      note: unpriced,
      // The present bucket is not over yet.
      course: course.slice(0, -1),
    },
    {
      title: 'Per request',
      hint: 'Mean cost of the requests with a known price',
      value: perRequest(current),
      before: before(perRequest(previous)),
      isCost: true,
      note: formatCounted(current.priced, 'priced request'),
    },
    {
      title: 'Per 1M tokens',
      hint: 'Spend divided by input and output tokens together',
      value: perMillionTokens(current),
      before: before(perMillionTokens(previous)),
      isCost: true,
      note: '',
    },
    {
      title: 'Per user',
      hint: 'Spend of requests that name a user, divided by how many users they name; beyond a day by whole days',
      value: perUser(users),
      before: before(perUser(users?.previous)),
      isCost: true,
      note: users?.users ? formatCounted(users.users, 'user') : 'no users known for this range and these filters',
    },
    {
      title: 'Saved by caching',
      hint: 'What input tokens read from prompt caches would have cost more, less what writing them cost',
      value: current.cache_savings_usd,
      before: before(previous.cache_savings_usd),
      isCost: false,
      note: [
        cachedShare(current) === null ? '' : `${formatRatio(cachedShare(current))} of input tokens cached`,
        current.cache_savings_usd === null && cachedShare(current) ? 'at a price that is not known' : '',
      ]
        .filter(Boolean)
        .join(', '),
    },
  ]
}

const perUser = (known: ActiveUsers | undefined): number | null =>
  known?.users && known.cost_usd !== null ? known.cost_usd / known.users : null

function Number({ figure, span }: { figure: Figure; span: number }) {
  const [search] = useSearch()
  const { title, hint, value, before, isCost, note, course } = figure
  const change = formatChange(value, before)
  const comparing = search.compare !== 'off' && change.ratio !== null
  const rises = (change.ratio ?? 0) > 0
  const news = Math.abs(change.ratio ?? 0) < 0.01 ? 'neutral' : rises === isCost ? 'bad' : 'good'
  return (
    <section className="number" aria-label={title} data-figure={title}>
      <h2 title={hint}>{title}</h2>
      <p className="number-value" title={value === null || value === undefined ? 'unknown' : `$${formatExact(value)}`}>
        {formatUsd(value)}
      </p>
      <div className="number-foot">
        {comparing ? (
          <span className="delta" data-news={news} title={`${formatUsd(before)} in the ${formatSpan(span)} before`}>
            {change.text}
          </span>
        ) : (
          <span className="delta">{search.compare === 'off' || before === undefined ? '' : unknown}</span>
        )}
        {course && <Spark values={course} />}
      </div>
      {note !== '' && <p className="number-note">{note}</p>}
    </section>
  )
}
