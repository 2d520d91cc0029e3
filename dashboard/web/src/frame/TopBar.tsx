import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useRouterState } from '@tanstack/react-router'
import { useDemo, useStatus } from '../data/status.ts'
import type { LiveState } from '../data/live.tsx'
import { useSearch } from '../lib/use-search.ts'
import { Filters } from './Filters.tsx'
import { pageAt } from './pages.ts'
import { RangePicker } from './RangePicker.tsx'

/** What the page is about: its name, filters, comparison, range, live or paused. */
export function TopBar({ live }: { live: LiveState }) {
  const path = useRouterState({ select: (state) => state.matches.at(-1)?.fullPath ?? '/' })
  const [search, change] = useSearch()
  const comparing = search.compare !== 'off'
  const page = pageAt(path)
  return (
    <header className="top">
      <h1 className="top-title">{page?.word}</h1>
      <div className="top-filters">{page?.filters && <Filters />}</div>
      <div className="top-controls">
        <DemoChip />
        {path === '/' && (
          <button
            type="button"
            className="control wide-only"
            aria-pressed={comparing}
            title="Show the change against the period before"
            onClick={() => change(({ compare: _compare, ...rest }) => (comparing ? { ...rest, compare: 'off' } : rest))}
          >
            Compare
          </button>
        )}
        {page?.range && <RangePicker />}
        <LiveButton live={live} />
      </div>
    </header>
  )
}

const liveWords: Record<LiveState, [word: string, why: string]> = {
  live: ['Live', 'New data shows at once. Click to pause'],
  polling: ['Polling', 'The live stream is away: asking every 5 s. Click to pause'],
  off: ['Paused', 'Click to follow new data'],
}

function LiveButton({ live }: { live: LiveState }) {
  const [, change] = useSearch()
  const [word, why] = liveWords[live]
  const toggle = () =>
    change(({ live: _live, from: _from, to: _to, ...rest }) => (live === 'off' ? rest : { ...rest, live: 'off' }))
  return (
    <button type="button" className="control" title={why} onClick={toggle}>
      <span className="live-dot" data-state={live} />
      {word}
      {live === 'off' ? <IconPlayerPlay size={13} aria-hidden /> : <IconPlayerPause size={13} aria-hidden />}
    </button>
  )
}

/** While demo traffic runs, everyone who looks should know, and can end it. */
function DemoChip() {
  const state = useStatus().data?.demo
  const demo = useDemo()
  if (state !== 'running' && state !== 'starting') return null
  return (
    <span className="chip" title="Simulated applications, models and GPUs on this machine; environment = demo">
      <span>demo traffic</span>
      <button type="button" className="chip-button" disabled={demo.isPending} onClick={() => demo.mutate('stop')}>
        Stop
      </button>
    </span>
  )
}
