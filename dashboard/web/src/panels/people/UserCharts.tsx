/** What one end user called and cost over time. */
import { seenIn, settled } from '../../charts/lines.ts'
import { useUserSeries, type UserSeries } from '../../data/people.ts'
import { formatCount, formatTime, formatUsd } from '../../lib/format.ts'
import { LinePanel, previousOf, type NamedLine } from '../LinePanel.tsx'
import { NothingHere } from '../NothingHere.tsx'

export const userLines = ['requests', 'errors', 'spend']

const itself = (data: UserSeries) => data

/** Nothing between the first and the last call is 0; before and after, nobody knows. */
function filled({ times, values }: UserSeries, of: readonly (number | null)[]): (number | null)[] {
  const seen = seenIn({ times, from: 0, to: 0, step_ms: 1 }, [values])
  const [first, last] = [seen.indexOf(true), seen.lastIndexOf(true)]
  return of.map((value, index) => (seen[index] || index < first || index > last ? value : 0))
}

const total = (values: readonly (number | null)[]) =>
  values.some((value) => value !== null) ? values.reduce<number>((sum, value) => sum + (value ?? 0), 0) : null

const requestLines = (data: UserSeries): NamedLine[] =>
  (['requests', 'errors'] as const).map((name) => ({
    name,
    colorOf: name,
    values: settled(data, filled(data, data.values[name])),
    extra: [formatCount(total(data.values[name]))],
  }))

const spendLines = (data: UserSeries): NamedLine[] => [
  {
    name: 'spend',
    colorOf: 'spend',
    values:
      total(data.values.cost_usd) === null ? data.values.cost_usd : settled(data, filled(data, data.values.cost_usd)),
    extra: [formatUsd(total(data.values.cost_usd))],
  },
]

/** What a sum stands for, and what it lacks. */
const unitOf = (data: UserSeries | undefined) => {
  if (!data) return 'per bucket'
  if (data.source !== 'raw') return 'per bucket of whole days, some minutes behind'
  return data.read_from > data.from
    ? `per bucket, of requests since ${formatTime(data.read_from, 7 * 86_400_000)}`
    : 'per bucket'
}

export function UserRequestsPanel({ user_id }: { user_id: string }) {
  const asked = useUserSeries(user_id)
  return (
    <LinePanel
      title="Requests over time"
      unit={unitOf(asked.data)}
      hint="Calls that began in each bucket, and those of them that failed"
      asked={asked}
      frame={itself}
      lines={requestLines}
      previous={previousOf}
      format={formatCount}
      extraColumns={['in all']}
      empty={<NothingHere what="No request of this user in this range" />}
    />
  )
}

export function UserSpendPanel({ user_id }: { user_id: string }) {
  const asked = useUserSeries(user_id)
  const unpriced = total(asked.data?.values.unpriced ?? []) ?? 0
  return (
    <LinePanel
      title="Spend over time"
      unit={[unitOf(asked.data), unpriced > 0 ? `without ${formatCount(unpriced)} unpriced` : '']
        .filter(Boolean)
        .join(', ')}
      hint="Cost of the calls that began in each bucket; those without a known price are left out"
      asked={asked}
      frame={itself}
      lines={spendLines}
      previous={previousOf}
      format={formatUsd}
      extraColumns={['in all']}
      empty={<NothingHere what="No request of this user in this range has a known price" />}
    />
  )
}
