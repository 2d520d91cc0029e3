import { useDebouncedValue } from '@mantine/hooks'
import { useId, useState, type ReactNode } from 'react'
import { useSaveWindow, type MaintenanceWindow } from '../../data/silences.ts'
import { ApiFailure } from '../../lib/api.ts'
import { allZones, browserZone, shownZone } from '../../lib/time-zone.ts'
import { useWho } from '../../lib/who.ts'
import {
  draftOf,
  fieldOf,
  inputOf,
  newDraft,
  problemsOf,
  repeating,
  shortDay,
  weekdays,
  type WindowDraft,
  type WindowField,
} from '../../lib/window-draft.ts'
import { useDraft } from '../../lib/use-draft.ts'
import { Form, Send } from '../Form.tsx'
import { SideSection } from '../Side.tsx'
import { MatchingAlerts } from './MatchingAlerts.tsx'

interface WindowFormProps {
  /** The one that is changed; null makes one. */
  before: MaintenanceWindow | null
  onSaved: (window: { id: string }) => void
  onCancel?: () => void
}

const zones = allZones()

/** When nobody is told of which alerts: once, or on days of every week. */
export function WindowForm({ before, onSaved, onCancel }: WindowFormProps) {
  const kept = useDraft(`window ${before?.id ?? 'new'}`, (): WindowDraft => {
    const fresh = newDraft(Date.now(), shownZone() ?? browserZone())
    return (before && draftOf(before, fresh)) ?? fresh
  })
  const draft = kept.fields
  const [who, keepWho] = useWho()
  const [checked, setChecked] = useState(false)
  const [settled] = useDebouncedValue(draft.matchers, 300)
  const save = useSaveWindow()
  const set = (change: Partial<WindowDraft>) => {
    save.reset()
    kept.change(change)
  }
  const missing = problemsOf(draft, who)
  const refused = save.error instanceof ApiFailure ? fieldOf(save.error.field) : ''
  const problem = (field: WindowField) =>
    (checked ? missing[field] : undefined) ?? (refused === field ? save.error?.message : undefined)
  const isPlaced = refused in { ...draft, created_by: '' }
  const submit = (form: HTMLFormElement) => {
    setChecked(true)
    const first = Object.keys(missing)[0]
    if (first) return form.querySelector<HTMLElement>(`[name="${first}"]`)?.focus()
    save.mutate(inputOf(draft, before, who), { onSuccess: saved })
  }
  const saved = (window: { id: string }) => {
    kept.forget()
    onSaved(window)
  }
  const cancel = () => {
    kept.forget()
    onCancel?.()
  }
  const text = (field: 'name' | 'from' | 'to' | 'starts' | 'ends' | 'time_zone', type = 'text') => ({
    name: field,
    type,
    value: draft[field],
    onChange: ({ target }: { target: { value: string } }) => set({ [field]: target.value }),
  })
  return (
    <Form
      label={before ? 'Change the window' : 'New window'}
      onSubmit={submit}
      noValidate
      buttons={
        <Send sending={save.isPending} onCancel={onCancel && cancel}>
          {before ? 'Save' : 'Add window'}
        </Send>
      }
      error={isPlaced ? null : save.error}
      draft={kept}
    >
      <Field label="Name" problem={problem('name')}>
        {(described) => <input {...text('name')} {...described} maxLength={200} placeholder="Kernel updates" />}
      </Field>
      <Field label="Alerts with" problem={problem('matchers')}>
        {(described) => (
          <textarea
            name="matchers"
            className="mono"
            rows={2}
            value={draft.matchers}
            onChange={({ target }) => set({ matchers: target.value })}
            placeholder={'endpoint="vllm-a", severity!="critical"'}
            spellCheck={false}
            {...described}
          />
        )}
      </Field>
      <SideSection title="Fires now">
        <MatchingAlerts matchers={settled} />
      </SideSection>
      <div className="form-field">
        <span id="window-repeats">Comes</span>
        <div className="presets" role="group" aria-labelledby="window-repeats">
          {(['weekly', 'once'] as const).map((repeats) => (
            <button
              key={repeats}
              type="button"
              aria-pressed={draft.repeats === repeats}
              onClick={() => set(repeating(draft, repeats))}
            >
              {repeats === 'weekly' ? 'Every week' : 'Once'}
            </button>
          ))}
        </div>
      </div>
      {draft.repeats === 'weekly' ? (
        <>
          <Days days={draft.days} problem={problem('days')} onChange={(days) => set({ days })} />
          <div className="form-pair">
            <Field label="From" problem={problem('from')}>
              {(described) => <input {...text('from', 'time')} {...described} />}
            </Field>
            <Field
              label={draft.to !== '' && draft.to <= draft.from ? 'To, the next day' : 'To'}
              problem={problem('to')}
            >
              {(described) => <input {...text('to', 'time')} {...described} />}
            </Field>
          </div>
          <Field label="Time zone" problem={problem('time_zone')}>
            {(described) => <input {...text('time_zone')} {...described} list="window-zones" spellCheck={false} />}
          </Field>
          <datalist id="window-zones">
            {zones.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
          <Field label="Until, in your time; empty for no end" problem={problem('ends')}>
            {(described) => <input {...text('ends', 'datetime-local')} {...described} />}
          </Field>
        </>
      ) : (
        <div className="form-pair">
          <Field label="From, in your time" problem={problem('starts')}>
            {(described) => <input {...text('starts', 'datetime-local')} {...described} />}
          </Field>
          <Field label="To" problem={problem('ends')}>
            {(described) => <input {...text('ends', 'datetime-local')} {...described} />}
          </Field>
        </div>
      )}
      <Field label="Why" problem={problem('comment')}>
        {(described) => (
          <textarea
            name="comment"
            rows={2}
            maxLength={2000}
            value={draft.comment}
            onChange={({ target }) => set({ comment: target.value })}
            {...described}
          />
        )}
      </Field>
      <Field label="Your name" problem={problem('created_by')}>
        {(described) => (
          <input
            name="created_by"
            value={who}
            onChange={({ target }) => keepWho(target.value)}
            autoComplete="name"
            maxLength={200}
            {...described}
          />
        )}
      </Field>
    </Form>
  )
}

interface FieldProps {
  label: string
  problem: string | undefined
  children: (described: { id: string; 'aria-invalid': boolean; 'aria-describedby': string }) => ReactNode
}

/** One field, and what is wrong with it. */
function Field({ label, problem, children }: FieldProps) {
  const id = useId()
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-invalid': problem !== undefined, 'aria-describedby': `${id}problem` })}
      <FieldProblem id={`${id}problem`} problem={problem} />
    </div>
  )
}

function FieldProblem({ id, problem }: { id: string; problem: string | undefined }) {
  return (
    <span id={id} role={problem ? 'alert' : undefined} className="field-problem">
      {problem}
    </span>
  )
}

interface DaysProps {
  days: WindowDraft['days']
  problem: string | undefined
  onChange: (days: WindowDraft['days']) => void
}

function Days({ days, problem, onChange }: DaysProps) {
  return (
    <fieldset className="form-choices">
      <legend>On</legend>
      {weekdays.map((day) => (
        <label key={day}>
          <input
            type="checkbox"
            name="days"
            checked={days.includes(day)}
            onChange={({ target }) =>
              onChange(weekdays.filter((one) => (one === day ? target.checked : days.includes(one))))
            }
            aria-label={day}
          />
          {shortDay(day)}
        </label>
      ))}
      <FieldProblem id="window-days" problem={problem} />
    </fieldset>
  )
}
