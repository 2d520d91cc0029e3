import { useCost, type CostExplanation, type RequestDetail } from '../data/requests.ts'
import { formatExact, formatUsd, unknown } from '../lib/format.ts'
import { Failure, PanelSkeleton } from './states.tsx'

const names = {
  input: 'Input, uncached',
  cached_input: 'Input, cached',
  cache_write: 'Input, written to the cache',
  output: 'Output',
  reasoning: 'Output, reasoning',
  request: 'Request',
} as const

/** How the cost of a request adds up: tokens × rate = dollars. */
export function CostLines({ request }: { request: RequestDetail }) {
  const { data, error, isPending, refetch } = useCost(request)
  if (isPending) return <PanelSkeleton height={80} />
  if (error) return <Failure error={error} retry={() => void refetch()} height={80} />
  return (
    <>
      {data.lines.length > 0 && <Lines explanation={data} />}
      {data.reason !== '' && <p className="dim">{data.reason}</p>}
      {data.matches === false && (
        <p className="request-error">
          The stored cost is not what this price gives: inferwatch reprice works it out anew
        </p>
      )}
    </>
  )
}

function Lines({ explanation: { lines, sum_usd } }: { explanation: CostExplanation }) {
  return (
    <table className="table breakdown" aria-label="How the cost adds up">
      <thead>
        <tr>
          <th>Price</th>
          <th className="number">Tokens</th>
          <th className="number">Rate</th>
          <th className="number">Cost</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.part}>
            <td>{names[line.part]}</td>
            <td className="number">{line.tokens === null ? unknown : formatExact(line.tokens)}</td>
            <td className="number" title={`$${line.rate_usd} per ${line.per}${stepNote(line.above_input_tokens)}`}>
              {formatUsd(Number(line.rate_usd))} {line.per === 'request' ? '/request' : '/1M'}
              {line.multiplier !== '1' && ` × ${line.multiplier}`}
            </td>
            <td className="number" title={`$${line.cost_usd}`}>
              {formatUsd(Number(line.cost_usd))}
            </td>
          </tr>
        ))}
        <tr className="sum">
          <td>Sum</td>
          <td />
          <td />
          <td className="number" title={sum_usd === null ? undefined : `$${sum_usd}`}>
            {formatUsd(sum_usd === null ? null : Number(sum_usd))}
          </td>
        </tr>
      </tbody>
    </table>
  )
}

const stepNote = (above: number | null) =>
  above === null ? '' : `, of requests above ${formatExact(above)} input tokens`
