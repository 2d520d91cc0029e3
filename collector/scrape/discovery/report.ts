/** How one provider is. */
import type { Logger } from 'pino'
import type { ProviderState, ProviderType } from '../../../records/discovery.ts'
import type { Found } from './provider.ts'
import type { LabelSet } from './relabel.ts'
import type { DroppedTarget } from './sift.ts'

export type { ProviderState }

/** Labels as they are shown and stored: long values are cut, and what may hold whole manifests is left out. */
const maxShown = 300
const unshown = /last_applied_configuration|managed_fields/

export class ProviderReport {
  readonly #log: Logger
  #state: ProviderState
  #failure = ''
  #limit = ''

  constructor(provider: string, type: ProviderType, log: Logger) {
    this.#log = log
    this.#state = {
      provider,
      type,
      refreshed_at: null,
      found: 0,
      targets: 0,
      dropped: 0,
      refused: 0,
      error: '',
      dropped_targets: [],
    }
  }

  get state(): ProviderState {
    return this.#state
  }

  answered(now: number, { labels, error }: Found): void {
    this.#state = { ...this.#state, refreshed_at: now * 1000, found: labels.length }
    this.#fail(error)
  }

  failed(error: string): void {
    const { found } = this.#state
    this.#fail(found > 0 ? `${error}; what was found before stays` : error)
  }

  sifted(sum: {
    targets: number
    dropped: readonly DroppedTarget[]
    droppedCount: number
    refused: number
    limit: number
  }): void {
    this.#limit =
      sum.refused === 0
        ? ''
        : `${sum.refused === 1 ? '1 target is' : `${sum.refused} targets are`} refused: there are more than ${sum.limit}; narrow the search or raise scrape.discovery.max_targets`
    this.#state = {
      ...this.#state,
      targets: sum.targets,
      dropped: sum.droppedCount,
      refused: sum.refused,
      dropped_targets: sum.dropped.map(({ labels, reason }) => ({ labels: shown(labels), reason: cut(reason) })),
    }
    this.#tell()
  }

  #fail(error: string): void {
    this.#failure = error
    this.#tell()
  }

  /** Logs what is wrong when it changes. */
  #tell(): void {
    const error = [this.#failure, this.#limit].filter((part) => part !== '').join('; ')
    const { provider, error: before } = this.#state
    this.#state = { ...this.#state, error }
    if (error === before) return
    if (error === '') this.#log.info({ provider }, 'discovery: in order again')
    else this.#log.warn({ provider, error }, 'discovery: not everything is found')
  }
}

function shown(labels: LabelSet): Record<string, string> {
  const kept = Object.entries(labels).filter(([name]) => !unshown.test(name) && !name.includes('present_'))
  // A parameter may be a key.
  return Object.fromEntries(kept.map(([name, value]) => [name, name.startsWith('__param_') ? '…' : cut(value)]))
}

const cut = (text: string) => (text.length > maxShown ? `${text.slice(0, maxShown)}…` : text)
