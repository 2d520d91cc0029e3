import { Link } from '@tanstack/react-router'
import { useActiveAlerts, useAlerts, type Alerts as AlertsAnswer } from '../data/alerts.ts'
import { useSearch } from '../lib/use-search.ts'
import { ActiveAlerts, activeTable } from '../panels/alerts/ActiveAlerts.tsx'
import { AlertSide } from '../panels/alerts/AlertSide.tsx'
import { Groups } from '../panels/alerts/Groups.tsx'
import { History } from '../panels/alerts/History.tsx'
import { Objectives } from '../panels/alerts/Objectives.tsx'
import { channelTable, Receivers } from '../panels/alerts/Receivers.tsx'
import { RuleTable, tableOfRules } from '../panels/alerts/RuleTable.tsx'
import { Silences } from '../panels/alerts/Silences.tsx'
import { Panel } from '../panels/Panel.tsx'
import { Panels } from '../panels/Panels.tsx'
import '../styles/alerts.css'

interface View {
  view: string
  word: string
  Body: () => React.ReactNode
}

const views: readonly View[] = [
  { view: 'now', word: 'Now', Body: Now },
  { view: 'groups', word: 'Groups', Body: Groups },
  { view: 'silences', word: 'Silences', Body: Silences },
  { view: 'history', word: 'History', Body: History },
  { view: 'rules', word: 'Rules', Body: Rules },
  { view: 'slos', word: 'SLOs', Body: Objectives },
  { view: 'receivers', word: 'Receivers', Body: Channels },
]

/** What fires or is about to, who is told, what is silenced, what fired before, every rule and objective, and where notifications go. */
export default function Alerts() {
  const { data, dataUpdatedAt } = useAlerts()
  const [search, change] = useSearch()
  const current = views.find(({ view }) => view === search.view) ?? views[0]
  return (
    <Panels>
      <nav className="presets views" aria-label="Views of alerts">
        {views.map(({ view, word }, index) => (
          <button
            key={view}
            type="button"
            aria-pressed={view === current?.view}
            onClick={() =>
              change(({ view: _view, row: _row, matchers: _matchers, ...rest }) =>
                index === 0 ? rest : { ...rest, view },
              )
            }
          >
            {word}
          </button>
        ))}
      </nav>
      {data && <Elsewhere lease={data.lease} />}
      {current && <current.Body />}
      {data && <AlertSide active={data.active} rules={data.rules} now={dataUpdatedAt} />}
    </Panels>
  )
}

/** Where another process evaluates; nothing where this one does. */
function Elsewhere({ lease: { role, leader } }: Pick<AlertsAnswer, 'lease'>) {
  if (role === 'leader' || leader === null) return null
  return (
    <p className="panel panel-wide panel-empty">
      {`Another process evaluates the rules (${leader}): this page shows what it stored; what you silence or acknowledge here reaches it within seconds`}
    </p>
  )
}

function Now() {
  const asked = useActiveAlerts()
  return (
    <Panel
      title="Active"
      asked={asked}
      height={160}
      wide
      renderEmpty={({ active }) => (active.length === 0 ? <p>Nothing fires and nothing is pending</p> : null)}
      table={activeTable}
    >
      {({ active }) => <ActiveAlerts rows={active} now={asked.dataUpdatedAt} />}
    </Panel>
  )
}

function Rules() {
  const asked = useAlerts()
  return (
    <Panel
      title="Rules"
      asked={asked}
      height={160}
      wide
      controls={
        <Link to="/alerts/rule" className="control">
          New rule
        </Link>
      }
      renderEmpty={({ rules }) =>
        rules.length === 0 ? <p>Rules show once a file under alerts.rules holds one</p> : null
      }
      table={tableOfRules}
    >
      {({ rules }) => <RuleTable rows={rules} now={asked.dataUpdatedAt} />}
    </Panel>
  )
}

function Channels() {
  const asked = useAlerts()
  return (
    <Panel
      title="Channels"
      asked={asked}
      height={160}
      wide
      renderEmpty={({ channels }) =>
        channels.length === 0 ? <p>Channels show once alerts.receivers in inferwatch.yaml lists some</p> : null
      }
      table={channelTable}
    >
      {({ channels }) => <Receivers rows={channels} now={asked.dataUpdatedAt} />}
    </Panel>
  )
}
