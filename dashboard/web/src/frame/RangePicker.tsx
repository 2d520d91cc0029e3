import { Button, Popover } from '@mantine/core'
import { IconCalendarTime } from '@tabler/icons-react'
import { useState, type FormEvent } from 'react'
import { formatIso, formatTime } from '../lib/format.ts'
import { defaultRange, presets, spanOf } from '../lib/search.ts'
import { useNow } from '../lib/use-now.ts'
import { useSearch } from '../lib/use-search.ts'

/** Presets up to now, or two points in time. */
export function RangePicker() {
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
      <CustomRange />
    </>
  )
}

function CustomRange() {
  const [search, change] = useSearch()
  const [open, setOpen] = useState(false)
  const [error, setError] = useState('')
  const now = useNow()
  const fixed = search.from !== undefined && search.to !== undefined
  const to = search.to ?? now
  const from = search.from ?? to - spanOf(search)

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const [start, end] = ['from', 'to'].map((name) => timeOf(form.get(name)))
    if (start === undefined || end === undefined || !(start < end)) return setError('The start must be before the end')
    setOpen(false)
    return change(({ range: _range, ...rest }) => ({ ...rest, from: start, to: end }))
  }
  const label = fixed
    ? `${formatTime(from, 86_400_001)} – ${formatTime(to, to - from < 86_400_000 ? 1e7 : 86_400_001)}`
    : ''
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className="control"
          aria-pressed={fixed}
          aria-label="Custom time range"
          title={fixed ? `${formatIso(from)} – ${formatIso(to)}` : 'Custom time range'}
          onClick={() => setOpen(!open)}
        >
          <IconCalendarTime size={15} stroke={1.7} aria-hidden />
          {label}
        </button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <form className="popover-form" onSubmit={submit}>
          <label>
            From
            <input name="from" type="datetime-local" step={1} defaultValue={localTime(from)} required />
          </label>
          <label>
            To
            <input name="to" type="datetime-local" step={1} defaultValue={localTime(to)} required />
          </label>
          {error !== '' && (
            <p role="alert" className="failure-text">
              {error}
            </p>
          )}
          <Button type="submit" size="xs">
            Show this range
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}

/** The reader's local time; not a number when the field is empty. */
const timeOf = (value: FormDataEntryValue | null) => (typeof value === 'string' ? Date.parse(value) : Number.NaN)

/** As an input of type datetime-local wants it: the reader's zone, no offset. */
function localTime(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
