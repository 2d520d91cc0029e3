import { useDebouncedValue } from '@mantine/hooks'
import { usePrices, usePriceUse, type PricedModel, type PriceRow, type Prices } from '../../data/settings.ts'
import { formatCount, formatDay, formatExact, formatIso, formatUsd, unknown } from '../../lib/format.ts'
import { useChoice } from '../../lib/use-choice.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { useSearch } from '../../lib/use-search.ts'
import { ModelLink } from '../NameLink.tsx'
import { Panel } from '../Panel.tsx'
import { Side } from '../Side.tsx'
import { Status } from '../Status.tsx'
import type { Column } from '../Table.tsx'
import { RowTable } from '../alerts/RowTable.tsx'
import { Fixed } from './Fixed.tsx'
import { PriceSide } from './PriceSide.tsx'
import { originWords, rateOf, stateOf } from './price-words.ts'
import { RepriceStatus } from './Reprice.tsx'
import { useRow } from './use-row.ts'

/** What models cost, those first that nothing says the price of; where each price comes from, and one's own. */
export function PriceSettings() {
  const used = usePriceUse()
  const { row, open, close } = useRow()
  const [search] = useSearch()
  const [find] = useDebouncedValue(search.find ?? '', 200)
  const [narrowed, narrow] = useChoice('prices', narrowings, 'all')
  const origin = narrowed === 'all' ? null : narrowed
  const listed = usePrices({ ...(find !== '' && { search: find }), ...(origin !== null && { origin }) })
  const model = used.data?.models.find((one) => modelId(one) === row)
  const price = listed.data?.prices.find((one) => priceId(one) === row)
  const priced_here = listed.data?.priced_here ?? false
  return (
    <>
      <Panel
        title="Models in use"
        hint="What was called in the range; what nothing says the price of comes first: its cost is unknown, not 0"
        asked={used}
        height={200}
        wide
        controls={
          priced_here && (
            <button type="button" className="control" onClick={() => open('new')}>
              Set a price
            </button>
          )
        }
        renderEmpty={({ models }) =>
          models.length === 0 ? <p>Models show once calls of the range name some</p> : null
        }
        table={({ models }) => ({
          columns: ['provider', 'model', 'requests', 'unpriced', 'input_tokens', 'output_tokens', 'cost_usd', 'price'],
          rows: models.map((one) => [
            one.provider,
            one.model,
            one.requests,
            one.unpriced,
            one.unpriced_input_tokens,
            one.unpriced_output_tokens,
            one.cost_usd,
            one.status?.price?.id ?? null,
          ]),
        })}
      >
        {({ models }) => <RowTable label="Models in use" columns={modelColumns} rows={models} id={modelId} />}
      </Panel>
      <RepriceStatus />
      <Panel
        title="Prices in force"
        asked={listed}
        height={160}
        wide
        controls={<Narrowing origin={origin} onOrigin={(next) => narrow(next ?? 'all')} counts={listed.data?.counts} />}
        renderEmpty={({ prices }) =>
          prices.length > 0 ? null : (
            <p>
              {find === '' && origin === null
                ? 'The process that runs the collector has the prices'
                : 'No price is of this name'}
            </p>
          )
        }
        table={tableOf}
      >
        {({ prices, found }) => (
          <>
            <RowTable label="Prices in force" columns={priceColumns} rows={prices} id={priceId} />
            {found > prices.length && (
              <p className="panel-empty">
                {formatExact(prices.length)} of {formatExact(found)} are shown: find more words
              </p>
            )}
          </>
        )}
      </Panel>
      <Side title="Price" opened={row === 'new' || model !== undefined || price !== undefined} onClose={close}>
        {listed.data && (row === 'new' || model || price) && (
          <PriceSide key={row} model={model ?? null} price={price ?? null} priced_here={priced_here} />
        )}
      </Side>
    </>
  )
}

const parts = ['input', 'output', 'cached_input', 'cache_write', 'reasoning'] as const

const tableOf = ({ prices }: Prices): DataTable => ({
  columns: [
    'provider',
    'model',
    'only',
    ...parts.map((part) => `${part}_usd`),
    'valid_from',
    'valid_to',
    'source',
    'id',
  ],
  rows: prices.map((row) => [
    row.provider,
    row.model,
    row.only,
    ...parts.map((part) => rateOf(row, part).usd),
    isoOf(row.valid_from),
    isoOf(row.valid_to),
    row.key ?? originWords[row.origin],
    row.id,
  ]),
})

type Origin = PriceRow['origin']
const narrowings: readonly (Origin | 'all')[] = ['all', ...(Object.keys(originWords) as Origin[])]

interface NarrowingProps {
  origin: Origin | null
  onOrigin: (origin: Origin | null) => void
  counts: Record<string, number> | undefined
}

function Narrowing({ origin, onOrigin, counts }: NarrowingProps) {
  const [search, change] = useSearch()
  const find = (text: string) =>
    change(({ find: _find, ...rest }) => (text === '' ? rest : { ...rest, find: text }), { replace: true })
  return (
    <>
      <label className="inline-field find-field">
        <span className="sr-only">Find a price</span>
        <input
          type="search"
          placeholder="Provider, model"
          value={search.find ?? ''}
          maxLength={300}
          onChange={({ target }) => find(target.value)}
        />
      </label>
      <label className="inline-field">
        <span className="sr-only">Where prices come from</span>
        <select
          value={origin ?? ''}
          onChange={({ target }) => onOrigin(target.value === '' ? null : (target.value as Origin))}
        >
          <option value="">all of them</option>
          {Object.entries(originWords).map(([value, word]) => (
            <option key={value} value={value}>
              {word} ({formatCount(counts?.[value] ?? 0)})
            </option>
          ))}
        </select>
      </label>
    </>
  )
}

