import { useRevokeKey, type KeyRow } from '../../data/settings.ts'
import { formatIso } from '../../lib/format.ts'
import { useWho } from '../../lib/who.ts'
import { Form, Send } from '../Form.tsx'
import { Fields, SideSection } from '../Side.tsx'
import { WhoField } from '../WhoField.tsx'
import { Fixed } from './Fixed.tsx'
import { limitsOf } from './key-words.ts'

/** What a key is, and its end. */
export function KeySide({ of }: { of: KeyRow }) {
  const time = (at: number | null) => (at === null ? '' : formatIso(at))
  return (
    <>
      <h3 className="wrap">{of.name}</h3>
      <Fields
        title={of.state}
        fields={{
          team: of.team,
          user: of.user,
          feature: of.feature,
          endpoints: of.endpoints?.join(', ') ?? 'all',
          limits: limitsOf(of).join(', '),
          made: time(of.created_at),
          'made by': of.created_by,
          expires: time(of.expires_at),
          revoked: time(of.revoked_at),
          'last used': time(of.last_ms),
        }}
        none=""
      />
      {of.key !== null ? (
        <SideSection title="Fixed by the file">
          <p>
            <Fixed at={of.key} /> holds it: remove it there, and it is refused as soon as the file is saved.
          </p>
        </SideSection>
      ) : (
        of.state !== 'revoked' && <Revocation name={of.name} />
      )}
    </>
  )
}

function Revocation({ name }: { name: string }) {
  const [who, keepWho] = useWho()
  const revoke = useRevokeKey()
  return (
    <SideSection title="Revoke it">
      <Form
        label="Revoke the key"
        onSubmit={() => revoke.mutate({ name, by: who })}
        buttons={
          <Send sending={revoke.isPending} grave>
            Revoke the key
          </Send>
        }
        error={revoke.error}
      >
        <p className="dim">Calls with it are refused from then on, for good; its name may be given again</p>
        <WhoField who={who} onChange={keepWho} />
      </Form>
    </SideSection>
  )
}
