import type { Maybe } from '../../lib/format.ts'
import type { Column } from '../Table.tsx'
import { Change } from '../traffic/Change.tsx'

type Compared = 'requests' | 'errors' | 'cost_usd' | 'p95_ms'
/** The period before; null without a call in it, absent while nobody compares. */
export type Before = Record<Compared, number | null> | null | undefined

/** How much more or less of something a row has than in the period before. */
export function changeColumn<Row extends { previous?: Before }, Of extends Compared & keyof Row = Compared & keyof Row>(
  word: string,
  of: Of,
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
      render: (row) => (
        <Change now={row[of] as Maybe} before={row.previous?.[of] ?? null} format={format} rise={rise} />
      ),
    },
  ]
}
