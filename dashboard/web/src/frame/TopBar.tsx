import {
  IconArrowBarToRight,
  IconFlag,
  IconGitCompare,
  IconPlayerPause,
  IconPlayerPlay,
  IconSearch,
} from '@tabler/icons-react'
import { useRouterState } from '@tanstack/react-router'
import { useDemo, useStatus } from '../data/status.ts'
import type { LiveState } from '../data/live.tsx'
import { upToNow } from '../lib/time-travel.ts'
import { useSearch } from '../lib/use-search.ts'
import { Environment } from './Environment.tsx'
import { Filters } from './Filters.tsx'
import { paletteKey } from './keys.ts'
import { MiniTimeline } from './MiniTimeline.tsx'
import { pageAt } from './pages.ts'
import { RangePicker } from './RangePicker.tsx'
import { withCompare, withLive, withMarks } from './switches.ts'

interface TopBarProps {
  live: LiveState
  /** The field for a range of one's own is open. */
  rangeOpen: boolean
  onRangeOpen: (open: boolean) => void
  onPalette: () => void
}

/** What the page is about: its name, environment, filters, comparison, range, live or paused; the search for everything. */
export function TopBar({ live, rangeOpen, onRangeOpen, onPalette }: TopBarProps) {
  const path = useRouterState({ select: (state) => state.matches.at(-1)?.fullPath ?? '/' })
  const [search, change] = useSearch()
  const page = pageAt(path)
  return (
    <header className="top">
      <h1 className="top-title">{page?.word}</h1>
      <div className="top-filters">
        {page?.filters && (
          <>
            <Environment />
            <Filters free={page.to !== '/requests'} />
          </>
        )}
      </div>
      <div className="top-controls">
        <DemoChip />
        {page?.compare && (
          <button
            type="button"
            className="control wide-only"
            aria-label="Compare"
            aria-pressed={search.compare === 'on'}
            title="Draw the period before too: c"
            onClick={() => change(withCompare)}
          >
            <IconGitCompare size={14} stroke={1.7} aria-hidden />
            <span className="word-if-room" aria-hidden>
              Compare
            </span>
          </button>
        )}
        {page?.range && (
          <button
            type="button"
            className="control marks-switch wide-only"
            aria-pressed={search.marks !== 'off'}
            title="Marks of what changed on charts: m"
            onClick={() => change(withMarks)}
          >
            <IconFlag size={14} stroke={1.7} aria-hidden />
            <span className="sr-only">Marks</span>
          </button>
        )}
        {page?.range && <RangePicker open={rangeOpen} onOpen={onRangeOpen} />}
        <LiveButton live={live} />
        <button type="button" className="control" title="Go anywhere, do anything" onClick={onPalette}>
          <IconSearch size={14} stroke={1.7} aria-hidden />
          <span className="sr-only">Search</span>
          <kbd className="wide-only">{paletteKey}</kbd>
        </button>
      </div>
      {page?.range && <MiniTimeline />}
    </header>
  )
}

const liveWords: Record<LiveState, [word: string, why: string]> = {
  live: ['Live', 'New data shows at once. Click to pause'],
  polling: ['Polling', 'The live stream is away: asking every 5 s. Click to pause'],
  off: ['Paused', 'Click to follow new data'],
}

function LiveButton({ live }: { live: LiveState }) {
  const [search, change] = useSearch()
  const [word, why] = liveWords[live]
  if (search.to !== undefined) {
    return (
      <button
        type="button"
        className="control"
        title="Show the same length of time up to now, and follow it"
        onClick={() => change((before) => upToNow(before))}
      >
        <IconArrowBarToRight size={14} stroke={1.7} aria-hidden />
        Back to live
      </button>
    )
  }
  return (
    <button type="button" className="control" title={why} onClick={() => change(withLive)}>
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
      <span>
        demo<span className="word-if-room"> traffic</span>
      </span>
      <button type="button" className="chip-button" disabled={demo.isPending} onClick={() => demo.mutate('stop')}>
        Stop
      </button>
    </span>
  )
}
