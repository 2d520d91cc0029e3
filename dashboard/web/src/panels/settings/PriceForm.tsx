import { useSetPrice, type PriceRow } from '../../data/settings.ts'
import { ApiFailure } from '../../lib/api.ts'
import { momentOf } from '../../lib/time-zone.ts'
import { useDraft } from '../../lib/use-draft.ts'
import type { useWho } from '../../lib/who.ts'
import { Form, Send } from '../Form.tsx'
import { SideSection } from '../Side.tsx'
import { WhoField } from '../WhoField.tsx'
import { NumberField, numberOf } from './NumberField.tsx'

const rates = [
  ['input_usd', 'Input', true],
  ['output_usd', 'Output', true],
  ['cached_input_usd', 'Cached input', false],
  ['cache_write_usd', 'Cache write', false],
  ['reasoning_usd', 'Reasoning', false],
  ['request_usd', 'Per request', false],
] as const
type RateKey = (typeof rates)[number][0]

interface PriceFormProps {
  provider: string
  model: string
  /** What it costs now; null where nothing says. */
  price: PriceRow | null
  who: ReturnType<typeof useWho>
}

/** Says what a model costs from a time on. */
export function PriceForm({ provider: firstProvider, model: firstModel, price, who: by }: PriceFormProps) {
  const draft = useDraft(`price ${firstProvider} ${firstModel}`, () => ({
    provider: firstProvider,
    model: firstModel,
    from: '',
    ...amountsOf(price),
  }))
  const { provider, model, from, ...amounts } = draft.fields
  const [who, keepWho] = by
  const save = useSetPrice()
  const problem = (field: string) =>
    save.error instanceof ApiFailure && save.error.field === field ? save.error.message : ''
  const submit = () => {
    const {
      input_usd = 0,
      output_usd = 0,
      ...others
    } = Object.fromEntries(rates.map(([key]) => [key, numberOf(amounts[key])]))
    const valid_from = from === '' ? null : momentOf(from)
    save.mutate({ provider, model, valid_from, input_usd, output_usd, ...others, by: who }, { onSuccess: draft.forget })
  }
  return (
    <SideSection title={price ? 'Another price' : 'Set a price'}>
      <Form
        label="Set a price"
        onSubmit={submit}
        buttons={<Send sending={save.isPending}>Set the price</Send>}
        error={save.error}
        draft={draft}
        outcome={
          save.data && (
            <p role="status" className="dim">
              Set: requests that come from now on have it. Those that are stored take it below.
            </p>
          )
        }
      >
        <div className="form-pair">
          <label>
            Model
            <input
              value={model}
              onChange={({ target }) => draft.change({ model: target.value })}
              maxLength={300}
              required
              aria-invalid={problem('model') !== ''}
              autoComplete="off"
            />
          </label>
          <label>
            Provider (empty: whoever serves it)
            <input
              value={provider}
              onChange={({ target }) => draft.change({ provider: target.value })}
              maxLength={300}
              autoComplete="off"
            />
          </label>
        </div>
        <div className="form-field">
          <span>Dollars per 1M tokens</span>
          <div className="rate-fields">
            {rates.map(([key, label, required]) => (
              <NumberField
                key={key}
                label={label}
                hint={key === 'request_usd' ? 'Dollars per request, on top of its tokens' : 'Dollars per 1M tokens'}
                required={required}
                value={amounts[key]}
                onChange={(text) => draft.change({ [key]: text })}
                problem={problem(key)}
              />
            ))}
          </div>
        </div>
        <label>
          Holds from (empty: from ever)
          <input type="datetime-local" value={from} onChange={({ target }) => draft.change({ from: target.value })} />
        </label>
        <WhoField who={who} onChange={keepWho} />
      </Form>
    </SideSection>
  )
}

function amountsOf(price: PriceRow | null): Record<RateKey, string> {
  if (price === null || price.price.provisioned !== null)
    return Object.fromEntries(rates.map(([key]) => [key, ''])) as Record<RateKey, string>
  const { input, output, cached_input, cache_write, reasoning, request_usd } = price.price
  const text = (rate: { usd: number } | null) => (rate === null ? '' : String(rate.usd))
  return {
    input_usd: text(input),
    output_usd: text(output),
    cached_input_usd: text(cached_input),
    cache_write_usd: text(cache_write),
    reasoning_usd: text(reasoning),
    request_usd: request_usd === 0 ? '' : String(request_usd),
  }
}
