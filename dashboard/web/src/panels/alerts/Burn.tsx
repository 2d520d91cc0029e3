import type { SloWindow } from '../../data/slos.ts'
import { formatPart, formatMs, significant, unknown } from '../../lib/format.ts'
import { Status } from '../Status.tsx'

const times = (burn: number | null) => (burn === null ? unknown : `${significant(burn)}×`)

/** How fast the budget is spent over a window; marked where that fires. */
export function Burn({ window }: { window: SloWindow | undefined }) {
  if (!window) return unknown
  const { severity, threshold, long_ms, short_ms, long_burn, short_burn, long_valid, long_bad, holds } = window
  const why =
    long_burn === null
      ? `No requests in ${formatMs(long_ms)}`
      : `${times(long_burn)} over ${formatMs(long_ms)}, ${times(short_burn)} over ${formatMs(short_ms)}; ${severity} when both are above ${times(threshold)}; bad were ${formatPart(long_bad, long_valid, 'request')}`
  if (!holds) return <span title={why}>{times(long_burn)}</span>
  return <Status level={severity === 'page' ? 'critical' : 'warning'} word={times(long_burn)} title={why} />
}
