import { useMakeKey } from '../../data/settings.ts'
import { ApiFailure } from '../../lib/api.ts'
import { useDraft } from '../../lib/use-draft.ts'
import { useWho } from '../../lib/who.ts'
import { Form, Send } from '../Form.tsx'
import { SideSection } from '../Side.tsx'
import { Snippet } from '../Snippet.tsx'
import { WhoField } from '../WhoField.tsx'
import { NumberField, numberOf } from './NumberField.tsx'

const texts = [
  ['name', 'Name, as api_key of its calls', ''],
  ['team', 'Team', ''],
  ['user', 'User', ''],
  ['feature', 'Feature', ''],
  ['endpoints', 'May call (empty: all)', 'llama-70b, gpt-4o'],
  ['expires', 'Until (empty: for ever)', '90d or 2027-01-31'],
] as const
const limits = [
  ['usd_per_month', 'Dollars a month'],
  ['tokens_per_day', 'Tokens a day'],
  ['requests_per_minute', 'Requests a minute'],
] as const
type Field = (typeof texts)[number][0] | (typeof limits)[number][0]

const nothing = Object.fromEntries([...texts, ...limits].map(([field]) => [field, ''])) as Record<Field, string>

/** Makes a virtual key and shows it, this once. */
export function KeyForm({ endpoints }: { endpoints: readonly string[] }) {
  const draft = useDraft('key', () => nothing)
  const { fields } = draft
  const [who, keepWho] = useWho()
  const make = useMakeKey()
  const change = (field: Field) => (text: string) => draft.change({ [field]: text })
  const problem = (field: Field) =>
    make.error instanceof ApiFailure && make.error.field === field ? make.error.message : ''
  const submit = () => {
    const said = (field: Field) => fields[field].trim() || undefined
    const may = said('endpoints')
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean)
    const key = {
      name: said('name') ?? '',
      team: said('team'),
      user: said('user'),
      feature: said('feature'),
      endpoints: may,
      expires: said('expires'),
      usd_per_month: numberOf(fields.usd_per_month),
      tokens_per_day: numberOf(fields.tokens_per_day),
      requests_per_minute: numberOf(fields.requests_per_minute),
      by: who,
    }
    make.mutate(key, { onSuccess: draft.forget })
  }
  if (make.data)
    return (
      <SideSection title="The new key">
        <p role="status">
          Copy it now: it is kept nowhere and not shown again. Clients send it where the vendor’s key goes.
        </p>
        <Snippet label={fields.name} text={make.data.secret} />
      </SideSection>
    )
  return (
    <Form
      label="New key"
      onSubmit={submit}
      buttons={<Send sending={make.isPending}>Make the key</Send>}
      error={make.error}
      draft={draft}
    >
      <div className="form-pair">
        {texts.map(([field, label, placeholder]) => (
          <label key={field}>
            {label}
            <input
              value={fields[field]}
              onChange={({ target }) => change(field)(target.value)}
              placeholder={field === 'endpoints' && endpoints.length > 0 ? endpoints.join(', ') : placeholder}
              required={field === 'name'}
              maxLength={field === 'endpoints' ? 4000 : 100}
              autoComplete="off"
              aria-invalid={problem(field) !== ''}
            />
            <span className="field-problem">{problem(field)}</span>
          </label>
        ))}
      </div>
      <div className="rate-fields">
        {limits.map(([field, label]) => (
          <NumberField
            key={field}
            label={label}
            value={fields[field]}
            onChange={change(field)}
            problem={problem(field)}
          />
        ))}
      </div>
      <WhoField who={who} onChange={keepWho} />
    </Form>
  )
}
