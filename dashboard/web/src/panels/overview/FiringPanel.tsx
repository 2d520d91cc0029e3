import { Link } from '@tanstack/react-router'
import { useActiveAlerts, type ActiveAlert, type Alerts } from '../../data/alerts.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import { formatClock, formatExactly, formatIso, formatMs, formatTime } from '../../lib/format.ts'
import type { Search } from '../../lib/search.ts'
import { useNow } from '../../lib/use-now.ts'
import { LinksOf } from '../NameLink.tsx'
import { Panel } from '../Panel.tsx'
import { Status } from '../Status.tsx'
import { formatValue, labelText, summaryOf, thresholdOf } from '../alerts/words.ts'

/** The rest is a click away. */
const shown = 5
const since = (alert: ActiveAlert) => alert.firing_since ?? alert.active_at
const firingOf = ({ active }: Alerts) =>
  active
    .filter(({ state }) => state === 'firing')
    .toSorted((a, b) => rank(a) - rank(b) || since(b) - since(a) || (a.fingerprint < b.fingerprint ? -1 : 1))

const isGrave = ({ labels: { severity = 'critical' } }: ActiveAlert) => severity === 'critical' || severity === 'page'
const rank = (alert: ActiveAlert) => (isGrave(alert) ? 0 : 1)

/** Those of one rule about one thing, such as the windows of an objective, are one line. */
const linesOf = (firing: readonly ActiveAlert[]) => [
  ...Map.groupBy(firing, ({ rule, group, labels: { endpoint, model } }) =>
    JSON.stringify([group, rule, endpoint, model]),
  ).values(),
]

/** What fires now: the gravest first, then the newest. */
export function FiringPanel() {
  const now = useNow()
  const asked = useActiveAlerts()
  return (
    <Panel
      title="Firing alerts"
      asked={asked}
      height={250}
      unit={asked.data ? unitOf(asked.data) : ''}
      renderEmpty={(data) => (firingOf(data).length === 0 ? <Quiet rules={data.rules.length} /> : null)}
      table={(data) => ({
        columns: ['alert', 'severity', 'summary', 'since', 'labels'],
        rows: firingOf(data).map((alert) => [
          alert.labels.alertname ?? alert.rule,
          alert.labels.severity ?? '',
          summaryOf(alert),
          formatIso(since(alert)),
          JSON.stringify(alert.labels),
        ]),
      })}
    >
      {(data) => {
        const firing = firingOf(data)
        const lines = linesOf(firing)
        return (
          <>
            <ul className="events" aria-label="Firing alerts">
              {lines
                .slice(0, shown)
                .map(([alert, ...more]) =>
                  alert ? <Firing key={alert.fingerprint} alert={alert} more={more.length} now={now} /> : null,
                )}
            </ul>
            <div className="panel-foot">
              <Link to="/alerts" search={elsewhere as never} className="panel-link">
                {firing.length > Math.min(lines.length, shown) ? `All ${firing.length} firing alerts` : 'All alerts'}
              </Link>
            </div>
          </>
        )
      }}
    </Panel>
  )
}

function Firing({ alert, more, now }: { alert: ActiveAlert; more: number; now: number }) {
  const grave = isGrave(alert)
  return (
    <li className="event">
      <Status level={grave ? 'critical' : 'warning'} word={alert.labels.severity ?? 'firing'} />
      <div className="event-what">
        <Link
          to="/alerts"
          search={((before: Search) => ({ ...elsewhere(before), row: alert.fingerprint })) as never}
          className="name-link"
        >
          <b>{alert.labels.alertname ?? alert.rule}</b>
        </Link>
        <span className="event-text" title={`${summaryOf(alert)}\n${labelText(alert.labels)}`}>
          <LinksOf labels={alert.labels} />{' '}
          {[more > 0 && `and ${more} more`, textOf(alert)].filter(Boolean).join(' · ')}
        </span>
      </div>
      <span className="event-when" title={`since ${formatIso(since(alert))}`}>
        for {formatMs(Math.max(now - since(alert), 0))}
        <small>since {now - since(alert) < day ? formatClock(since(alert)) : formatTime(since(alert), 7 * day)}</small>
      </span>
    </li>
  )
}

const day = 86_400_000

/** What its rule says of it; or what it measured, and those of its labels that stand nowhere else. */
function textOf({ annotations, value, unit, threshold, labels }: ActiveAlert): string {
  if (annotations.summary !== undefined) return annotations.summary
  const { alertname: _alertname, severity: _severity, model: _model, endpoint: _endpoint, ...others } = labels
  const measured = [formatValue(value, unit), threshold && thresholdOf({ threshold, unit })].filter(Boolean).join(', ')
  return [measured, labelText(others)].filter(Boolean).join(' · ')
}

function unitOf(alerts: Alerts): string {
  const firing = firingOf(alerts).length
  const pending = alerts.active.length - firing
  return [firing > 0 && `${firing} firing`, pending > 0 && `${pending} about to`].filter(Boolean).join(', ')
}

function Quiet({ rules }: { rules: number }) {
  return (
    <>
      <p>
        {rules === 0
          ? 'No rule is evaluated here: alerts.rules in inferwatch.yaml names their files'
          : `None of ${formatExactly(rules, 'rule')} fires`}
      </p>
      <Link
        to="/alerts"
        search={((before: Search) => ({ ...elsewhere(before), view: 'rules' })) as never}
        className="panel-link"
      >
        Rules
      </Link>
    </>
  )
}
