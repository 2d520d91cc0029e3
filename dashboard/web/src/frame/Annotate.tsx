import { Modal } from '@mantine/core'
import { useRouter } from '@tanstack/react-router'
import type { TimeRange } from '../../../../records/time-range.ts'
import { kinds } from '../charts/mark-kinds.ts'
import { useAnnotate, type AnnotationInput } from '../data/changes.ts'
import { labelsOf, labelsText } from '../lib/labels-text.ts'
import { labelsOfPage } from '../lib/page-labels.ts'
import { momentOf, wallTimeOf } from '../lib/time-zone.ts'
import { useDraft } from '../lib/use-draft.ts'
import { useSearch } from '../lib/use-search.ts'
import { useWho } from '../lib/who.ts'
import { Form, Send } from '../panels/Form.tsx'
import { WhoField } from '../panels/WhoField.tsx'

type Kind = (typeof offered)[number]

const offered = ['note', 'deploy', 'config', 'price', 'incident'] as const

/** A mark at a time, or over one; about what the page is about unless said otherwise. */
export default function Annotate({ at: { from, to }, onClose }: { at: TimeRange; onClose: () => void }) {
  const [search] = useSearch()
  const { history } = useRouter()
  const draft = useDraft('annotation', () => ({
    kind: 'note' as Kind,
    title: '',
    text: '',
    start: wallTimeOf(from),
    end: to > from ? wallTimeOf(to) : '',
    about: labelsText(labelsOfPage(history.location.pathname, search)),
    url: '',
  }))
  const { kind, title, text, start, end, about, url } = draft.fields
  const [who, keepWho] = useWho()
  const annotate = useAnnotate()
  const labels = labelsOf(about)

  const leave = () => {
    draft.forget()
    onClose()
  }
  const submit = () => {
    if (labels === null) return
    const input: AnnotationInput = { kind, title, text, labels, url, created_by: who, timestamp: momentOf(start) }
    if (end !== '') input.end_timestamp = momentOf(end)
    annotate.mutate(input, { onSuccess: leave })
  }
  const field = annotate.error && 'field' in annotate.error ? annotate.error.field : ''
  return (
    <Modal opened onClose={onClose} size={520} title="Annotate this time" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Form
        label="Annotate this time"
        onSubmit={submit}
        error={annotate.error}
        draft={draft}
        buttons={
          <Send sending={annotate.isPending} onCancel={leave}>
            Annotate
          </Send>
        }
      >
        <label>
          What happened
          <input
            value={title}
            onChange={({ target }) => draft.change({ title: target.value })}
            maxLength={200}
            aria-invalid={field === 'title'}
            data-autofocus
            required
          />
        </label>
        <fieldset className="form-choices">
          <legend>Kind</legend>
          {offered.map((one) => (
            <label key={one}>
              <input type="radio" name="kind" checked={kind === one} onChange={() => draft.change({ kind: one })} />
              {kinds[one].word}
            </label>
          ))}
        </fieldset>
        <div className="form-pair">
          <label>
            At
            <input
              type="datetime-local"
              step={1}
              value={start}
              onChange={({ target }) => draft.change({ start: target.value })}
              required
            />
          </label>
          <label>
            Until, if it lasted
            <input
              type="datetime-local"
              step={1}
              value={end}
              onChange={({ target }) => draft.change({ end: target.value })}
              aria-invalid={field === 'end_timestamp'}
            />
          </label>
        </div>
        <label>
          Only about
          <input
            className="mono"
            value={about}
            onChange={({ target }) => draft.change({ about: target.value })}
            placeholder="everything, or endpoint:llama-70b environment:production"
            aria-invalid={labels === null || field === 'labels'}
            spellCheck={false}
          />
        </label>
        {labels === null && (
          <p role="alert" className="field-problem">
            Write name:value, such as endpoint:llama-70b
          </p>
        )}
        <label>
          More
          <textarea
            rows={2}
            maxLength={4000}
            value={text}
            onChange={({ target }) => draft.change({ text: target.value })}
          />
        </label>
        <label>
          Link
          <input
            type="text"
            inputMode="url"
            value={url}
            onChange={({ target }) => draft.change({ url: target.value })}
            placeholder="https://"
            maxLength={2000}
            aria-invalid={field === 'url'}
          />
        </label>
        <WhoField who={who} onChange={keepWho} />
      </Form>
    </Modal>
  )
}
