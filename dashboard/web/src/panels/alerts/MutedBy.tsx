import { Link } from '@tanstack/react-router'
import { useAlerts } from '../../data/alerts.ts'
import type { MuteReason } from '../../data/alert-groups.ts'
import { muteWord } from './group-words.ts'

/** Why an alert that fires is not told; nothing when it is. */
export function MutedBy({ reasons }: { reasons: readonly MuteReason[] }) {
  const active = useAlerts().data?.active ?? []
  const nameOf = (fingerprint: string) =>
    active.find((alert) => alert.fingerprint === fingerprint)?.labels.alertname ?? 'an alert from elsewhere'
  if (reasons.length === 0) return null
  return (
    <span className="muted-by">
      {'Not told: '}
      {reasons.map((reason, index) => (
        <span key={JSON.stringify(reason)}>
          {index > 0 && ', '}
          {reason.kind === 'silenced' ? (
            <Link
              to="/alerts"
              search={(before) => ({ ...before, view: 'silences', row: reason.silence_id })}
              className="panel-link"
            >
              {muteWord(reason, nameOf)}
            </Link>
          ) : (
            muteWord(reason, nameOf)
          )}
        </span>
      ))}
    </span>
  )
}
