import type { Maybe } from '../../lib/format.ts'
import type { Column } from '../Table.tsx'
import { Change } from '../traffic/Change.tsx'

type Compared = 'requests' | 'errors' | 'cost_usd' | 'p95_ms'
/** The period before; null without a call in it, absent while nobody compares. */
export type Before = Record<Compared, number | null> | null | undefined

/** How much more or less of something a row has than in the period before. */
export function changeColumn<Row extends Partial<Record<Compared, number | null>> & { previous?: Before }>(
  word: string,
  of: Compared,
  format: (value: Maybe) => string,
  rise: 'bad' | 'neutral',
): Column<Row>[] {
  return [
    {
      key: `${of}_change`,
      head: '±',
      hint: `${word}, against the period before`,
      number: true,
      wide: true,
      render: (row) => <Change now={row[of]} before={row.previous?.[of] ?? null} format={format} rise={rise} />,
    },
  ]
}
