import { dimensionWords, useSpendBy, type Spend, type SpendGroup } from '../../data/spend.ts'
import { formatChange, formatCount, formatExact, formatRatio, formatUsd } from '../../lib/format.ts'
import { toggleFilter } from '../../lib/search.ts'
import { useSearch } from '../../lib/use-search.ts'
import { NothingHere } from '../NothingHere.tsx'
import { Panel } from '../Panel.tsx'
import { Spark } from '../Spark.tsx'
import { Swatch } from '../Swatch.tsx'
import { Table, type Column } from '../Table.tsx'
import { signedUsd } from './ChangePanel.tsx'
import { groupName } from './group-words.ts'
import { cachedShare, perMillionTokens, perRequest } from './unit-costs.ts'

/** One row a group, with what it costs by the piece and why that changed; a click filters the page by it. */
export function GroupsTable() {
  const asked = useSpendBy()
  const [, change] = useSearch()
  const columns = useColumns(asked.data)
  const by = asked.data?.by ?? 'model'
  return (
    <Panel
      title={`Spend of each ${dimensionWords[by]}`}
      {...(asked.data &&
        asked.data.left_out > 0 && {
          unit: `the dearest ${asked.data.groups.length}; ${formatCount(asked.data.left_out)} more are in the totals`,
        })}
      asked={asked}
      height={260}
      wide
      renderEmpty={({ groups }) =>
        groups.length === 0 ? <NothingHere what="No request in this range or the one before" /> : null
      }
      table={tableOf}
    >
      {({ groups }) => (
        <Table
          label="Spend by group"
          columns={columns}
          rows={groups}
          id={({ value }) => value}
          sortBy="cost"
          onOpen={({ value }) => value !== '' && change((search) => toggleFilter(search, by, value))}
        />
      )}
    </Panel>
  )
}

function tableOf({ by, groups }: Spend) {
  return {
    columns: [
      by,
      'cost_usd',
      'previous_cost_usd',
      'requests',
      'requests_without_price',
      'input_tokens',
      'cached_input_tokens',
      'output_tokens',
      'cache_savings_usd',
      'volume_usd',
      'mix_usd',
      'length_usd',
      'price_usd',
    ],
    rows: groups.map(({ value, current, previous, change }) => [
      value,
      current.cost_usd,
      previous.cost_usd,
      current.requests,
      current.unpriced,
      current.input_tokens,
      current.cached_input_tokens,
      current.output_tokens,
      current.cache_savings_usd,
      change?.volume_usd ?? null,
      change?.mix_usd ?? null,
      change?.length_usd ?? null,
      change?.price_usd ?? null,
    ]),
  }
}

function useColumns(data: Spend | undefined): Column<SpendGroup>[] {
  const by = data?.by ?? 'model'
  const total = data?.current.cost_usd ?? null
  const share = ({ current }: SpendGroup) =>
    current.cost_usd === null || total === null || total === 0 ? null : current.cost_usd / total
  const changed = ({ current, previous }: SpendGroup) =>
    !data?.comparable || (current.cost_usd === null && previous.cost_usd === null)
      ? null
      : (current.cost_usd ?? 0) - (previous.cost_usd ?? 0)
  const money = (
    key: string,
    head: string,
    hint: string,
    value: (row: SpendGroup) => number | null,
  ): Column<SpendGroup> => ({
    key,
    head,
    hint,
    number: true,
    render: (row) => formatUsd(value(row)),
    title: (row) => (value(row) === null ? 'no request has a known price' : `$${formatExact(value(row))}`),
    sort: value,
  })
  return [
    {
      key: 'value',
      head: dimensionWords[by].replace(/^./, (first) => first.toUpperCase()),
      render: (row) => <Swatch of={row.value}>{groupName(by, row)}</Swatch>,
      sort: ({ value }) => value,
    },
    { key: 'course', head: '', wide: true, render: ({ cost_usd }) => <Spark values={cost_usd.slice(0, -1)} /> },
    money('cost', 'Spend', 'Of requests with a known price', ({ current }) => current.cost_usd),
    { key: 'share', head: 'Share', number: true, render: (row) => formatRatio(share(row)), sort: share },
    {
      key: 'change',
      head: 'Change',
      hint: 'Against the equally long time before',
      number: true,
      render: (row) => (
        <span
          className="delta"
          data-news={changed(row) === null ? 'neutral' : (changed(row) ?? 0) > 0 ? 'bad' : 'good'}
        >
          {changed(row) === null ? formatUsd(null) : signedUsd(changed(row))}
        </span>
      ),
      title: ({ current, previous }) =>
        `${formatUsd(previous.cost_usd)} before, ${formatChange(current.cost_usd, previous.cost_usd).text}`,
      sort: changed,
    },
    {
      key: 'requests',
      head: 'Requests',
      number: true,
      render: ({ current }) => formatCount(current.requests),
      title: ({ current }) =>
        current.unpriced > 0 ? `${formatExact(current.unpriced)} of them without a known price` : undefined,
      sort: ({ current }) => current.requests,
    },
    money('request', '$ /request', 'Mean of the requests with a known price', ({ current }) => perRequest(current)),
    money('million', '$ /1M tokens', 'Input and output together', ({ current }) => perMillionTokens(current)),
    {
      key: 'cached',
      head: 'Cached',
      hint: 'Share of input tokens read from prompt caches',
      number: true,
      wide: true,
      render: ({ current }) => formatRatio(cachedShare(current)),
      sort: ({ current }) => cachedShare(current),
    },
    { ...money('saved', 'Saved', 'By prompt caching', ({ current }) => current.cache_savings_usd), wide: true },
  ]
}
