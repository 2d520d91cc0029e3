import { dimensions, dimensionWords, useDimension, useSpendBy, type Spend } from '../../data/spend.ts'
import { formatMs, formatUsd, formatUsdTick } from '../../lib/format.ts'
import { useSearch } from '../../lib/use-search.ts'
import { LinePanel } from '../LinePanel.tsx'
import { NothingHere } from '../NothingHere.tsx'
import { spendLines } from './group-words.ts'

const itself = (data: Spend) => data

/** What was spent in each step of time, by the chosen dimension. */
export function SpendByPanel() {
  const asked = useSpendBy()
  const by = useDimension()
  const step = asked.data ? formatMs(asked.data.step_ms) : ''
  return (
    <LinePanel
      title={`Spend by ${dimensionWords[by]}`}
      unit={step === '' ? '' : `per ${step}`}
      hint="Cost of the requests that began in each step of time; requests of unknown price are left out"
      asked={asked}
      frame={itself}
      lines={spendLines}
      format={formatUsd}
      tick={formatUsdTick}
      extraColumns={['total']}
      stacked
      empty={<NothingHere what="No request in this range has a known price" />}
      controls={<DimensionSelect />}
    />
  )
}

function DimensionSelect() {
  const by = useDimension()
  const [, change] = useSearch()
  return (
    <select
      className="control"
      aria-label="Spend by"
      value={by}
      onChange={(event) => {
        const chosen = event.currentTarget.value
        change(({ by: _by, ...rest }) => (chosen === 'model' ? rest : { ...rest, by: chosen }))
      }}
    >
      {dimensions.map((dimension) => (
        <option key={dimension} value={dimension}>
          {dimensionWords[dimension]}
        </option>
      ))}
    </select>
  )
}
