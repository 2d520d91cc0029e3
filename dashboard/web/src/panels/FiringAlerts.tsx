import { Link } from '@tanstack/react-router'
import { useAlerts } from '../data/alerts.ts'
import { formatAgo, formatIso } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'
import { summaryOf } from './alerts/words.ts'
import { LinksOf } from './NameLink.tsx'
import { Status } from './Status.tsx'

/** What fires now, above everything else; nothing when nothing does. */
export function FiringAlerts() {
  const now = useNow()
  const firing = useAlerts().data?.active.filter((alert) => alert.state === 'firing') ?? []
  if (firing.length === 0) return null
  return (
    <section className="firing" aria-label="Firing alerts">
      {firing.slice(0, 3).map((alert) => (
        <div key={alert.fingerprint} className="firing-row">
          <Status level="critical" word="Firing" />
          <b>{alert.labels.alertname ?? alert.rule}</b>
          <span className="firing-summary">{summaryOf(alert)}</span>
          <LinksOf labels={alert.labels} />
          <span className="dim nowrap" title={formatIso(alert.firing_since ?? alert.active_at)}>
            {formatAgo(alert.firing_since ?? alert.active_at, now)}
          </span>
        </div>
      ))}
      <Link to="/alerts" className="firing-more">
        {firing.length > 3 ? `All ${firing.length} firing alerts` : 'Alerts'}
      </Link>
    </section>
  )
}