const modelId = ({ provider, model }: PricedModel) => `${provider} ${model}`
const priceId = ({ id, version, valid_from, set }: PriceRow) => set?.id ?? `${id} ${version} ${valid_from ?? ''}`

const modelColumns: Column<PricedModel>[] = [
  { key: 'state', head: 'State', render: (row) => <Status {...stateOf(row)} />, sort: (row) => stateOf(row).rank },
  {
    key: 'model',
    head: 'Model',
    render: ({ model }) => (
      <span className="long">
        {model === '' ? <span className="dim">none named</span> : <ModelLink name={model} />}
      </span>
    ),
    title: ({ model }) => model || 'the calls name no model',
    sort: ({ model }) => model,
  },
  {
    key: 'provider',
    head: 'Provider',
    wide: true,
    render: ({ provider }) => <span className="long">{provider || unknown}</span>,
    title: ({ provider }) => provider || 'the calls name no provider',
    sort: ({ provider }) => provider,
  },
  count('requests', 'Requests', ({ requests }) => requests, true),
  count('unpriced', 'Without a cost', ({ unpriced }) => unpriced),
  tokens('input', 'Input tokens', ({ unpriced_input_tokens }) => unpriced_input_tokens),
  tokens('output', 'Output tokens', ({ unpriced_output_tokens }) => unpriced_output_tokens),
  {
    key: 'cost',
    head: 'Known cost',
    hint: 'Of the other requests',
    number: true,
    wide: true,
    render: ({ cost_usd }) => formatUsd(cost_usd),
    title: ({ cost_usd }) => (cost_usd === null ? 'unknown: no request has a known cost' : String(cost_usd)),
    sort: ({ cost_usd }) => cost_usd,
  },
  {
    key: 'price',
    head: 'Price now',
    wide: true,
    render: ({ status }) => {
      if (!status?.price) return <span className="dim">unknown</span>
      const { key, id, origin } = status.price
      return key === null ? <span className="long">{`${id}, ${originWords[origin]}`}</span> : <Fixed at={key} />
    },
    title: ({ status }) => status?.price?.version,
  },
]

function count(key: string, head: string, of: (row: PricedModel) => number, wide = false): Column<PricedModel> {
  return {
    key,
    head,
    number: true,
    wide,
    render: (row) => formatCount(of(row)),
    title: (row) => formatExact(of(row)),
    sort: of,
  }
}

function tokens(key: string, head: string, of: (row: PricedModel) => number | null): Column<PricedModel> {
  const least = (row: PricedModel) => (row.more_tokens && of(row) !== null ? '≥ ' : '')
  return {
    key,
    head,
    hint: 'Of the requests without a known cost',
    number: true,
    wide: true,
    render: (row) => (row.unpriced === 0 ? unknown : `${least(row)}${formatCount(of(row))}`),
    title: (row) => {
      if (row.unpriced === 0) return 'every request has a known cost'
      if (of(row) === null) return 'none of these requests tells'
      return `${least(row)}${formatExact(of(row))}${row.more_tokens ? ': the rest shares hours with requests of known cost' : ''}`
    },
    sort: (row) => (row.unpriced === 0 ? null : of(row)),
  }
}

const priceColumns: Column<PriceRow>[] = [
  {
    key: 'model',
    head: 'Model',
    render: ({ model }) => <span className="long">{model || 'any'}</span>,
    title: ({ model, only }) => [model, only].filter(Boolean).join('; ') || undefined,
    sort: ({ model }) => model,
  },
  {
    key: 'provider',
    head: 'Provider',
    wide: true,
    render: ({ provider, only }) => (
      <span className="long">{[provider || 'any', only].filter(Boolean).join('; ')}</span>
    ),
    sort: ({ provider }) => provider,
  },
  rate('input', 'Input', true),
  rate('output', 'Output', true),
  rate('cached_input', 'Cached'),
  rate('cache_write', 'Cache write'),
  rate('reasoning', 'Reasoning'),
  {
    key: 'valid',
    head: 'Valid',
    wide: true,
    render: ({ valid_from, valid_to }) => validity(valid_from, valid_to),
    title: ({ valid_from, valid_to }) =>
      `${valid_from === null ? 'from ever' : formatIso(valid_from)} – ${valid_to === null ? 'for ever' : formatIso(valid_to)}`,
    sort: ({ valid_from }) => valid_from,
  },
  {
    key: 'origin',
    head: 'Source',
    render: ({ origin, key, set }) =>
      key === null ? (
        <span title={set ? `by ${set.by}, ${formatIso(set.at)}` : undefined}>{originWords[origin]}</span>
      ) : (
        <Fixed at={key} />
      ),
    title: ({ version }) => version,
    sort: ({ origin }) => origin,
  },
]

function rate(part: Parameters<typeof rateOf>[1], head: string, always = false): Column<PriceRow> {
  return {
    key: part,
    head,
    hint: 'US dollars per 1M tokens',
    number: true,
    wide: !always,
    render: (row) => rateOf(row, part).text,
    title: (row) => rateOf(row, part).why,
    sort: (row) => rateOf(row, part).usd,
  }
}

function validity(from: number | null, to: number | null): string {
  if (from === null && to === null) return 'always'
  if (to === null) return `from ${formatDay(from ?? 0)}`
  return from === null ? `until ${formatDay(to)}` : `${formatDay(from)} – ${formatDay(to)}`
}
