import { useSpendBy, type Spend } from '../../data/spend.ts'
import { formatUsd } from '../../lib/format.ts'
import { NothingHere } from '../NothingHere.tsx'
import { Panel } from '../Panel.tsx'

type Change = Spend['change']

const parts = [
  ['volume_usd', 'More or fewer requests', 'At what a request cost on average before'],
  ['mix_usd', 'Other mix', 'A larger share of requests for what is dearer, or a smaller one'],
  ['length_usd', 'Longer or shorter', 'More or fewer tokens a request, at the price of a token before'],
  ['price_usd', 'Price of a token', 'Prices, discounts, and how much was read from caches'],
] as const satisfies readonly (readonly [keyof Change, string, string])[]

/** Why the spend is not what it was: from the period before to this one, part by part. */
export function ChangePanel() {
  const asked = useSpendBy()
  return (
    <Panel
      title="Why the spend changed"
      hint="From the equally long time before to this one. The parts add up to the change; requests of unknown price are in none of them"
      asked={asked}
      height={300}
      renderEmpty={({ previous, current, comparable }) =>
        previous.cost_usd === null || current.cost_usd === null || !comparable ? (
          <NothingHere what="Both this range and the whole time before it need requests with a known price" />
        ) : null
      }
      table={({ change }) => ({
        columns: ['part', 'change_usd'],
        rows: parts.map(([key, word]) => [word, change[key]]),
      })}
    >
      {(data) => <Steps data={data} />}
    </Panel>
  )
}

interface Step {
  word: string
  hint: string
  from: number
  to: number
  whole: boolean
}

function Steps({ data: { change, previous, current } }: { data: Spend }) {
  const before = previous.cost_usd ?? 0
  let at = before
  const steps: Step[] = [{ word: 'Before', hint: 'The equally long time before', from: 0, to: before, whole: true }]
  for (const [key, word, hint] of parts) {
    steps.push({ word, hint, from: at, to: at + change[key], whole: false })
    at += change[key]
  }
  steps.push({ word: 'Now', hint: 'This range', from: 0, to: current.cost_usd ?? 0, whole: true })
  const ends = steps.flatMap(({ from, to }) => [from, to])
  const [low, high] = [Math.min(...ends), Math.max(...ends)]
  const percent = (value: number) => (high === low ? 0 : ((value - low) / (high - low)) * 100)
  return (
    <ul className="change-steps" aria-label="Why the spend changed">
      {steps.map(({ word, hint, from, to, whole }) => (
        <li key={word} data-part={whole ? 'whole' : to < from ? 'less' : 'more'}>
          <span title={hint}>{word}</span>
          <span className="change-track" aria-hidden>
            <i
              style={{
                left: `${percent(Math.min(from, to))}%`,
                width: `${Math.max(percent(Math.max(from, to)) - percent(Math.min(from, to)), 0.4)}%`,
              }}
            />
          </span>
          <b>{whole ? formatUsd(to) : signedUsd(to - from)}</b>
        </li>
      ))}
    </ul>
  )
}

/** +$1.20, −$3.00; what is nothing has no sign. */
export function signedUsd(usd: number | null): string {
  return usd !== null && usd > 0 ? `+${formatUsd(usd)}` : formatUsd(usd)
}
