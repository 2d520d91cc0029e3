/** What the prompt cache and the response cache did, and what that saved. */
import { useMemo } from 'react'
import { ratesOf, seenIn, settled } from '../../charts/lines.ts'
import { useTrafficVolume, type TrafficVolume } from '../../data/traffic.ts'
import { formatRatio, formatUsd, formatUsdPerHour, formatUsdTick } from '../../lib/format.ts'
import { LinePanel, type NamedLine } from '../LinePanel.tsx'
import { NothingHere } from '../NothingHere.tsx'

const itself = <T,>(data: T) => data
const sum = (values: readonly (number | null)[]) =>
  values.some((value) => value !== null) ? values.reduce<number>((all, value) => all + (value ?? 0), 0) : null

function shares(part: readonly (number | null)[], whole: readonly (number | null)[]): (number | null)[] {
  return whole.map((all, index) => {
    const some = part[index] ?? null
    return all === null || all === 0 || some === null ? null : some / all
  })
}

function share(part: readonly (number | null)[], whole: readonly (number | null)[]): number | null {
  const [some, all] = [sum(part), sum(whole)]
  return some === null || !all ? null : some / all
}

export function CachePanel({ name }: { name: string }) {
  const lines = useMemo(
    () =>
      (data: TrafficVolume): NamedLine[] => {
        const { cached_input_tokens, input_tokens, cache_hits, requests } = data.values
        const prompt: NamedLine = {
          name: 'input tokens cached',
          colorOf: name,
          values: settled(data, shares(cached_input_tokens, input_tokens)),
          extra: [formatRatio(share(cached_input_tokens, input_tokens))],
        }
        const answers: NamedLine = {
          name: 'answers from a cache',
          colorOf: '',
          values: settled(data, shares(cache_hits, requests)),
          extra: [formatRatio(share(cache_hits, requests))],
        }
        return sum(cache_hits) ? [prompt, answers] : [prompt]
      },
    [name],
  )
  return (
    <LinePanel
      title="Cache hits"
      hint="Input tokens that the prompt cache held, as a share of all input tokens; requests that a response cache answered, as a share of requests"
      asked={useTrafficVolume()}
      frame={itself}
      lines={lines}
      format={formatRatio}
      extraColumns={['range']}
      empty={<NothingHere what="Cache hits show once a request tells its cached tokens" />}
    />
  )
}

export function SavingsPanel({ name }: { name: string }) {
  const lines = useMemo(
    () =>
      (data: TrafficVolume): NamedLine[] => {
        const { cache_savings_usd, requests } = data.values
        const total = sum(cache_savings_usd)
        const seen = seenIn(data, [{ requests }])
        const values = ratesOf(data, cache_savings_usd, requests, seen).map((rate) =>
          rate === null || total === null ? null : rate * 3600,
        )
        return [{ name: 'saved', colorOf: name, values, extra: [formatUsd(total)] }]
      },
    [name],
  )
  return (
    <LinePanel
      title="Cache savings"
      unit="per hour"
      hint="What cached input tokens would have cost more without the prompt cache; of requests with a known price"
      asked={useTrafficVolume()}
      frame={itself}
      lines={lines}
      format={formatUsdPerHour}
      tick={formatUsdTick}
      extraColumns={['total']}
      empty={<NothingHere what="No request in this range has a known price" />}
    />
  )
}
