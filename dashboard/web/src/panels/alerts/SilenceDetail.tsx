import { Button } from '@mantine/core'
import { useState } from 'react'
import { useExpireSilence, useWindows, type Silence } from '../../data/silences.ts'
import { formatAgo, formatIso, formatUntil } from '../../lib/format.ts'
import { useWho } from '../../lib/who.ts'
import { weeklyText } from '../../lib/window-draft.ts'
import { Form } from '../Form.tsx'
import { Fact, SideSection } from '../Side.tsx'
import { Status } from '../Status.tsx'
import { MatchingAlerts } from './MatchingAlerts.tsx'
import { SilenceForm } from './SilenceForm.tsx'
import { WhoField } from '../WhoField.tsx'
import { WindowForm } from './WindowForm.tsx'
import { silenceLevels } from './words.ts'

interface SilenceDetailProps {
  silence: Silence
  now: number
  onSaved: (silence: { id: string }) => void
}

/** One silence, and what it would silence now. */
export function SilenceDetail({ silence, now, onSaved }: SilenceDetailProps) {
  const [editing, setEditing] = useState(false)
  const { state, name, text, starts_at, ends_at, created_by, comment, time_intervals } = silence
  const window = useWindows().data?.windows.find(({ id }) => id === silence.id) ?? null
  const saved = (next: { id: string }) => {
    setEditing(false)
    onSaved(next)
  }
  if (editing && window && (window.weekly || time_intervals.length === 0))
    return <WindowForm before={window} onSaved={saved} onCancel={() => setEditing(false)} />
  if (editing)
    return <SilenceForm before={silence} matchers={text} onSaved={saved} onCancel={() => setEditing(false)} />
  const over = state === 'expired'
  return (
    <div className="request">
      <header className="request-head">
        {name === '' ? <h2 className="mono wrap">{text}</h2> : <h2 className="wrap">{name}</h2>}
        <Status level={silenceLevels[state]} word={state} />
      </header>
      {name !== '' && <p className="mono wrap">{text}</p>}
      <p className="wrap">{comment}</p>
      <dl className="facts">
        <Fact
          name={over ? 'Ended' : 'Until'}
          value={over ? formatAgo(ends_at, now) : window?.ends_at === null ? 'no end' : formatUntil(ends_at, now)}
          title={formatIso(ends_at)}
        />
        <Fact
          name={starts_at > now ? 'Begins' : 'Since'}
          value={starts_at > now ? formatUntil(starts_at, now) : formatAgo(starts_at, now)}
          title={formatIso(starts_at)}
        />
        <Fact name="By" value={created_by} />
      </dl>
      {time_intervals.length > 0 && (
        <p className="dim">{`Holds ${window ? weeklyText(window) : 'at the times of its intervals alone'}`}</p>
      )}
      {!over && (
        <>
          <SideSection title="Fires now">
            <MatchingAlerts matchers={text} />
          </SideSection>
          <Expire silence={silence} onEdit={() => setEditing(true)} />
        </>
      )}
      {over && (
        <div className="form-buttons">
          <Button size="compact-sm" variant="default" onClick={() => setEditing(true)}>
            Silence again
          </Button>
        </div>
      )}
    </div>
  )
}

function Expire({ silence: { id }, onEdit }: { silence: Silence; onEdit: () => void }) {
  const [who, keepWho] = useWho()
  const expire = useExpireSilence()
  return (
    <Form
      label="Change the silence"
      onSubmit={() => expire.mutate({ id, who })}
      buttons={
        <>
          <Button size="compact-sm" variant="default" onClick={onEdit}>
            Edit
          </Button>
          <Button
            type="submit"
            size="compact-sm"
            variant="default"
            loading={expire.isPending}
            disabled={who.trim() === ''}
            title="Ends it: what still fires is told again"
          >
            Expire now
          </Button>
        </>
      }
      error={expire.error}
    >
      <WhoField who={who} onChange={keepWho} />
    </Form>
  )
}
