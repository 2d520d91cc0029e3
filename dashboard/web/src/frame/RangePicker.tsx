import { Button, Popover } from '@mantine/core'
import { IconCalendarTime, IconChevronLeft, IconChevronRight, IconZoomOut } from '@tabler/icons-react'
import { lazy, Suspense, useState, type FormEvent } from 'react'
import { formatIso, formatTime } from '../lib/format.ts'
import { defaultRange, presets } from '../lib/search.ts'
import { between, moved, rangeOf, zoomed } from '../lib/time-travel.ts'
import { momentOf, wallTimeOf } from '../lib/time-zone.ts'
import { useSearch } from '../lib/use-search.ts'
import { useTimeZone } from '../lib/use-time-zone.ts'

const TimeZoneMenu = lazy(async () => ({ default: (await import('./TimeZoneMenu.tsx')).TimeZoneMenu }))

interface RangePickerProps {
  /** The field for a range of one's own is open. */
  open: boolean
  onOpen: (open: boolean) => void
}

/** Presets up to now, steps through time, or two points in time. */
export function RangePicker({ open, onOpen }: RangePickerProps) {
  const [search, change] = useSearch()
  const fixed = search.from !== undefined && search.to !== undefined
  const current = fixed ? undefined : (search.range ?? defaultRange)
  const choose = (range: string) => change(({ from: _from, to: _to, ...rest }) => ({ ...rest, range }))
  return (
    <>
      <div className="presets" role="group" aria-label="Time range">
        {presets.map((preset) => (
          <button key={preset} type="button" aria-pressed={preset === current} onClick={() => choose(preset)}>
            {preset}
          </button>
        ))}
      </div>
      <div className="presets steps" role="group" aria-label="Steps through time">
        <button
          type="button"
          aria-label="Back by half of the range"
          title="Back by half of the range: ["
          onClick={() => change((before) => moved(before, -0.5, Date.now()))}
        >
          <IconChevronLeft size={15} stroke={1.7} aria-hidden />
        </button>
        <button
          type="button"
          aria-label="Forward by half of the range"
          title="Forward by half of the range: ]"
          disabled={!fixed}
          onClick={() => change((before) => moved(before, 0.5, Date.now()))}
        >
          <IconChevronRight size={15} stroke={1.7} aria-hidden />
        </button>
        <button
          type="button"
          aria-label="Zoom out"
          title="Zoom out: -"
          onClick={() => change((before) => zoomed(before, 2, Date.now()))}
        >
          <IconZoomOut size={15} stroke={1.7} aria-hidden />
        </button>
      </div>
      <CustomRange open={open} onOpen={onOpen} />
    </>
  )
}

function CustomRange({ open, onOpen }: RangePickerProps) {
  const [search] = useSearch()
  const [zone] = useTimeZone()
  const { from, to } = search
  const fixed = from !== undefined && to !== undefined
  const label = fixed
    ? `${formatTime(from, 86_400_001)} – ${formatTime(to, to - from < 86_400_000 ? 1e7 : 86_400_001)}`
    : ''
  const place = zone?.split('/').at(-1)?.replaceAll('_', ' ') ?? ''
  return (
    <Popover opened={open} onChange={onOpen} position="bottom-end" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <button
          type="button"
          className="control"
          aria-pressed={fixed}
          aria-label={`Custom time range ${label} ${place}`.trim()}
          title={fixed ? `${formatIso(from)} – ${formatIso(to)}` : 'Custom time range: t'}
          onClick={() => onOpen(!open)}
        >
          <IconCalendarTime size={15} stroke={1.7} aria-hidden />
          {label}
          {place !== '' && <span className="dim wide-only">{place}</span>}
        </button>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label="Custom time range">
        <RangeForm key={zone} zone={zone} onDone={() => onOpen(false)} />
      </Popover.Dropdown>
    </Popover>
  )
}

function RangeForm({ zone, onDone }: { zone: string | undefined; onDone: () => void }) {
  const [search, change] = useSearch()
  const [error, setError] = useState('')
  const [{ from, to }] = useState(() => rangeOf(search, Date.now()))
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const [start, end] = ['from', 'to'].map((name) => timeOf(form.get(name)))
    if (start === undefined || end === undefined || !(start < end)) return setError('The start must be before the end')
    setError('')
    onDone()
    return change((before) => between(before, start, end))
  }
  return (
    <form className="popover-form" onSubmit={submit}>
      <label>
        From
        <input name="from" type="datetime-local" step={1} defaultValue={wallTimeOf(from, zone)} required />
      </label>
      <label>
        To
        <input name="to" type="datetime-local" step={1} defaultValue={wallTimeOf(to, zone)} required />
      </label>
      {error !== '' && (
        <p role="alert" className="failure-text">
          {error}
        </p>
      )}
      <Button type="submit" size="xs">
        Show this range
      </Button>
      <Suspense>
        <TimeZoneMenu />
      </Suspense>
    </form>
  )
}

/** In the chosen zone; not a number when the field is empty. */
const timeOf = (value: FormDataEntryValue | null) => (typeof value === 'string' ? momentOf(value) : Number.NaN)
