import { Drawer } from '@mantine/core'
import type { DroppedRow, TargetRow } from '../data/targets.ts'
import { formatAgo, formatCount, formatExact, formatIso, formatMs } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
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
    <Drawer
      opened={target !== undefined || other !== undefined}
      onClose={() => change(({ target: _target, ...rest }) => rest)}
      position="right"
      size={560}
      title={other ? 'Not scraped' : 'Target'}
      className="side"
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close the target' }}
    >
      {target && <Scraped target={target} now={now} />}
      {!target && other && <NotScraped dropped={other} />}
    </Drawer>
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
      <Labels
        title="Where it belongs"
        labels={{ kind: target.kind, endpoint: target.endpoint, from: target.source }}
        none="It says neither its kind nor its endpoint."
      />
      <Labels title="Labels" labels={target.labels} none="It has no labels of its own." />
      <Missing measures={target.missing} />
    </div>
  )
}

function Missing({ measures }: { measures: TargetRow['missing'] }) {
  if (measures.length === 0) return null
  return (
    <section className="request-section" aria-label="What its page lacks">
      <h3>What its page lacks</h3>
      <ul>
        {measures.map(({ measure, names, reason, fix }) => (
          <li key={measure} className="wrap">
            <b className="mono">{measure}</b>: {reason}
            {fix !== '' && `; ${fix}`}
            <span className="issue-subject mono dim">{names.join(', ')}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function NotScraped({ dropped }: { dropped: DroppedRow }) {
  return (
    <div className="request">
      <header className="request-head">
        <h2 className="wrap">{dropped.address || 'No address'}</h2>
      </header>
      <p className="dim">Found by {dropped.provider}</p>
      <section className="request-section" aria-label="Why it is not scraped">
        <h3>Why it is not scraped</h3>
        <p className="wrap">{dropped.reason}</p>
      </section>
      <Labels title="Labels that the rules saw" labels={dropped.labels} none="There are none." />
    </div>
  )
}

function Labels({ title, labels, none }: { title: string; labels: Record<string, string>; none: string }) {
  const entries = Object.entries(labels).filter(([, value]) => value !== '')
  return (
    <section className="request-section" aria-label={title}>
      <h3>{title}</h3>
      {entries.length === 0 && <p className="dim">{none}</p>}
      <dl className="fields">
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt className="mono">{name}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={title}>{value}</dd>
    </div>
  )
}
