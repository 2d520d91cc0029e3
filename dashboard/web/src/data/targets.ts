import { api, read } from '../lib/api.ts'
import { useQuestion, type QuestionInput } from './use-question.ts'

const targets = (query: QuestionInput, signal?: AbortSignal) =>
  read(api.targets.$get({ query }, { init: { signal: signal ?? null } }))

export const useTargets = () => useQuestion('targets', targets)

type Targets = Awaited<ReturnType<typeof targets>>
export type TargetRow = Targets['targets'][number]
export type ProviderRow = Targets['providers'][number]

/** Found by a provider and not scraped. */
export interface DroppedRow {
  /** In the URL. */
  id: string
  provider: string
  address: string
  reason: string
  labels: Record<string, string>
}

/** What the providers dropped, as far as they tell. */
export function droppedRows({ providers }: Pick<Targets, 'providers'>): DroppedRow[] {
  return providers.flatMap(({ provider, dropped_targets }) =>
    dropped_targets.map(({ labels, reason }, index) => {
      const address = labels['__address__'] ?? ''
      return { id: `${provider} ${address} ${index}`, provider, address, reason, labels }
    }),
  )
}
