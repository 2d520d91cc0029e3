/** Keeps how the providers are in the table `discovery`. */
import type { Logger } from 'pino'
import type { DiscoveryRow, ProviderState } from '../../../records/discovery.ts'
import type { Db } from '../../../storage/client.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from './provider.ts'

export interface StateStore {
  /** Written when something changed, and once a minute. */
  keep(states: readonly ProviderState[]): void
  /** Waits for what is being written, but not for long. */
  stop(): Promise<void>
}

const everyMs = 60_000
const stopMs = 2_000

interface StateStoreOptions {
  db: Pick<Db, 'insert'>
  clock: Clock
  log: Logger
}

export function createStateStore({ db, clock, log }: StateStoreOptions): StateStore {
  let written = ''
  let writtenAt = -Infinity
  let writing: Promise<void> | null = null
  let latest: readonly ProviderState[] = []
  let cancel: () => void = () => undefined
  let failure = ''

  const write = async () => {
    // While one was being written, newer ones may have come.
    for (
      let body = changeOf(latest);
      body !== written || Math.abs(clock.now() - writtenAt) >= everyMs;
      body = changeOf(latest)
    ) {
      const now = clock.now()
      if (latest.length > 0)
        await db.insert(
          'discovery',
          latest.map((state) => rowOf(state, now)),
        )
      written = body
      writtenAt = now
      failure = ''
    }
  }
  const start = () => {
    writing ??= write()
      .catch((error: unknown) => {
        if (messageOf(error) !== failure) log.warn({ error: messageOf(error) }, 'discovery: state not stored')
        failure = messageOf(error)
      })
      .finally(() => {
        writing = null
        cancel()
        if (latest.length > 0) cancel = clock.after(everyMs, start)
      })
  }
  return {
    keep(states) {
      latest = states
      if (changeOf(latest) !== written) start()
    },
    async stop() {
      latest = []
      cancel()
      await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, stopMs).unref())])
    },
  }
}

/** That it was looked once more is no change. */
function changeOf(states: readonly ProviderState[]): string {
  return JSON.stringify(states.map(({ refreshed_at: _at, ...state }) => state))
}

function rowOf({ dropped_targets, ...state }: ProviderState, now: number): DiscoveryRow {
  return { ...state, timestamp: now * 1000, dropped_targets: JSON.stringify(dropped_targets) }
}
