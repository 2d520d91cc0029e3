import type { FiringRow } from '../../data/alerts.ts'
import { timeTicks } from '../../charts/time-axis.ts'
import { formatIso, formatMs, formatTime } from '../../lib/format.ts'
import { labelText } from './words.ts'

type Firing = Omit<FiringRow, 'annotations' | 'value'>

const mostLanes = 30

/** When each alert fired, a lane each; those that fired last stand first. */
export function FiringTimeline({ firings, from, to }: { firings: readonly Firing[]; from: number; to: number }) {
  const lanes = [...Map.groupBy(firings, ({ group, rule, fingerprint }) => `${group} ${rule} ${fingerprint}`)]
  const at = (time: number) => `${(100 * (Math.min(Math.max(time, from), to) - from)) / (to - from)}%`
  return (
    <div className="lanes">
      {lanes.slice(0, mostLanes).map(([key, rows]) => (
        <div key={key} className="lane">
          <span className="lane-name" title={labelText(rows[0]?.labels ?? {})}>
            <b>{rows[0]?.labels['alertname'] ?? rows[0]?.rule}</b>{' '}
            <span className="dim">{labelText(rows[0]?.labels ?? {})}</span>
          </span>
          <span className="lane-track">
            {rows.map((row) => (
              <i
                key={row.from_ms}
                className="lane-bar"
                data-open={row.to_ms === null}
                title={spanText(row, to)}
                style={{ left: at(row.from_ms), right: `calc(100% - ${at(row.to_ms ?? to)})` }}
              />
            ))}
          </span>
        </div>
      ))}
      <div className="lane lane-axis" aria-hidden>
        <span className="lane-name" />
        <span className="lane-track">
          {ticksBetween(from, to).map((tick) => (
            <span key={tick} className="lane-tick" style={{ left: at(tick) }}>
              {formatTime(tick, to - from)}
            </span>
          ))}
        </span>
      </div>
      {lanes.length > mostLanes && (
        <p className="panel-empty">{`${mostLanes} of ${lanes.length} alerts are drawn; the table has them all`}</p>
      )}
    </div>
  )
}

/** Those at the ends would stand beside the panel. */
const ticksBetween = (from: number, to: number) =>
  timeTicks(from, to, 5).filter((tick) => Math.min(tick - from, to - tick) > 0.05 * (to - from))

const spanText = ({ from_ms, to_ms }: Firing, now: number) =>
  `from ${formatIso(from_ms)} ${to_ms === null ? 'on' : `to ${formatIso(to_ms)}`}, ${formatMs((to_ms ?? now) - from_ms)}`
