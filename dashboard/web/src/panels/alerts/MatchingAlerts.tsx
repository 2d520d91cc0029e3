import { useSilencePreview } from '../../data/silences.ts'
import { ApiFailure } from '../../lib/api.ts'
import { labelText } from './words.ts'

const mostShown = 20

/** The alerts that fire now and that these matchers mean, or what is wrong with them. */
export function MatchingAlerts({ matchers }: { matchers: string }) {
  const { data, error } = useSilencePreview(matchers)
  if (matchers.trim() === '') return <p className="dim">Matchers say which alerts are meant.</p>
  if (error)
    return (
      <p role="alert" className="request-error wrap">
        {error.message}
        {error instanceof ApiFailure && error.status < 500 && <span className="dim">{` ${error.hint}`}</span>}
      </p>
    )
  if (!data) return <p className="dim">…</p>
  const { alerts } = data
  if (alerts.length === 0) return <p className="dim">Nothing that fires now matches.</p>
  return (
    <>
      <p>
        {alerts.length === 1 ? 'One alert that fires now matches:' : `${alerts.length} alerts that fire now match:`}
      </p>
      <ul className="members">
        {alerts.slice(0, mostShown).map(({ fingerprint, labels }) => (
          <li key={fingerprint}>
            <b>{labels.alertname}</b> <span className="dim member-labels">{labelText(labels)}</span>
          </li>
        ))}
      </ul>
      {alerts.length > mostShown && <p className="dim">{`and ${alerts.length - mostShown} more`}</p>}
    </>
  )
}
