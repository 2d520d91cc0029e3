/** Groups of spend as people see them, the dearest with lines of their own. */
import type { CostDimension } from '../../../../api/routes/spend.ts'
import { dimensionWords, type Spend, type SpendGroup } from '../../data/spend.ts'
import type { NamedLine } from '../LinePanel.tsx'
import { otherName } from '../page-context.tsx'
import { formatUsd } from '../../lib/format.ts'

export const groupName = (by: CostDimension, { value }: Pick<SpendGroup, 'value'>) =>
  value === '' ? `no ${dimensionWords[by]}` : value

/** So many lines a chart; the rest is one. */
const mostLines = 12

/** Dollars per bucket and group; buckets without any priced request are gaps. */
export function spendLines({ by, groups }: Spend): NamedLine[] {
  const spent = groups.filter(({ current }) => current.cost_usd !== null)
  const [shown, rest] =
    spent.length <= mostLines ? [spent, []] : [spent.slice(0, mostLines - 1), spent.slice(mostLines - 1)]
  const lines = shown.map((group): NamedLine => ({
    name: groupName(by, group),
    colorOf: group.value,
    values: group.cost_usd,
    extra: [formatUsd(group.current.cost_usd)],
  }))
  if (rest.length === 0) return lines
  const values = rest.reduce<(number | null)[]>(
    (sums, { cost_usd }) => cost_usd.map((cost, index) => plus(sums[index] ?? null, cost)),
    [],
  )
  const total = rest.reduce((sum, { current }) => sum + (current.cost_usd ?? 0), 0)
  return [...lines, { name: otherName, colorOf: '', values, extra: [formatUsd(total)] }]
}

const plus = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : a + b)
