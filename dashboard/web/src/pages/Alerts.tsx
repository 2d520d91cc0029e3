import { useAlerts, type Alerts as AlertsAnswer } from '../data/alerts.ts'
import { useSearch } from '../lib/use-search.ts'
import { ActiveAlerts } from '../panels/alerts/ActiveAlerts.tsx'
import { AlertSide } from '../panels/alerts/AlertSide.tsx'
import { History } from '../panels/alerts/History.tsx'
import { Receivers } from '../panels/alerts/Receivers.tsx'
import { RuleTable } from '../panels/alerts/RuleTable.tsx'
import { Failure, PanelSkeleton } from '../panels/states.tsx'
import '../styles/alerts.css'

interface View {
  view: string
  word: string
  render: (data: AlertsAnswer, now: number) => React.ReactNode
}

const views: readonly View[] = [
  {
    view: 'now',
    word: 'Now',
    render: ({ active }, now) => (
      <Section title="Active" empty={active.length === 0 ? 'Nothing fires and nothing is pending' : null}>
        <ActiveAlerts rows={active} now={now} />
      </Section>
    ),
  },
  { view: 'history', word: 'History', render: () => <History /> },
  {
    view: 'rules',
    word: 'Rules',
    render: ({ rules }, now) => (
      <Section title="Rules" empty={rules.length === 0 ? 'Rules show once a file under alerts.rules holds one' : null}>
        <RuleTable rows={rules} now={now} />
      </Section>
    ),
  },
  {
    view: 'receivers',
    word: 'Receivers',
    render: ({ channels }, now) => (
      <Section
        title="Channels"
        empty={channels.length === 0 ? 'Channels show once alerts.receivers in inferwatch.yaml lists some' : null}
      >
        <Receivers rows={channels} now={now} />
      </Section>
    ),
  },
]

/** What fires or is about to, what fired before, every rule, and where notifications go. */
export default function Alerts() {
  const { data, error, isPending, refetch, dataUpdatedAt } = useAlerts()
  const [search, change] = useSearch()
  const current = views.find(({ view }) => view === search.view) ?? views[0]
  return (
    <div className="panels">
      <nav className="presets views" aria-label="Views of alerts">
        {views.map(({ view, word }, index) => (
          <button
            key={view}
            type="button"
            aria-pressed={view === current?.view}
            onClick={() => change(({ view: _view, row: _row, ...rest }) => (index === 0 ? rest : { ...rest, view }))}
          >
            {word}
          </button>
        ))}
      </nav>
      {isPending && <PanelSkeleton height={320} />}
      {error && !data && <Failure error={error} retry={() => void refetch()} height={320} />}
      {data && current?.render(data, dataUpdatedAt)}
      {data && <AlertSide active={data.active} rules={data.rules} now={dataUpdatedAt} />}
    </div>
  )
}

interface SectionProps {
  title: string
  /** What would be here and what brings it; null when there is something. */
  empty: string | null
  children: React.ReactNode
}

function Section({ title, empty, children }: SectionProps) {
  return (
    <section className="panel panel-wide" aria-label={title}>
      <header className="panel-head">
        <h2>{title}</h2>
      </header>
      <div className="panel-body">{empty === null ? children : <p className="panel-empty">{empty}</p>}</div>
    </section>
  )
}
