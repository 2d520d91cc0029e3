import { Button } from '@mantine/core'
import { useRemovePrice, type PricedModel, type PriceRow } from '../../data/settings.ts'
import { formatIso } from '../../lib/format.ts'
import { useWho } from '../../lib/who.ts'
import { Form } from '../Form.tsx'
import { Fact, SideSection } from '../Side.tsx'
import { WhoField } from '../WhoField.tsx'
import { Fixed } from './Fixed.tsx'
import { PriceForm } from './PriceForm.tsx'
import { originWords, rateOf } from './price-words.ts'
import { RepriceForm } from './Reprice.tsx'
import { useRow } from './use-row.ts'

interface PriceSideProps {
  /** Of those in use; null for one of the list, or for a new one. */
  model: PricedModel | null
  price: PriceRow | null
  priced_here: boolean
}

/** What a model costs: fixed by the file, or for people to say; and the same for what is stored. */
export function PriceSide({ model, price, priced_here }: PriceSideProps) {
  const key = price?.key ?? model?.status?.price?.key ?? null
  const provider = model?.provider ?? (price?.origin === 'file' ? '' : (price?.provider ?? ''))
  const name = model?.model ?? price?.model ?? ''
  // One name for all that is done here.
  const who = useWho()
  return (
    <>
      {name !== '' && <h3 className="wrap">{name}</h3>}
      {price && <Rates price={price} />}
      {key !== null && (
        <SideSection title="Fixed by the file">
          <p>
            <Fixed at={key} /> says what it costs: change it there. It is in force as soon as the file is saved.
          </p>
        </SideSection>
      )}
      {!priced_here && <p className="dim">The process that runs the collector prices requests: set prices there</p>}
      {priced_here && key === null && <PriceForm provider={provider} model={name} price={price} who={who} />}
      {priced_here && price?.set && <Removal id={price.set.id} who={who} />}
      {priced_here && name !== '' && <RepriceForm model={price?.origin === 'file' ? '' : name} who={who} />}
    </>
  )
}

function Rates({ price }: { price: PriceRow }) {
  const { origin, id, version, set, only } = price
  return (
    <>
      <dl className="facts">
        <Fact name="Input" value={rateOf(price, 'input').text} title={rateOf(price, 'input').why} />
        <Fact name="Output" value={rateOf(price, 'output').text} title={rateOf(price, 'output').why} />
        <Fact name="Source" value={originWords[origin]} title={version} />
      </dl>
      <p className="dim wrap">
        per 1M tokens; {id}, {version}
        {only !== '' && `; only ${only}`}
        {set && `; by ${set.by}, ${formatIso(set.at)}`}
      </p>
    </>
  )
}

function Removal({ id, who: [who, keepWho] }: { id: string; who: ReturnType<typeof useWho> }) {
  const { close } = useRow()
  const remove = useRemovePrice()
  return (
    <SideSection title="Remove it">
      <Form
        label="Remove the price"
        onSubmit={() => remove.mutate({ id, by: who }, { onSuccess: close })}
        buttons={
          <Button type="submit" size="compact-sm" variant="default" loading={remove.isPending}>
            Remove the price
          </Button>
        }
        error={remove.error}
      >
        <p className="dim">Requests that come are priced as before; those that are stored keep their costs</p>
        <WhoField who={who} onChange={keepWho} />
      </Form>
    </SideSection>
  )
}
