import { useDebouncedValue } from '@mantine/hooks'
import { useSaveSilence, type Silence } from '../../data/silences.ts'
import { momentOf, wallTimeOf } from '../../lib/time-zone.ts'
import { useDraft } from '../../lib/use-draft.ts'
import { useWho } from '../../lib/who.ts'
import { Form, Send } from '../Form.tsx'
import { SideSection } from '../Side.tsx'
import { MatchingAlerts } from './MatchingAlerts.tsx'
import { WhoField } from '../WhoField.tsx'

interface SilenceFormProps {
  /** The one that is edited; null makes one. */
  before: Silence | null
  /** What stands there at first. */
  matchers: string
  onSaved: (silence: { id: string }) => void
  onCancel?: () => void
}

const hour = 3_600_000
const lengths = [
  ['30 min', hour / 2],
  ['1 h', hour],
  ['2 h', 2 * hour],
  ['8 h', 8 * hour],
  ['1 d', 24 * hour],
  ['7 d', 168 * hour],
] as const

/** For so long from now, or until a time of the chosen zone, as the browser's field has it. */
type Ending = { lasts: number } | { until: string }

/** Which alerts, for how long, why and by whom; what would be silenced shows while one writes. */
export function SilenceForm({ before, matchers, onSaved, onCancel }: SilenceFormProps) {
  const draft = useDraft(`silence ${before?.id ?? matchers}`, () => ({
    text: matchers,
    ending: endingOf(before),
    comment: before?.comment ?? '',
  }))
  const { text, ending, comment } = draft.fields
  const [who, keepWho] = useWho()
  const [settled] = useDebouncedValue(text, 300)
  const save = useSaveSilence()
  const saved = (silence: { id: string }) => {
    draft.forget()
    onSaved(silence)
  }
  const cancel = () => {
    draft.forget()
    onCancel?.()
  }
  const submit = () => {
    const ends_at = 'lasts' in ending ? Date.now() + ending.lasts : momentOf(ending.until)
    save.mutate({ before, matchers: text, ends_at, created_by: who, comment }, { onSuccess: saved })
  }
  const until = 'lasts' in ending ? '' : ending.until
  return (
    <Form
      label={before ? 'Edit the silence' : 'New silence'}
      onSubmit={submit}
      buttons={
        <Send sending={save.isPending} onCancel={onCancel && cancel}>
          {before ? 'Save' : 'Silence'}
        </Send>
      }
      error={save.error}
      draft={draft}
    >
      <label>
        Alerts with
        <textarea
          className="mono"
          rows={3}
          value={text}
          onChange={({ target }) => draft.change({ text: target.value })}
          placeholder={'alertname="HighErrorRatio", model=~"gpt-.*"'}
          spellCheck={false}
          required
        />
      </label>
      <SideSection title="Fires now">
        <MatchingAlerts matchers={settled} />
      </SideSection>
      <div className="form-field">
        <span id="silence-length">For</span>
        <div className="presets" role="group" aria-labelledby="silence-length">
          {lengths.map(([word, lasts]) => (
            <button
              key={word}
              type="button"
              aria-pressed={'lasts' in ending && ending.lasts === lasts}
              onClick={() => draft.change({ ending: { lasts } })}
            >
              {word}
            </button>
          ))}
        </div>
      </div>
      <label>
        or until
        <input
          type="datetime-local"
          value={until}
          onChange={({ target }) => draft.change({ ending: { until: target.value } })}
          required={!('lasts' in ending)}
        />
      </label>
      <label>
        Why
        <textarea
          rows={2}
          maxLength={2000}
          value={comment}
          onChange={({ target }) => draft.change({ comment: target.value })}
          required
        />
      </label>
      <WhoField who={who} onChange={keepWho} />
    </Form>
  )
}

/** One that is over begins anew. */
const endingOf = (before: Silence | null): Ending =>
  before && before.state !== 'expired' ? { until: localTime(before.ends_at) } : { lasts: 2 * hour }

/** 2026-11-21T10:30 in the chosen zone. */
const localTime = (at: number) => wallTimeOf(at).slice(0, 16)
