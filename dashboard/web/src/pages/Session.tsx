import { Link, useParams } from '@tanstack/react-router'
import { Fragment } from 'react'
import { useSession, type SessionDetail } from '../data/people.ts'
import { elsewhere } from '../lib/elsewhere.ts'
import {
  formatExactly,
  formatCount,
  formatDateTime,
  formatExact,
  formatIso,
  formatMs,
  formatUsd,
} from '../lib/format.ts'
import { segmentOf } from '../lib/segment.ts'
import { Judgements } from '../panels/people/Judgements.tsx'
import { ModelLink } from '../panels/NameLink.tsx'
import { Panel } from '../panels/Panel.tsx'
import { Fact } from '../panels/Side.tsx'
import { ConversationPanel } from '../panels/trace/ConversationPanel.tsx'
import { Panels } from '../panels/Panels.tsx'
import '../styles/people.css'

/** One conversation as a whole: what it cost, and what was said, call by call. */
export default function Session() {
  const { session_id = '' } = useParams({ strict: false })
  const asked = useSession(session_id)
  return (
    <Panels>
      <Panel title={`Session ${session_id}`} asked={asked} height={80} wide>
        {(data) => <Facts session={data.session} />}
      </Panel>
      {!(asked.isError && !asked.data) && <Judgements asked={asked} />}
      {asked.data && <ConversationPanel key={session_id} group={{ session_id }} of="this session" />}
    </Panels>
  )
}

function Facts({ session }: { session: SessionDetail['session'] }) {
  return (
    <div className="people-facts">
      <dl className="facts">
        <Fact name="Start" value={formatDateTime(session.first_ms)} title={formatIso(session.first_ms)} />
        <Fact name="Length" value={formatMs(session.last_ms - session.first_ms)} />
        <Fact name="Requests" value={formatExact(session.requests)} />
        <Fact name="Errors" value={formatExact(session.errors)} title="Errors, rate limits and time-outs" />
        <Fact name="Traces" value={formatExact(session.traces)} />
        <Fact name="Tokens in" value={formatCount(session.input_tokens)} title={formatExact(session.input_tokens)} />
        <Fact name="Tokens out" value={formatCount(session.output_tokens)} title={formatExact(session.output_tokens)} />
        <Fact
          name="Cost"
          value={formatUsd(session.cost_usd)}
          title={
            session.unpriced > 0
              ? `without ${formatExactly(session.unpriced, 'request')} whose cost is unknown`
              : `$${formatExact(session.cost_usd)}`
          }
        />
      </dl>
      <p className="dim">
        {session.last_user_id !== '' && (
          <>
            User{' '}
            <Link
              to="/users/$user_id"
              params={{ user_id: segmentOf(session.last_user_id) }}
              search={elsewhere as never}
              className="panel-link"
            >
              {session.last_user_id}
            </Link>
            {' · '}
          </>
        )}
        {session.models.map((model, index) => (
          <Fragment key={model}>
            {index > 0 && ', '}
            <ModelLink name={model} />
          </Fragment>
        ))}
        {session.model_count > session.models.length &&
          ` and ${formatExactly(session.model_count - session.models.length, 'more model')}`}
      </p>
    </div>
  )
}
