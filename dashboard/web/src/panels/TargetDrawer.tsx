import type { DroppedRow, TargetRow } from '../data/targets.ts'
import { formatAgo, formatCount, formatExact, formatIso, formatMs } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { Fact, Fields, Side, SideSection } from './Side.tsx'
import { TargetState } from './Status.tsx'

interface TargetDrawerProps {
  targets: readonly TargetRow[]
  dropped: readonly DroppedRow[]
  now: number
}

/** The open target of the URL, or one that is not scraped, beside the page; esc closes it. */
export function TargetDrawer({ targets, dropped, now }: TargetDrawerProps) {
  const [search, change] = useSearch()
  const target = targets.find(({ url }) => url === search.target)
  const other = dropped.find(({ id }) => id === search.target)
  return (
    <Side
      title={other ? 'Not scraped' : 'Target'}
      opened={target !== undefined || other !== undefined}
      onClose={() => change(({ target: _target, ...rest }) => rest)}
    >
      {target && <Scraped target={target} now={now} />}
      {!target && other && <NotScraped dropped={other} />}
    </Side>
  )
}

function Scraped({ target, now }: { target: TargetRow; now: number }) {
  return (
    <div className="request">
      <header className="request-head">
        <h2 className="wrap">{target.url}</h2>
        <TargetState state={target.state} />
      </header>
      {target.error !== '' && <p className="request-error">{target.error}</p>}
      <dl className="facts">
        <Fact name="Last scrape" value={formatAgo(target.timestamp_ms, now)} title={formatIso(target.timestamp_ms)} />
        <Fact name="It took" value={formatMs(target.duration_ms)} />
        <Fact name="Series" value={formatCount(target.series)} title={formatExact(target.series)} />
        <Fact name="Samples stored" value={formatCount(target.samples)} title={formatExact(target.samples)} />
      </dl>
      <Fields
        title="Where it belongs"
        fields={{ kind: target.kind, endpoint: target.endpoint, from: target.source }}
        none="It says neither its kind nor its endpoint."
      />
      <Fields title="Labels" fields={target.labels} none="It has no labels of its own." />
      <Missing measures={target.missing} />
    </div>
  )
}

function Missing({ measures }: { measures: TargetRow['missing'] }) {
  if (measures.length === 0) return null
  return (
    <SideSection title="What its page lacks">
      <ul>
        {measures.map(({ measure, names, reason, fix }) => (
          <li key={measure} className="wrap">
            <b className="mono">{measure}</b>: {reason}
            {fix !== '' && `; ${fix}`}
            <span className="issue-subject mono dim">{names.join(', ')}</span>
          </li>
        ))}
      </ul>
    </SideSection>
  )
}

function NotScraped({ dropped }: { dropped: DroppedRow }) {
  return (
    <div className="request">
      <header className="request-head">
        <h2 className="wrap">{dropped.address || 'No address'}</h2>
      </header>
      <p className="dim">Found by {dropped.provider}</p>
      <SideSection title="Why it is not scraped">
        <p className="wrap">{dropped.reason}</p>
      </SideSection>
      <Fields title="Labels that the rules saw" fields={dropped.labels} none="There are none." />
    </div>
  )
}
