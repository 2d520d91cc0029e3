import { Link } from '@tanstack/react-router'
import { useAlerts, type Alerts as AlertsAnswer } from '../data/alerts.ts'
import { useSearch } from '../lib/use-search.ts'
import { ActiveAlerts } from '../panels/alerts/ActiveAlerts.tsx'
import { AlertSide } from '../panels/alerts/AlertSide.tsx'
import { Groups } from '../panels/alerts/Groups.tsx'
import { History } from '../panels/alerts/History.tsx'
import { Objectives } from '../panels/alerts/Objectives.tsx'
import { Receivers } from '../panels/alerts/Receivers.tsx'
import { RuleTable } from '../panels/alerts/RuleTable.tsx'
import { Section } from '../panels/alerts/Section.tsx'
import { Silences } from '../panels/alerts/Silences.tsx'
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
  return (
    <Section
      title="Active"
      asked={useAlerts()}
      empty={({ active }) => (active.length === 0 ? 'Nothing fires and nothing is pending' : null)}
    >
      {({ active }, now) => <ActiveAlerts rows={active} now={now} />}
    </Section>
  )
}

function Rules() {
  return (
    <Section
      title="Rules"
      asked={useAlerts()}
      controls={
        <Link to="/alerts/rule" className="control">
          New rule
        </Link>
      }
      empty={({ rules }) => (rules.length === 0 ? 'Rules show once a file under alerts.rules holds one' : null)}
    >
      {({ rules }, now) => <RuleTable rows={rules} now={now} />}
    </Section>
  )
}

function Channels() {
  return (
    <Section
      title="Channels"
      asked={useAlerts()}
      empty={({ channels }) =>
        channels.length === 0 ? 'Channels show once alerts.receivers in inferwatch.yaml lists some' : null
      }
    >
      {({ channels }, now) => <Receivers rows={channels} now={now} />}
    </Section>
  )
}
