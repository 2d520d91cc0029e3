import { Button } from '@mantine/core'
import { useGroupAct, type AlertGroup, type GroupAct } from '../../data/alert-groups.ts'
import { useDraft } from '../../lib/use-draft.ts'
import { useWho } from '../../lib/who.ts'
import { Form } from '../Form.tsx'
import { WhoField } from '../WhoField.tsx'

/** Take a group on, give it back, say something about it. */
export function GroupActions({ group: { id, acknowledged } }: { group: Pick<AlertGroup, 'id' | 'acknowledged'> }) {
  const [who, keepWho] = useWho()
  const draft = useDraft(`group ${id}`, () => ({ comment: '' }))
  const { comment } = draft.fields
  const sent = useGroupAct(id)
  const send = (act: GroupAct) => sent.mutate({ act, said: { who, comment } }, { onSuccess: draft.discard })
  const first: GroupAct = acknowledged ? 'unacknowledge' : 'acknowledge'
  const nobody = who.trim() === ''
  return (
    <Form
      label="What you do about it"
      onSubmit={() => send(first)}
      buttons={
        <>
          <Button type="submit" size="compact-sm" loading={sent.isPending} disabled={nobody}>
            {acknowledged ? 'Take back' : 'Acknowledge'}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            disabled={nobody || comment.trim() === '' || sent.isPending}
            onClick={() => send('comment')}
          >
            Comment
          </Button>
        </>
      }
      error={sent.error}
      draft={draft}
    >
      <WhoField who={who} onChange={keepWho} />
      <label>
        Comment
        <textarea
          rows={2}
          maxLength={2000}
          value={comment}
          onChange={({ target }) => draft.change({ comment: target.value })}
        />
      </label>
    </Form>
  )
}
