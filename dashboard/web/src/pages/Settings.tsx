import { useSearch } from '../lib/use-search.ts'
import { Panels } from '../panels/Panels.tsx'
import { EndpointSettings } from '../panels/settings/EndpointSettings.tsx'
import { InstallationSettings } from '../panels/settings/InstallationSettings.tsx'
import { KeySettings } from '../panels/settings/KeySettings.tsx'
import { PriceSettings } from '../panels/settings/PriceSettings.tsx'
import { RetentionSettings } from '../panels/settings/RetentionSettings.tsx'
import '../styles/alerts.css'
import '../styles/settings.css'

const views = [
  { view: 'endpoints', word: 'Endpoints', Body: EndpointSettings },
  { view: 'prices', word: 'Prices', Body: PriceSettings },
  { view: 'keys', word: 'Keys', Body: KeySettings },
  { view: 'retention', word: 'Retention', Body: RetentionSettings },
  { view: 'installation', word: 'This installation', Body: InstallationSettings },
] as const

/** What this installation watches, what it costs, who may do what, what is kept, and where each of it is set. */
export default function Settings() {
  const [search, change] = useSearch()
  const current = views.find(({ view }) => view === search.view) ?? views[0]
  return (
    <Panels>
      <nav className="presets settings-views" aria-label="Views of settings">
        {views.map(({ view, word }, index) => (
          <button
            key={view}
            type="button"
            aria-pressed={view === current.view}
            onClick={() =>
              change(({ view: _view, row: _row, find: _find, ...rest }) => (index === 0 ? rest : { ...rest, view }))
            }
          >
            {word}
          </button>
        ))}
      </nav>
      <current.Body key={current.view} />
    </Panels>
  )
}
